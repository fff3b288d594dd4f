// Viewers of a signaling channel of Kinesis Video Streams that join, wait for the picture and leave, again
// and again, all at the same time:
//
//   petrel-kvs-viewers CHANNEL VIEWERS JOINS [FRAMES]
//
// Region, endpoint and keys are those of the environment. Prints one line of JSON: joins that failed, and in
// milliseconds where the time to the first frame went, median and 95th percentile.

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/io/kvs_signaling.hpp"
#include "petrel/peer_connection.hpp"

namespace {

using namespace std::chrono_literals;
namespace kvs = petrel::kvs;

// A viewer that has no picture by then has failed.
constexpr auto limit = 20s;

struct Options {
  std::string channel;
  int viewers = 1;
  int joins = 1;
  int frames = 1;
};

// Of one join, in milliseconds.
struct Times {
  double signaling = 0;  // Until the answer: REST calls, WebSocket, offer and answer.
  double ice = 0;
  double dtls = 0;
  double key_frame = 0;  // From there to the first whole frame.
  double all = 0;
};

struct Tally {
  std::vector<Times> times;
  int failed = 0;
  std::string last_failure;
};

double milliseconds(petrel::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

class Viewer {
 public:
  Viewer(petrel::Network& network, const Options& options)
      : network_(network),
        began_(network.now()),
        frames_wanted_(options.frames),
        done_(network.executor(), limit),
        signaling_(network,
                   {.channel = options.channel, .role = kvs::Role::viewer, .create_channel = false}) {
    signaling_.on_event(
        [this](const kvs::Event& event) { std::visit([this](const auto& each) { handle(each); }, event); });
  }

  // What went wrong; empty: nothing.
  asio::awaitable<std::string> watch(Times& times) {
    std::error_code ignored;  // Cancelled: it is done.
    co_await done_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (!failure_.empty()) co_return failure_;
    if (frames_ < frames_wanted_) {
      co_return !peer_ ? "no connection to the service" : !answered_ ? "no answer" : peer_->why();
    }
    const petrel::ConnectionStages stages = peer_->report().stages;
    times = {.signaling = milliseconds(*answered_ - began_),
             .ice = milliseconds(stages.ice_connected.value_or(*answered_) - *answered_),
             .dtls = milliseconds(stages.dtls_connected.value() - stages.ice_connected.value()),
             .key_frame = milliseconds(first_frame_ - stages.dtls_connected.value()),
             .all = milliseconds(first_frame_ - began_)};
    co_return "";
  }

 private:
  void handle(const kvs::Connected&) {
    if (peer_) return;
    petrel::PeerConfig config = signaling_.peer_config();
    config.ice_servers.clear();  // Everybody is on one machine.
    peer_ = std::make_unique<petrel::PeerConnection>(network_, config);
    peer_->on_ice_candidate([this](const petrel::LocalCandidate& each) {
      static_cast<void>(
          signaling_.send_candidate("", {.candidate = each.candidate,
                                         .sdp_mid = each.mid,
                                         .sdp_m_line_index = static_cast<std::uint16_t>(each.media_line)}));
    });
    petrel::Transceiver video =
        peer_
            ->add_transceiver(petrel::Kind::video,
                              {.direction = petrel::Direction::recv_only, .codecs = {petrel::h264()}})
            .value();
    video.receiver().on_frame([this](const std::shared_ptr<const petrel::EncodedFrame>&) {
      if (frames_ == 0) first_frame_ = network_.now();
      if (++frames_ == frames_wanted_) done_.cancel();
    });
    peer_->set_local_description().value();
    if (const auto sent = signaling_.send_offer(peer_->local_description()->sdp); !sent)
      fail("offer: " + sent.error().message());
  }
  void handle(const kvs::Answer& answer) {
    answered_ = network_.now();
    const auto taken = peer_->set_remote_description({petrel::SdpType::answer, answer.sdp});
    if (!taken) fail("answer: " + taken.error().message() + ": " + peer_->error_detail());
  }
  void handle(const kvs::Candidate& event) {
    if (peer_) {
      static_cast<void>(
          peer_->add_ice_candidate(event.candidate.candidate, event.candidate.sdp_mid.value_or("")));
    }
  }
  void handle(const kvs::MessageRefused& event) { fail("refused: " + event.detail); }
  void handle(const kvs::SessionFailed& event) { fail("session: " + event.detail); }
  template <class Other>
  void handle(const Other&) {}

  void fail(std::string why) {
    failure_ = std::move(why);
    done_.cancel();
  }

  petrel::Network& network_;
  petrel::TimePoint began_;
  int frames_wanted_;
  int frames_ = 0;
  petrel::TimePoint first_frame_{};
  std::optional<petrel::TimePoint> answered_;
  std::string failure_;
  asio::steady_timer done_;
  std::unique_ptr<petrel::PeerConnection> peer_;
  kvs::Signaling signaling_;
};

asio::awaitable<void> join_again_and_again(petrel::Network& network, const Options& options, Tally& tally) {
  for (int i = 0; i < options.joins; ++i) {
    Times times;
    std::string failure;
    {
      Viewer viewer(network, options);
      failure = co_await viewer.watch(times);
    }
    if (failure.empty()) {
      tally.times.push_back(times);
    } else {
      ++tally.failed;
      tally.last_failure = failure;
    }
  }
}

void print(const Tally& tally) {
  std::printf("{\"joined\":%zu,\"failed\":%d", tally.times.size(), tally.failed);
  const auto part = [&](const char* name, double Times::* member) {
    std::vector<double> all;
    for (const Times& each : tally.times) all.push_back(each.*member);
    std::ranges::sort(all);
    if (all.empty()) return;
    const auto at = [&](std::size_t percent) {
      return all[std::min(all.size() - 1, all.size() * percent / 100)];
    };
    std::printf(",\"%s_ms\":{\"p50\":%.1f,\"p95\":%.1f,\"max\":%.1f}", name, at(50), at(95), all.back());
  };
  part("signaling", &Times::signaling);
  part("ice", &Times::ice);
  part("dtls", &Times::dtls);
  part("key_frame", &Times::key_frame);
  part("first_frame", &Times::all);
  std::printf("}\n");
  if (tally.failed > 0) std::fprintf(stderr, "the last that failed: %s\n", tally.last_failure.c_str());
}

bool read(const char* text, int& number) {
  const std::string_view digits = text;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size() && number > 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const bool understood = argc >= 4 && argc <= 5 && read(argv[2], options.viewers) &&
                          read(argv[3], options.joins) && (argc < 5 || read(argv[4], options.frames));
  if (!understood) {
    std::fprintf(stderr, "usage: petrel-kvs-viewers CHANNEL VIEWERS JOINS [FRAMES]\n");
    return 2;
  }
  options.channel = argv[1];
  try {
    asio::io_context io(1);
    petrel::Network network(io.get_executor(), {.include_loopback = true});
    Tally tally;
    int running = options.viewers;
    for (int i = 0; i < options.viewers; ++i) {
      asio::co_spawn(io, join_again_and_again(network, options, tally), [&](const std::exception_ptr& error) {
        if (error) std::rethrow_exception(error);
        if (--running == 0) io.stop();
      });
    }
    io.run();
    print(tally);
    return tally.failed == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "petrel-kvs-viewers: %s\n", error.what());
    return 1;
  }
}

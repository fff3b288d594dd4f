// petrel-whep-viewers: watches a WHEP server with any number of viewers at once, without a browser.
//
//   petrel-whep-viewers URL [VIEWERS [FRAMES]]      e.g. petrel-whep-viewers
//   http://127.0.0.1:8080/whep?token=x 10 60
//
// When every viewer has its frames, and the first of them a picture, it prints a line of JSON; it watches on
// until its input ends. After half a minute without that it says what is the matter with each and ends
// with 1.

#include <asio/co_spawn.hpp>
#include <asio/connect.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string>

#include "examples/decoder.hpp"
#include "petrel/http/response_parser.hpp"
#include "petrel/http/url.hpp"
#include "petrel/peer_connection.hpp"

namespace {

using std::chrono::milliseconds;

constexpr auto patience = std::chrono::seconds(30);

struct Viewer {
  petrel::PeerConnection peer;
  petrel::TimePoint started;
  std::optional<petrel::TimePoint> first_frame;
  std::size_t frames = 0;
};

class Audience {
 public:
  Audience(asio::io_context& io, std::string url, std::size_t viewers, std::size_t frames, const char* file)
      : io_(io),
        network_(io.get_executor()),
        url_(std::move(url)),
        wanted_(viewers),
        frames_(frames),
        file_(file != nullptr ? std::fopen(file, "wb") : nullptr) {}

  void start() {
    for (std::size_t each = 0; each < wanted_; ++each) {
      asio::co_spawn(io_, watch(), [this](const std::exception_ptr& error) {
        try {
          if (error) std::rethrow_exception(error);
        } catch (const std::exception& wrong) {
          std::fprintf(stderr, "petrel-whep-viewers: %s\n", wrong.what());
          give_up();
        }
      });
    }
    limit_.expires_after(patience);
    limit_.async_wait([this](std::error_code error) {
      if (error) return;
      for (const Viewer& viewer : viewers_)
        std::fprintf(stderr, "%zu frames: %s\n", viewer.frames, viewer.peer.why().c_str());
      give_up();
    });
  }

  int exit_code() const { return exit_code_; }

 private:
  void give_up() {
    exit_code_ = 1;
    io_.stop();
  }

  asio::awaitable<void> watch() {
    petrel::PeerConfig config;
    config.video_codecs = {petrel::h264()};
    Viewer& viewer = viewers_.emplace_back(
        Viewer{petrel::PeerConnection(network_, std::move(config)), network_.now(), std::nullopt, 0});
    auto video =
        viewer.peer.add_transceiver(petrel::Kind::video, {.direction = petrel::Direction::recv_only}).value();
    video.receiver().on_frame([this, &viewer](const auto& frame) { take(viewer, *frame); });
    viewer.peer.set_local_description().value();
    auto gathering = viewer.peer.gathered_description();
    const petrel::SessionDescription offer = co_await std::move(gathering);
    petrel::http::Response response;
    // Right after its start a camera has no picture yet, and asks us to come again.
    do {
      auto posting = post(offer.sdp);
      response = co_await std::move(posting);
    } while (response.status == petrel::http::Status::service_unavailable);
    if (response.status != petrel::http::Status::created)
      throw std::runtime_error("the server refused: " + response.body);
    const petrel::SessionDescription answer{petrel::SdpType::answer, response.body};
    if (const auto set = viewer.peer.set_remote_description(answer); !set)
      throw std::runtime_error("the answer: " + set.error().message() + ": " + viewer.peer.error_detail());
  }

  asio::awaitable<petrel::http::Response> post(const std::string& sdp) {
    const auto url = petrel::http::parse_url(url_);
    if (!url) throw std::runtime_error(url_ + ": " + url.error().message());
    asio::ip::tcp::resolver resolver(io_);
    auto resolving = resolver.async_resolve(url->host, std::to_string(url->port), asio::use_awaitable);
    const auto addresses = co_await std::move(resolving);
    asio::ip::tcp::socket socket(io_);
    auto connecting = asio::async_connect(socket, addresses, asio::use_awaitable);
    co_await std::move(connecting);
    const std::string request =
        "POST " + url->path + " HTTP/1.1\r\nHost: " + url->authority() + authorization(*url) +
        "\r\nContent-Type: application/sdp\r\nContent-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" +
        sdp;
    auto writing = asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    co_await std::move(writing);

    petrel::http::ResponseParser parser;
    std::array<std::byte, 4096> bytes{};
    while (!parser.complete()) {
      auto reading = socket.async_read_some(asio::buffer(bytes), asio::use_awaitable);
      const std::size_t size = co_await std::move(reading);
      parser.feed(petrel::Bytes(bytes.data(), size));
      if (parser.fault())
        throw std::runtime_error("the server's response: " + std::string(parser.fault()->reason));
    }
    co_return *parser.take();
  }

  // A token in the address is for GET only; a POST brings it as a header.
  static std::string authorization(const petrel::http::Url& url) {
    constexpr std::string_view token = "token=";
    return url.query.starts_with(token) ? "\r\nAuthorization: Bearer " + url.query.substr(token.size()) : "";
  }

  void take(Viewer& viewer, const petrel::EncodedFrame& frame) {
    ++viewer.frames;
    if (&viewer == &viewers_.front() && file_ && !told_) {
      std::fwrite(frame.bytes().data(), 1, frame.bytes().size(), file_);
    }
    if (!viewer.first_frame) viewer.first_frame = network_.now();
    if (!picture_ && &viewer == &viewers_.front()) picture_ = decoder_.decode(frame.bytes());
    if (told_ || !picture_ || viewers_.size() < wanted_) return;
    for (const Viewer& each : viewers_) {
      if (each.frames < frames_) return;
    }
    told_ = true;
    limit_.cancel();
    if (file_) std::fflush(file_);
    tell();
    wait_for_end();
  }

  void tell() {
    petrel::Duration longest{};
    for (const Viewer& each : viewers_) longest = std::max(longest, *each.first_frame - each.started);
    const auto all_luma = picture_->y();
    const auto [darkest, brightest] = std::ranges::minmax_element(all_luma);
    std::printf(
        R"({"viewers": %zu, "frames_each": %zu, "width": %d, "height": %d, "darkest": %d, "brightest": %d, )"
        R"("longest_to_first_frame_ms": %lld})"
        "\n",
        viewers_.size(), frames_, picture_->width(), picture_->height(), *darkest, *brightest,
        static_cast<long long>(std::chrono::duration_cast<milliseconds>(longest).count()));
    std::fflush(stdout);
  }

  void wait_for_end() {
    input_.async_read_some(asio::buffer(&unread_, 1), [this](std::error_code error, std::size_t) {
      if (!error) return wait_for_end();
      for (Viewer& viewer : viewers_) viewer.peer.close();
      io_.stop();
    });
  }

  asio::io_context& io_;
  petrel::Network network_;
  std::string url_;
  std::size_t wanted_;
  std::size_t frames_;
  std::FILE* file_;  // Until the program ends.
  std::deque<Viewer> viewers_;
  camera::testing::Decoder decoder_;
  std::optional<camera::Picture> picture_;
  bool told_ = false;
  char unread_ = 0;
  asio::steady_timer limit_{io_};
  asio::posix::stream_descriptor input_{io_, 0};
  int exit_code_ = 0;
};

std::size_t number(const char* text) { return std::strtoul(text, nullptr, 10); }

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 5) {
    std::fputs("usage: petrel-whep-viewers URL [VIEWERS [FRAMES [FILE]]]\n", stderr);
    return 2;
  }
  asio::io_context io(1);
  Audience audience(io, argv[1], argc > 2 ? number(argv[2]) : 1, argc > 3 ? number(argv[3]) : 30,
                    argc > 4 ? argv[4] : nullptr);
  audience.start();
  io.run();
  return audience.exit_code();
}

// Plays a WHEP address with petrel's own client: petrel-whep-player URL FRAMES. Prints what it got as JSON.

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "petrel/io/whip_call.hpp"

namespace {

using namespace petrel;

struct Outcome {
  std::size_t frames = 0;
  std::size_t key_frames = 0;
  std::size_t bytes = 0;
  std::string error;
};

int play(const std::string& url, std::size_t wanted) {
  asio::io_context io(1);
  Network network(io.get_executor(), {.include_loopback = true});
  Outcome outcome;
  std::optional<whip::Call> call;
  call.emplace(network, whip::SessionConfig{.url = url}, [&](PeerConnection& peer) {
    auto video =
        peer.add_transceiver(Kind::video, {.direction = Direction::recv_only, .codecs = {h264()}}).value();
    video.receiver().on_frame([&](const std::shared_ptr<const EncodedFrame>& frame) {
      if (frame->key_frame()) ++outcome.key_frames;
      outcome.bytes += frame->bytes().size();
      if (++outcome.frames == wanted) call->close();
    });
  });
  call->on_event([&](const whip::CallEvent& event) {
    if (const auto* failed = std::get_if<whip::Failed>(&event)) {
      outcome.error = failed->detail;
      call->close();
    } else if (const auto* interrupted = std::get_if<whip::Interrupted>(&event)) {
      outcome.error = interrupted->detail;
    } else if (std::holds_alternative<whip::Closed>(event)) {
      io.stop();
    }
  });
  asio::steady_timer limit(io, std::chrono::seconds(30));
  limit.async_wait([&](std::error_code error) {
    if (error) return;
    if (outcome.error.empty()) outcome.error = call->peer() == nullptr ? "no session" : call->peer()->why();
    call->close();
  });
  io.run();
  for (char& c : outcome.error) {
    if (c == '"' || c == '\\' || c < ' ') c = '\'';
  }
  std::printf("{\"frames\": %zu, \"key_frames\": %zu, \"bytes\": %zu, \"error\": \"%s\"}\n", outcome.frames,
              outcome.key_frames, outcome.bytes, outcome.error.c_str());
  return outcome.frames >= wanted ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("petrel-whep-player URL FRAMES\n", stderr);
    return 2;
  }
  try {
    return play(argv[1], std::strtoul(argv[2], nullptr, 10));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "petrel-whep-player: %s\n", error.what());
    return 2;
  }
}

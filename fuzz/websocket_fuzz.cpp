#include "petrel/web/websocket.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "support/seeded_random.hpp"

namespace {

constexpr std::size_t first_end = 3;  // WebSocketClosed, and WebSocketFailed behind it.

struct Outcome {
  std::vector<std::size_t> kinds;
  std::size_t bytes = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(petrel::Bytes stream, std::size_t step, petrel::web::WebSocketRole role) {
  petrel::testing::SeededRandom random(1);
  petrel::web::WebSocket socket(role, random, 1000);
  Outcome outcome;
  bool ended = false;
  while (!stream.empty()) {
    const std::size_t size = std::min(step, stream.size());
    socket.handle_bytes(stream.first(size));
    stream = stream.subspan(size);
  }
  while (const auto event = socket.poll_event()) {
    if (event->index() >= first_end) {
      ended = true;
      continue;
    }
    if (ended) std::abort();
    outcome.kinds.push_back(event->index());
    if (const auto* text = std::get_if<petrel::web::WebSocketText>(&*event))
      outcome.bytes += text->text.size();
  }
  while (socket.poll_bytes()) {
  }
  return outcome;
}

}  // namespace

// Properties: how the stream is cut does not matter to the messages, and nothing comes behind the end. (When
// the end is noticed does depend on it: wslay looks at the text of a close frame as it comes, a whole piece
// at a time.)
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto role =
      data[0] % 2 == 0 ? petrel::web::WebSocketRole::client : petrel::web::WebSocketRole::server;
  const petrel::Bytes stream = std::as_bytes(std::span(data + 1, size - 1));
  const Outcome whole = run(stream, stream.size(), role);
  if (!(whole == run(stream, 1, role))) std::abort();
  if (!(whole == run(stream, 7, role))) std::abort();
  return 0;
}

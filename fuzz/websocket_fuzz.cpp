#include "petrel/web/websocket.hpp"

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "support/seeded_random.hpp"

namespace {

struct Outcome {
  std::vector<std::size_t> kinds;
  std::size_t bytes = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(petrel::Bytes stream, std::size_t step, petrel::web::WebSocketRole role) {
  petrel::testing::SeededRandom random(1);
  petrel::web::WebSocket socket(role, random, 1000);
  Outcome outcome;
  while (!stream.empty()) {
    const std::size_t size = std::min(step, stream.size());
    socket.handle_bytes(stream.first(size));
    stream = stream.subspan(size);
  }
  while (const auto event = socket.poll_event()) {
    outcome.kinds.push_back(event->index());
    if (const auto* text = std::get_if<petrel::web::WebSocketText>(&*event))
      outcome.bytes += text->text.size();
  }
  while (socket.poll_bytes()) {
  }
  return outcome;
}

}  // namespace

// Properties: how the stream is cut does not matter, and nothing comes behind the end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto role =
      data[0] % 2 == 0 ? petrel::web::WebSocketRole::client : petrel::web::WebSocketRole::server;
  const petrel::Bytes stream = std::as_bytes(std::span(data + 1, size - 1));
  const Outcome whole = run(stream, stream.size(), role);
  if (!(whole == run(stream, 1, role))) std::abort();
  if (!(whole == run(stream, 7, role))) std::abort();
  for (std::size_t i = 0; i + 1 < whole.kinds.size(); ++i) {
    if (whole.kinds[i] >= 3) std::abort();  // WebSocketClosed and WebSocketFailed.
  }
  return 0;
}

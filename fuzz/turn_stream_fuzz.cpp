#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/channel_data.hpp"
#include "petrel/turn/stream_deframer.hpp"

namespace {

using namespace petrel;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<std::byte> messages;  // One behind the other, each with its padding taken off.
  bool broken = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void take(turn::StreamDeframer& deframer, Outcome& outcome) {
  while (const auto message = deframer.next()) {
    require(turn::begins_channel_data((*message)[0]) ? turn::ChannelDataView::parse(*message).has_value()
                                                     : stun::looks_like_stun(*message));
    outcome.messages.insert(outcome.messages.end(), message->begin(), message->end());
  }
  outcome.broken = deframer.broken();
}

}  // namespace

// Property: whatever comes out is a whole message, and what comes out does not depend on how the
// stream was cut. The first byte of the input says how.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  const std::size_t step = input.u8() % 16 + std::size_t{1};
  const Bytes stream = input.rest();

  Outcome whole;
  turn::StreamDeframer at_once;
  at_once.feed(stream);
  take(at_once, whole);
  require(whole.messages.size() + at_once.buffered() <= stream.size());

  Outcome cut;
  turn::StreamDeframer in_parts;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    in_parts.feed(stream.subspan(at, std::min(step, stream.size() - at)));
    take(in_parts, cut);
  }
  require(whole == cut);
  return 0;
}

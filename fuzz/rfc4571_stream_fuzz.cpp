#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "ice/framing.hpp"
#include "petrel/base/bytes.hpp"

namespace {

using namespace petrel;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<std::byte> frames;  // One behind the other, framed again.
  std::uint64_t oversized = 0;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

void take(ice::Deframer& deframer, Bytes input, Outcome& outcome) {
  while (const auto frame = deframer.next(input)) {
    require(!frame->empty() && frame->size() <= ice::max_frame_bytes);
    const PacketBuffer again = ice::to_frame(PacketBuffer::copy_of(*frame).value());
    outcome.frames.insert(outcome.frames.end(), again.bytes().begin(), again.bytes().end());
  }
  require(input.empty());
  require(deframer.buffered() < ice::frame_header_bytes + ice::max_frame_bytes);
  outcome.oversized += deframer.take_oversized();
}

}  // namespace

// Property: whatever comes out is a whole frame, what is held back is less than one, and what
// comes out does not depend on how the stream was cut. The first byte of the input says how.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  const std::size_t step = input.u8() % 16 + std::size_t{1};
  const Bytes stream = input.rest();

  Outcome whole;
  ice::Deframer at_once;
  take(at_once, stream, whole);
  require(whole.frames.size() + at_once.buffered() <= stream.size());

  Outcome cut;
  ice::Deframer in_parts;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    take(in_parts, stream.subspan(at, std::min(step, stream.size() - at)), cut);
  }
  require(whole == cut && at_once.buffered() == in_parts.buffered());
  return 0;
}

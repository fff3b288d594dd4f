#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "camera/audio/talkers.hpp"

// The input is steps: a byte for whose packet it is, one for how many milliseconds pass before it (a block is
// taken for each twenty), two for the size, and so many bytes of RTP.
//
// Properties: each packet of RTP is counted once; what is kept has a bound; whoever says no more falls
// silent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace std::chrono_literals;
  using namespace camera::audio;
  petrel::ByteReader input(std::as_bytes(std::span(data, size)));
  Talkers talkers;
  petrel::TimePoint now{1h};
  petrel::TimePoint next_block = now;
  Block block;
  while (input.remaining() > 0) {
    const TalkerId talker = input.u8() % (Talkers::max_talkers + 2);
    now += input.u8() * 1ms;
    for (; next_block <= now; next_block += block_duration) talkers.mix(next_block, block);
    const std::uint16_t length = input.u16();
    const petrel::Bytes packet = input.bytes(std::min<std::size_t>(length, input.remaining()));
    if (packet.empty()) {
      talkers.handle_gone(talker);
    } else {
      talkers.handle_packet(now, talker, packet);
    }
    if (const PlayoutStats* stats = talkers.stats(talker)) {
      const std::uint64_t done = stats->played + stats->late + stats->duplicate + stats->malformed +
                                 stats->overflowed + stats->abandoned;
      if (done > stats->packets || stats->packets - done > PlayoutBuffer::max_packets) std::abort();
    }
  }
  // The most that can wait, then what is made up, and the longest delay.
  for (int blocks = 0; talkers.anybody_talks(); ++blocks) {
    if (blocks > 100 * 6 + 100) std::abort();
    talkers.mix(next_block, block);
    next_block += block_duration;
  }
  talkers.mix(next_block, block);
  if (std::ranges::any_of(block, [](std::int16_t sample) { return sample != 0; })) std::abort();
  return 0;
}

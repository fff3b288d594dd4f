#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "camera/live_stream.hpp"
#include "shared/user_error.hpp"

// The input is pieces of a stream: a byte for how long it takes until the piece comes, two for its size, and
// so many bytes.
//
// Properties: what comes first is a key frame with its SPS; time stands still or goes on; silence is waited
// for only while something has come, and always ends.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using std::chrono::milliseconds;
  petrel::ByteReader input(std::as_bytes(std::span(data, size)));
  camera::LiveStream stream("fuzz");
  petrel::TimePoint now(std::chrono::seconds(1));
  bool has_begun = false;
  petrel::Duration last{};
  const auto drain = [&] {
    while (const auto unit = stream.next()) {
      if (!has_begun && (!unit->key_frame || !stream.parameters() || unit->capture_offset != last))
        std::abort();
      if (unit->annex_b.empty() || unit->capture_offset < last || unit->captured > now) std::abort();
      has_begun = true;
      last = unit->capture_offset;
    }
  };
  try {
    while (input.remaining() > 0) {
      const petrel::TimePoint until = now + milliseconds(input.u8());
      const std::uint16_t length = input.u16();
      while (const auto due = stream.next_timeout()) {
        if (*due > until) break;
        now = *due;
        stream.handle_timeout(now);
        if (stream.next_timeout()) std::abort();
        drain();
      }
      now = until;
      stream.push(now, input.bytes(std::min<std::size_t>(length, input.remaining())));
      drain();
    }
    stream.finish();
    drain();
  } catch (const shared::UserError&) {
    return 0;  // It says that it cannot be sent.
  }
  return 0;
}

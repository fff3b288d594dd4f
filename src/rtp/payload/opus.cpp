#include "petrel/rtp/payload/opus.hpp"

#include "petrel/rtp/errc.hpp"

namespace petrel::inline v0::rtp::opus {
namespace {

constexpr Duration ms = std::chrono::milliseconds(1);

/// RFC 6716 3.1, table 2: 32 configurations, of which the low bits are the duration.
Duration frame_duration(unsigned configuration) {
  if (configuration >= 16) return (ms * 5 / 2) * (1 << (configuration & 3));  // CELT: 2.5, 5, 10, 20
  if (configuration >= 12) return 10 * ms * (1 << (configuration & 1));       // Hybrid: 10, 20
  const unsigned step = configuration & 3;                                    // SILK: 10, 20, 40, 60
  return step == 3 ? 60 * ms : 10 * ms * (1 << step);
}

}  // namespace

Result<Shape> parse_shape(Bytes packet) {
  ByteReader reader(packet);
  const unsigned toc = reader.u8();
  if (!reader.ok()) return Errc::empty_payload;

  Shape shape;
  shape.stereo = (toc & 4) != 0;
  shape.frame_duration = frame_duration(toc >> 3);
  switch (toc & 3) {
    case 0:
      shape.frames = 1;
      break;
    case 1:
    case 2:
      shape.frames = 2;
      break;
    default:
      shape.frames = reader.u8() & 0x3f;  // RFC 6716 3.2.5
      if (!reader.ok()) return Errc::truncated;
      break;
  }
  if (shape.frames == 0 || shape.duration() > longest_packet) return Errc::malformed_payload;
  return shape;
}

}  // namespace petrel::inline v0::rtp::opus

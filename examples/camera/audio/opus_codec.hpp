#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "camera/audio/sound.hpp"
#include "petrel/base/bytes.hpp"

struct OpusEncoder;
struct OpusDecoder;

namespace camera::audio {

struct OpusSettings {
  std::uint32_t bits_per_second = 32'000;
  bool discontinuous = false;  ///< DTX: nothing is sent while there is silence.
};

/// Makes Opus packets (RFC 6716) of 20 ms, with what repairs the one before (in-band FEC, RFC 6716 2.1.7).
class SoundEncoder {
 public:
  static constexpr std::uint32_t min_bits_per_second = 8'000;
  static constexpr std::uint32_t max_bits_per_second = 256'000;

  /// Throws std::runtime_error if libopus has no memory.
  explicit SoundEncoder(const OpusSettings& settings);

  /// Empty: nothing is to be sent for this block (DTX).
  std::vector<std::byte> encode(const Block& block);

 private:
  struct Destroy {
    void operator()(OpusEncoder* encoder) const;
  };
  std::unique_ptr<OpusEncoder, Destroy> encoder_;
};

/// Makes sound of the packets of one stream.
class SoundDecoder {
 public:
  static constexpr std::size_t max_samples = 5760;  ///< 120 ms, RFC 6716 3.2.5.

  SoundDecoder();

  /// What the packet holds. A broken one is concealed. The span holds until the next call.
  std::span<const std::int16_t> decode(petrel::Bytes packet);
  /// What the packet before this one held, as far as this one repeats it. `samples` are missing, in multiples
  /// of 120 (2.5 ms).
  std::span<const std::int16_t> decode_lost_before(petrel::Bytes packet, std::size_t samples);
  /// Something that sounds like what came before.
  std::span<const std::int16_t> conceal(std::size_t samples);

 private:
  std::span<const std::int16_t> decode(petrel::Bytes packet, std::size_t samples, bool lost_before);

  struct Destroy {
    void operator()(OpusDecoder* decoder) const;
  };
  std::unique_ptr<OpusDecoder, Destroy> decoder_;
  std::vector<std::int16_t> samples_;
};

}  // namespace camera::audio

#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "camera/audio/opus_codec.hpp"
#include "camera/audio/playout_buffer.hpp"
#include "camera/audio/sound.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace camera::audio {

/// Whose voice it is: a viewer's number.
using TalkerId = std::uint64_t;

/// Everybody who talks to the camera, mixed into one sound. Knows time only by being told.
class Talkers {
 public:
  // Two may well talk at once; of a crowd nobody is understood, and each costs a decoder's work.
  static constexpr std::size_t max_talkers = 8;

  /// An RTP packet of Opus. Those of a ninth talker are dropped until one of the others has left.
  void handle_packet(petrel::TimePoint now, TalkerId talker, petrel::Bytes rtp_packet);
  void handle_gone(TalkerId talker) { talkers_.erase(talker); }

  /// The next 20 ms of all together.
  void mix(petrel::TimePoint now, Block& block);
  /// Something will be heard without another packet.
  bool anybody_talks() const;

  const PlayoutStats* stats(TalkerId talker) const;
  std::uint64_t refused_packets() const { return refused_packets_; }

 private:
  struct Talker {
    petrel::rtp::Ssrc ssrc{};
    PlayoutBuffer buffer;
    SoundDecoder decoder;
    std::vector<std::int16_t> decoded;  ///< Beyond the last block.
  };

  static void decode_until_full(petrel::TimePoint now, Talker& talker);

  std::map<TalkerId, Talker> talkers_;
  std::uint64_t refused_packets_ = 0;
};

}  // namespace camera::audio

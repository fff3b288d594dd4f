#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "camera/audio/sound.hpp"
#include "petrel/base/bytes.hpp"

namespace camera::audio {

/// Where the packets of one talker went.
struct PlayoutStats {
  std::uint64_t packets = 0;     ///< That arrived.
  std::uint64_t played = 0;      ///< Packets.
  std::uint64_t late = 0;        ///< Packets whose turn was over.
  std::uint64_t duplicate = 0;   ///< Packets that were there already.
  std::uint64_t malformed = 0;   ///< Packets that are no Opus.
  std::uint64_t overflowed = 0;  ///< Packets that found no room: the oldest go.
  std::uint64_t abandoned = 0;   ///< Packets of a time line that was broken off.
  std::uint64_t repaired = 0;    ///< Gaps filled by what the next packet repeats.
  std::uint64_t concealed = 0;   ///< Blocks made up.
  std::uint64_t hurried = 0;     ///< Packets played unheard, to be less behind.
};

/// Puts the Opus packets of one talker into order, and evens out what the network does to their pace.
///
/// Knows time only by being told. Packets wait for `target()`: what jitter has been seen, and a packet's
/// length. A packet that is missing is repaired by the next one if that is there, and made up if not. The
/// sound is stretched where packets have too little time, and when nothing is there at all: whatever comes
/// then is played with so much more delay. After `max_stretch` without anything it is taken for the end of
/// the talk. More delay than wanted is played away by leaving out a packet.
class PlayoutBuffer {
 public:
  static constexpr petrel::Duration min_target = std::chrono::milliseconds(40);
  static constexpr petrel::Duration first_target = std::chrono::milliseconds(60);
  // Beyond this a talk becomes hard, and a gap is the lesser evil.
  static constexpr petrel::Duration max_target = std::chrono::milliseconds(200);
  // Concealment fades within this; libopus does not go on for longer either.
  static constexpr petrel::Duration max_stretch = std::chrono::milliseconds(100);
  // Two seconds of usual packets. A talker that sends faster than it talks loses the oldest.
  static constexpr std::size_t max_packets = 100;

  /// What is to be heard next.
  struct Piece {
    enum class Kind : std::uint8_t {
      silence,  ///< Nobody talks. Nothing else is said.
      packet,   ///< Decode `packet`.
      repair,   ///< What `packet` repeats of the `samples` before it.
      conceal,  ///< Make `samples` up.
    };
    Kind kind = Kind::silence;
    std::vector<std::byte> packet;
    std::size_t samples = 0;
    bool unheard = false;  ///< Decode it, and throw it away.
  };

  /// A packet of the talker, as it has arrived.
  void handle_packet(petrel::TimePoint now, std::uint32_t timestamp, petrel::Bytes payload);
  /// The next piece, asked for when what came before has been played.
  Piece take(petrel::TimePoint now);

  /// Something will be heard without another packet.
  bool is_talking() const { return playing_ || !packets_.empty(); }
  petrel::Duration target() const;
  const PlayoutStats& stats() const { return stats_; }

 private:
  using Samples = std::int64_t;  ///< On the talker's time line, without a wrap.
  struct Packet {
    std::vector<std::byte> payload;
    Samples duration = 0;
    petrel::TimePoint arrival{};
  };

  Samples unwrap(std::uint32_t timestamp);
  void measure(petrel::TimePoint now, Samples at);
  void start_over();
  Piece play(petrel::TimePoint now);
  Piece bridge(Samples gap);
  Piece stretch();
  petrel::Duration delay_of(petrel::TimePoint now, Samples at) const;
  bool hurries(petrel::TimePoint now, Samples at);

  std::map<Samples, Packet> packets_;
  std::optional<Samples> newest_;  ///< Of the packets that have arrived.
  bool playing_ = false;
  Samples next_ = 0;       ///< What is to be played next.
  Samples stretched_ = 0;  ///< Made up without moving `next_`.

  // How long packets were on their way, but for a constant, in this stretch of time and in the one before it.
  struct Window {
    petrel::Duration quickest{};
    petrel::Duration slowest{};
  };
  Window both() const;

  std::optional<Window> now_;
  std::optional<Window> before_;
  petrel::TimePoint window_ends_{};
  std::optional<petrel::TimePoint> behind_since_;
  PlayoutStats stats_;
};

}  // namespace camera::audio

#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "petrel/base/bytes.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/frame.hpp"
#include "petrel/rtp/payload/format.hpp"
#include "petrel/rtp/stream/sequence_validator.hpp"

namespace petrel::inline v0::rtp {

/// A packet of one stream on its way into frames.
struct MediaPacket {
  ExtendedSequence sequence = 0;
  std::uint32_t timestamp = 0;
  bool marker = false;
  PayloadFormat format = PayloadFormat::raw;
  Bytes
      payload;  ///< Borrowed for the call. Empty for padding, which takes a place in the order all the same.
};

/// Why packets and frames went no further than here.
struct JitterDrops {
  std::uint64_t duplicate = 0;
  std::uint64_t late = 0;
  std::uint64_t bad_payload = 0;
  std::uint64_t before_key_frame = 0;
  std::uint64_t incomplete = 0;
};

/// Puts the packets of one stream into order and makes frames of them.
///
/// The session depends on this much; what waits how long, and whether playout is paced to the jitter, is
/// the business of who implements it.
class JitterBuffer {
 public:
  virtual ~JitterBuffer() = default;

  virtual void handle_packet(TimePoint now, const MediaPacket& packet) = 0;
  virtual void handle_timeout(TimePoint now) = 0;
  virtual std::optional<TimePoint> next_timeout() const = 0;
  /// The next frame in order; nullptr if there is none yet.
  virtual std::shared_ptr<const EncodedFrame> poll_frame() = 0;

  /// How long a missing packet is worth waiting for.
  virtual void set_patience(Duration patience) = 0;
  /// Frames up to the next key frame are of no use to the application: it did not get those before.
  virtual void require_key_frame() = 0;
  /// The sender started over.
  virtual void reset() = 0;

  /// Nothing comes out until a key frame comes in, and none has begun to.
  virtual bool needs_key_frame() const = 0;
  /// Packets before this one are of no use any more.
  virtual ExtendedSequence wanted_from() const = 0;
  /// How often the order was broken by a packet that never came.
  virtual std::uint64_t gaps_skipped() const = 0;
  virtual const JitterDrops& dropped() const = 0;
};

}  // namespace petrel::inline v0::rtp

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/log.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/frame.hpp"
#include "petrel/rtp/stream/media_config.hpp"
#include "petrel/rtp/stream/stats.hpp"

namespace petrel::inline v0::rtp {

struct SessionConfig {
  std::string cname;                   ///< RFC 7022 4.2: random and of this peer only. Empty: one is made up.
  ClockMapping clock;                  ///< One for all streams of a peer, so that lip-sync holds.
  std::size_t max_packet_size = 1200;  ///< Of a plaintext RTP or RTCP packet, headers included.
  Logger log;
};

/// A packet to send, plaintext unless its kind says otherwise.
struct Outgoing {
  enum class Kind : std::uint8_t {
    rtp,             ///< Protect with SRTP.
    rtcp,            ///< Protect with SRTCP.
    protected_copy,  ///< Ciphertext kept before: send exactly these bytes.
  };
  Kind kind = Kind::rtp;
  PacketBuffer packet;
  /// Set where RTX was not agreed but NACK was: hand the ciphertext back with
  /// keep_protected(), since the same packet must not be protected twice.
  std::optional<ProtectedToken> keep;
};

/// A whole frame, decodable: every frame it depends on was delivered before it.
struct FrameReceived {
  MediaId media;
  Ssrc ssrc;
  std::shared_ptr<const EncodedFrame> frame;
};
/// One packet as it came, in arrival order; only where MediaConfig::deliver_packets asks for it.
struct PacketReceived {
  MediaId media;
  Ssrc ssrc;
  std::shared_ptr<const std::vector<std::byte>> packet;  ///< Plaintext RTP, header included.
};
/// The peer cannot go on without a key frame, or we dropped what it would have needed.
struct KeyFrameRequested {
  MediaId media;
};
struct StreamStarted {
  MediaId media;
  Ssrc ssrc;
};
/// The peer said BYE, or the stream was replaced.
struct StreamEnded {
  MediaId media;
  Ssrc ssrc;
};
/// What the path seems to carry, over all streams sent: REMB, and a minimal estimate from loss reports.
struct TargetBitrate {
  std::uint64_t bits_per_second = 0;
};

/// RTP and RTCP of one transport: RFC 3550, 4585 and 5104 feedback, 4588 retransmission.
///
/// Plaintext goes in and out; SRTP stands between this and the wire, and is the
/// owner's. Routes by mid, then SSRC, then payload type; cuts frames into packets
/// and puts packets together again; repairs loss by NACK; asks for key frames; and
/// reports. It does not encode, decode, or adapt playout to the jitter.
///
/// A frame that comes out is whole, and for video everything it depends on came out
/// before it: after a loss that could not be repaired the next video frame is a key
/// frame. Frames that are not fetched are dropped from the oldest on, by the same rule.
///
/// The random source is borrowed and outlives the session.
class PETREL_API Session {
 public:
  using Event = std::variant<std::monostate, FrameReceived, PacketReceived, KeyFrameRequested, StreamStarted,
                             StreamEnded, TargetBitrate>;

  Session(TimePoint now, SessionConfig config, RandomSource& random);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// One m-line. Errc::limit_reached beyond `max_medias`, Errc::invalid_argument for a
  /// payload type or extension id out of range.
  Result<MediaId> add_media(TimePoint now, MediaConfig config);
  /// A renegotiation: streams that persist keep their numbers, history and statistics.
  Result<void> update_media(TimePoint now, MediaId media, MediaConfig config);
  /// Says BYE for what was sent. What was received and not yet fetched stays fetchable.
  void remove_media(TimePoint now, MediaId media);

  /// The SSRCs we send from, for a=ssrc and FID lines; nullopt before there is something to send.
  std::optional<Ssrc> local_ssrc(MediaId media) const;
  std::optional<Ssrc> local_rtx_ssrc(MediaId media) const;

  /// Cuts a frame into packets and queues them. The slices are cut once per frame and shared by every
  /// session that sends it.
  ///
  /// Errc::not_sending where the direction or the negotiation does not allow it, Errc::needs_key_frame
  /// while everything sent would hang on a frame that never left (a KeyFrameRequested event says so too),
  /// Errc::queue_full if it does not fit, Errc::unpacketizable if the format cannot carry it.
  Result<void> send_frame(TimePoint now, MediaId media, std::shared_ptr<const EncodedFrame> frame);

  /// Raw RTP in: `packet` is a whole RTP packet, of which payload type, marker, timestamp and payload
  /// are used; sequence number, SSRC and extensions are this session's.
  Result<void> send_packet(TimePoint now, MediaId media, Bytes packet);

  void handle_rtp(TimePoint now, Bytes packet);
  void handle_rtcp(TimePoint now, Bytes packet);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  /// PLI, or FIR where only that was agreed; repeated until a key frame arrives, and rate-limited.
  void request_key_frame(TimePoint now, MediaId media);

  std::optional<Outgoing> poll_packet();
  std::optional<Event> poll_event();

  /// The ciphertext of an Outgoing that carried `token`. A NACK for it resends exactly these bytes.
  void keep_protected(TimePoint now, ProtectedToken token, Bytes ciphertext);

  SessionStats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace petrel::inline v0::rtp

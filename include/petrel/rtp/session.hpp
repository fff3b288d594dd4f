#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/log.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/congestion/loss_based_estimate.hpp"
#include "petrel/rtp/frame.hpp"
#include "petrel/rtp/pacing/pacer.hpp"
#include "petrel/rtp/stream/events.hpp"
#include "petrel/rtp/stream/media_config.hpp"
#include "petrel/rtp/stream/receive_stream.hpp"
#include "petrel/rtp/stream/rtcp_interval.hpp"
#include "petrel/rtp/stream/send_stream.hpp"
#include "petrel/rtp/stream/ssrc_table.hpp"
#include "petrel/rtp/stream/stats.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "petrel/rtp/wire/rtcp_messages.hpp"

namespace petrel::inline v0::rtp {

struct SessionConfig {
  std::string cname{};                 ///< RFC 7022 4.2: random and of this peer only. Empty: one is made up.
  ClockMapping clock{};                ///< One for all streams of a peer, so that lip-sync holds.
  std::size_t max_packet_size = 1200;  ///< Of a plaintext RTP or RTCP packet, headers included.
  Logger log{};  ///< Hears of key frames, of packets that were given up, and of a foreign use of our SSRC.
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
  MediaId media{};  ///< Whose packet it is; of RTCP, nobody's.
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
  using Event = rtp::Event;

  // One m-line each; browsers in conferences of fifty use about a hundred.
  static constexpr std::size_t max_medias = 256;
  // Packets that wait for the socket, all streams together: a 4K key frame twice. Beyond it the oldest
  // media makes room for the newest.
  static constexpr std::size_t max_outgoing_packets = 2048;
  // RTCP may use so many places more. Reached only by a session that nobody polls: the oldest goes.
  static constexpr std::size_t max_outgoing_rtcp = 256;

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
  /// Errc::queue_full if it would not fit into an empty queue, Errc::unpacketizable if the format cannot
  /// carry it. Where nobody polls, the oldest media makes room: the oldest packets of audio; of video all
  /// that waits, since it hangs together.
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
  struct Media {
    MediaId id{};
    MediaConfig config;
    std::optional<SendStream> send;
    std::vector<std::unique_ptr<ReceiveStream>> receive;
  };
  /// Where a packet belongs.
  struct Route {
    Media* media = nullptr;
    const PayloadConfig* payload = nullptr;
    bool is_retransmission = false;
  };

  // session.cpp
  TimePoint clamp(TimePoint now);
  Media* find(MediaId id);
  const Media* find(MediaId id) const;
  void apply(TimePoint now, Media& media);
  Ssrc draw_ssrc();
  bool is_own(Ssrc ssrc) const;
  void settle(TimePoint now);

  // session_send.cpp
  std::size_t room() const;
  void make_room(TimePoint now, std::size_t count);
  void enqueue(TimePoint now, Media& media, SendStream::Range range);
  void enqueue(TimePoint now, Media& media, std::uint16_t sequence, PacedPacket::Priority priority);
  void release(TimePoint now);
  void transmit(TimePoint now, const PacedPacket& paced);
  ExtensionBlock extensions_of(const Media& media, TimePoint now);
  void retransmit(TimePoint now, Media& media, std::uint16_t sequence);

  // session_receive.cpp
  std::optional<Route> route(TimePoint now, const PacketView& packet);
  Media* media_of(const PacketView& packet, Media* likely);
  ReceiveStream* receive_stream(TimePoint now, Media& media, const PayloadConfig& payload, Ssrc ssrc);
  ReceiveStream* find_receive_stream(Ssrc ssrc);
  ReceiveStream* retransmitted_stream(TimePoint now, Media& media, const PacketView& packet);
  void end_stream(Ssrc ssrc);
  void deliver_frames(TimePoint now, Media& media, ReceiveStream& stream);
  void deliver_packet(Media& media, Ssrc ssrc, PacketBuffer packet);

  // session_rtcp.cpp
  void handle_message(TimePoint now, const rtcp::SenderReport& report);
  void handle_message(TimePoint now, const rtcp::ReceiverReport& report);
  void handle_message(TimePoint now, const rtcp::SourceDescription& description);
  void handle_message(TimePoint now, const rtcp::Bye& bye);
  void handle_message(TimePoint now, const rtcp::Nack& nack);
  void handle_message(TimePoint now, const rtcp::PictureLossIndication& request);
  void handle_message(TimePoint now, const rtcp::FullIntraRequest& request);
  void handle_message(TimePoint now, const rtcp::ReceiverEstimate& estimate);
  void handle_message(TimePoint now, const rtcp::TransportFeedback& feedback);
  void handle_message(TimePoint now, const rtcp::ExtendedReport& report);
  void handle_reports(TimePoint now, const std::vector<rtcp::ReportBlock>& blocks);
  Media* find_sender(Ssrc ssrc);
  bool has_streams() const;
  Ssrc reporter() const;
  Duration round_trip() const;
  void send_reports(TimePoint now);
  void send_rtcp(TimePoint now, const std::vector<rtcp::Message>& messages, bool compound);
  void send_feedback(TimePoint now);

  SessionConfig config_;
  RandomSource& random_;
  TimePoint now_;
  Ssrc reporter_ssrc_{};  ///< Ours while we send nothing.
  std::vector<std::unique_ptr<Media>> medias_;
  std::uint32_t last_media_id_ = 0;
  SsrcTable table_;
  RtcpInterval interval_;
  std::unique_ptr<Pacer> pacer_;
  RingQueue<Outgoing> outgoing_;
  std::uint16_t transport_number_ = 0;
  LossBasedEstimate estimate_;
  EventQueue events_;
  SessionStats stats_;  ///< Without the streams' own.
};

}  // namespace petrel::inline v0::rtp

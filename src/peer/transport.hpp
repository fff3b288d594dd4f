#pragma once

#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "peer/data_channels.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/dtls/connection.hpp"
#include "petrel/peer/config.hpp"
#include "petrel/peer/report.hpp"
#include "petrel/rtp/session.hpp"
#include "petrel/srtp/session.hpp"

namespace petrel::inline v0::detail {

/// DTLS, SRTP, RTP and data channels of one transport, joined. Packets of both kinds go in, packets for
/// ICE's pair come out; it knows no address.
///
/// What comes before its time is kept for a while, not lost: DTLS before the role is known
/// (an answerer may start while its answer is under way), SRTP before there are keys, SCTP before
/// it is negotiated.
class Transport {
 public:
  struct Connected {};
  /// DTLS failed, or the peer closed it. Media stops.
  struct Ended {
    std::error_code error;
  };
  using Event = std::variant<Connected, Ended>;

  Transport(TimePoint now, const PeerConfig& config, rtp::SessionConfig rtp_config, RandomSource& random);

  /// Starts DTLS. Once. Keys for media are always asked for, since media may join later; with
  /// `needs_media` a peer that agrees to none is an error. `awaits_peer` as in dtls::ConnectionConfig.
  void start(TimePoint now, dtls::Role role, std::vector<dtls::Fingerprint> fingerprints, bool needs_media,
             bool awaits_peer = false);
  void peer_is_ready(TimePoint now) {
    if (dtls_) dtls_->peer_is_ready(now);
  }
  /// Of our certificate, as the SDP has it.
  const std::string& fingerprint() const { return fingerprint_; }
  bool started() const { return dtls_ != nullptr; }
  bool connected() const { return connected_; }
  bool carries_media() const { return srtp_ || keys_; }

  /// A packet that is neither STUN nor for another transport. What it brings for data channels waits for
  /// hand_over(), so that what comes at once is handed over at once.
  void handle_packet(TimePoint now, Bytes packet);
  void hand_over(TimePoint now);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  struct Packet {
    PacketBuffer payload;
    std::optional<rtp::MediaId> media{};  ///< Whose it is; nobody's are DTLS, data and RTCP.
    bool is_rtcp = false;
  };
  /// The next packet for the wire, protected. Takes from DTLS first, then from RTP, then, with
  /// `bulk`, from the data channels, which wait where they are otherwise.
  std::optional<Packet> poll_packet(TimePoint now, bool bulk = true);
  std::optional<Event> poll_event();

  /// The goodbyes in their order, SCTP's and then close_notify, to be polled once more.
  void close(TimePoint now);

  rtp::Session& rtp() { return rtp_; }
  const rtp::Session& rtp() const { return rtp_; }
  DataChannels& channels() { return channels_; }
  const DataChannels& channels() const { return channels_; }
  const dtls::Connection* dtls() const { return dtls_.get(); }
  PeerDrops& dropped() { return dropped_; }
  const PeerDrops& dropped() const { return dropped_; }
  /// When media first went, and first came.
  std::optional<TimePoint> first_sent() const { return first_sent_; }
  std::optional<TimePoint> first_received() const { return first_received_; }

 private:
  void take_dtls_events(TimePoint now);
  void connect(TimePoint now, dtls::Connected connected);
  bool has_srtp();
  std::optional<Packet> poll_data(TimePoint now);
  void handle_media(TimePoint now, Bytes packet);
  std::optional<Packet> protect(TimePoint now, rtp::Outgoing outgoing);

  std::optional<dtls::Certificate> certificate_;  // Until DTLS begins.
  const std::string fingerprint_;
  dtls::ConnectionConfig dtls_config_;
  PacketTap* tap_;
  Logger log_;
  std::unique_ptr<dtls::Connection> dtls_;  // Not movable, and made when the role is known.
  std::optional<dtls::SrtpKeys> keys_;      // Until there is media: a session takes 35 KiB of libsrtp's.
  std::optional<srtp::Session> srtp_;
  bool connected_ = false;
  rtp::Session rtp_;
  DataChannels channels_;
  std::vector<PacketBuffer> data_;  // For them.
  std::vector<PacketBuffer> early_dtls_;
  std::vector<PacketBuffer> early_media_;
  RingQueue<Event> events_;
  std::optional<TimePoint> first_sent_;
  std::optional<TimePoint> first_received_;
  PeerDrops dropped_;
};

}  // namespace petrel::inline v0::detail

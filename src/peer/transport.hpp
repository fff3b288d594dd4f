#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/dtls/connection.hpp"
#include "petrel/peer/config.hpp"
#include "petrel/peer/report.hpp"
#include "petrel/rtp/session.hpp"
#include "petrel/srtp/session.hpp"

namespace petrel::inline v0::detail {

/// DTLS, SRTP and RTP of one transport, joined. Packets of both kinds go in, packets for
/// ICE's pair come out; it knows no address.
///
/// What comes before its time is kept for a while, not lost: DTLS before the role is known
/// (an answerer may start while its answer is under way), SRTP before there are keys.
class Transport {
 public:
  struct Connected {};
  /// DTLS failed, or the peer closed it. Media stops.
  struct Ended {
    std::error_code error;
  };
  using Event = std::variant<Connected, Ended>;

  Transport(TimePoint now, const PeerConfig& config, rtp::SessionConfig rtp_config, RandomSource& random);

  /// Starts DTLS. Once.
  void start(TimePoint now, dtls::Role role, std::vector<dtls::Fingerprint> fingerprints);
  bool started() const { return dtls_ != nullptr; }
  bool connected() const { return srtp_.has_value(); }

  /// A packet that is neither STUN nor for another transport.
  void handle_packet(TimePoint now, Bytes packet);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

  /// The next packet for the wire, protected. Takes from DTLS first, then from RTP.
  struct Packet {
    PacketBuffer payload;
    std::optional<rtp::MediaId> media{};  ///< Whose it is; nobody's are DTLS and RTCP.
    bool is_rtcp = false;
  };
  std::optional<Packet> poll_packet(TimePoint now);
  std::optional<Event> poll_event();

  /// BYE and close_notify, to be polled once more.
  void close(TimePoint now);

  rtp::Session& rtp() { return rtp_; }
  const rtp::Session& rtp() const { return rtp_; }
  const dtls::Connection* dtls() const { return dtls_.get(); }
  PeerDrops& dropped() { return dropped_; }
  const PeerDrops& dropped() const { return dropped_; }
  /// When media first went, and first came.
  std::optional<TimePoint> first_sent() const { return first_sent_; }
  std::optional<TimePoint> first_received() const { return first_received_; }

 private:
  void take_dtls_events(TimePoint now);
  void install_keys(TimePoint now, const dtls::SrtpKeys& keys);
  void handle_media(TimePoint now, Bytes packet);
  std::optional<Packet> protect(TimePoint now, rtp::Outgoing outgoing);

  const dtls::Certificate certificate_;
  dtls::ConnectionConfig dtls_config_;
  PacketTap* tap_;
  Logger log_;
  std::unique_ptr<dtls::Connection> dtls_;  // Not movable, and made when the role is known.
  std::optional<srtp::Session> srtp_;
  rtp::Session rtp_;
  std::deque<PacketBuffer> early_dtls_;
  std::deque<PacketBuffer> early_media_;
  std::deque<Event> events_;
  std::optional<TimePoint> first_sent_;
  std::optional<TimePoint> first_received_;
  PeerDrops dropped_;
};

}  // namespace petrel::inline v0::detail

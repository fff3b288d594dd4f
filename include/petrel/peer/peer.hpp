#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/net/protocol_core.hpp"
#include "petrel/peer/config.hpp"
#include "petrel/peer/events.hpp"
#include "petrel/peer/jsep.hpp"
#include "petrel/peer/report.hpp"

namespace petrel::inline v0 {

/// A WebRTC peer without I/O: JSEP, ICE, DTLS, SRTP, RTP and data channels, joined.
///
/// PeerConnection runs one on Asio. On a loop of your own: give it datagrams, flows
/// and the time; carry out its requests, send its transmits, take its events.
///
/// A FlowCore. Every call ends with everything moved that can move, so that any order of
/// calls is legal and poll_*() only dequeues. Call poll_request(), poll_transmit() and
/// poll_event() until they are empty after any other call; late is slow, never wrong.
/// Event and packet queues are bounded: state changes and candidates are never lost,
/// media is dropped from the oldest on, and counted; data channel messages that nobody receives close
/// the window of the peer. Data is taken from SCTP only as fast as transmits are polled.
class PETREL_API Peer {
 public:
  using Event = PeerEvent;

  /// `random` outlives the peer. The certificate of `config` is used, and required.
  /// Throws std::system_error for an ICE server URL that cannot be used.
  Peer(TimePoint now, PeerConfig config, ClockMapping clock, RandomSource& random);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Negotiation. Errors are of jsep::Errc, PeerErrc, or Errc::closed; error_detail() says more.

  Result<TransceiverId> add_transceiver(TimePoint now, Kind kind, TransceiverInit init);
  Result<void> set_direction(TimePoint now, TransceiverId id, Direction direction);
  Result<void> stop_transceiver(TimePoint now, TransceiverId id);
  std::optional<jsep::TransceiverState> transceiver(TransceiverId id) const;
  std::vector<jsep::TransceiverState> transceivers() const;
  /// The codec that is sent on it, as negotiated.
  std::optional<Codec> send_codec(TransceiverId id) const;

  /// The next offer restarts ICE (W3C restartIce): new credentials and candidates, while media
  /// goes on over the old pair. Call it when the network has changed, or to revive a peer that
  /// has failed; NegotiationNeeded follows. Nothing happens before the first description.
  void restart_ice(TimePoint now);
  Result<SessionDescription> create_offer();
  Result<SessionDescription> create_answer();
  /// A description with empty text is what create_*() made last; see also set_local_description(now).
  Result<void> set_local_description(TimePoint now, const SessionDescription& description);
  /// Creates the offer or the answer that the state calls for, and applies it.
  Result<void> set_local_description(TimePoint now);
  Result<void> set_remote_description(TimePoint now, const SessionDescription& description);
  /// One trickled candidate; empty text is end of candidates. An address that cannot be
  /// used is counted and no error.
  Result<void> add_ice_candidate(TimePoint now, const jsep::Negotiation::TrickledCandidate& candidate);

  std::optional<SessionDescription> local_description() const;  ///< With the candidates so far.
  std::optional<SessionDescription> remote_description() const;
  std::string error_detail() const;
  /// The m-lines that the last applied description rejected, and why.
  const std::vector<RejectedMedia>& rejected_media() const;

  // Media.

  Result<void> send_frame(TimePoint now, TransceiverId id, std::shared_ptr<const EncodedFrame> frame);
  Result<void> send_packet(TimePoint now, TransceiverId id, Bytes packet);
  void request_key_frame(TimePoint now, TransceiverId id);
  /// PacketArrived events for this transceiver, from now on.
  void deliver_packets(TimePoint now, TransceiverId id);

  /// Other servers for the next gathering, W3C setConfiguration. TURN servers that are in use get their new
  /// credentials at once. Errors: as of parse_ice_server(), and nothing has changed.
  Result<void> set_ice_servers(TimePoint now, std::vector<IceServer> servers);

  // Data channels. Errors are of datachannel::Errc, or Errc::closed and limit_reached.

  /// Opens with the connection, or at once where there is one. The first channel needs an offer.
  Result<ChannelId> create_data_channel(TimePoint now, std::string label, DataChannelInit init = {});
  /// Takes the whole message, or answers false: then ChannelWritable will come.
  Result<bool> try_send(TimePoint now, ChannelId channel, Bytes message, bool is_text);
  /// The next whole message. Those of a channel that is closed, and of a peer that is, can still be had.
  std::optional<Message> receive(TimePoint now, ChannelId channel);
  Result<void> set_buffered_amount_low_threshold(ChannelId channel, std::size_t bytes);
  /// Sends what waits, then closes; ChannelClosed follows. Of a channel that is closed: drops what was
  /// not received.
  void close_channel(TimePoint now, ChannelId channel);
  /// nullopt: never heard of, or closed and done with.
  std::optional<datachannel::ChannelInfo> channel(ChannelId channel) const;
  std::vector<ChannelId> channels() const;

  // States.

  ConnectionState connection_state() const;
  IceConnectionState ice_connection_state() const;
  IceGatheringState ice_gathering_state() const;
  SignalingState signaling_state() const;
  PeerStats stats() const;
  ConnectionReport report(TimePoint now) const;

  // The FlowCore.

  /// The addresses of the interfaces that are up. Needed before candidates can be gathered.
  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses);
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  /// A batch, which settles once.
  void handle_datagrams(TimePoint now, std::span<const Datagram> datagrams);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  std::optional<PeerEvent> poll_event();
  /// The next event of one data channel, out of turn: for those who give each channel a listener.
  std::optional<PeerEvent> poll_event_of(ChannelId channel);

  /// Says goodbye (RTCP BYE, SCTP SHUTDOWN where nothing is under way, DTLS close_notify) and closes. Poll
  /// once more: the requests, which close the flows, come once the transmits are taken.
  void close(TimePoint now);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace petrel::inline v0

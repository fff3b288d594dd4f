#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "peer/event_queue.hpp"
#include "peer/transport.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/peer/peer.hpp"

namespace petrel::inline v0 {

/// What Peer is made of. Three sources: peer_core.cpp moves packets and events,
/// peer_negotiation.cpp applies descriptions, peer_data.cpp is the data channels.
class Peer::Core {
 public:
  Core(TimePoint now, PeerConfig config, ClockMapping clock, RandomSource& random);

  // peer_negotiation.cpp
  Result<TransceiverId> add_transceiver(TimePoint now, Kind kind, TransceiverInit init);
  Result<void> set_direction(TimePoint now, TransceiverId id, Direction direction);
  Result<void> stop_transceiver(TimePoint now, TransceiverId id);
  void restart_ice(TimePoint now);
  Result<SessionDescription> create_offer();
  Result<SessionDescription> create_answer();
  Result<void> set_local_description(TimePoint now, const SessionDescription& description);
  Result<void> set_local_description(TimePoint now);
  Result<void> set_remote_description(TimePoint now, const SessionDescription& description);
  Result<void> add_ice_candidate(TimePoint now, const jsep::Negotiation::TrickledCandidate& candidate);
  std::optional<SessionDescription> local_description() const;
  std::optional<Codec> send_codec(TransceiverId id) const;
  const jsep::Negotiation& negotiation() const { return negotiation_; }
  const std::vector<RejectedMedia>& rejected_media() const { return rejected_media_; }
  std::string error_detail() const;

  // peer_data.cpp
  Result<ChannelId> create_data_channel(TimePoint now, std::string label, DataChannelInit init);
  Result<bool> try_send(TimePoint now, ChannelId id, Bytes message, bool is_text);
  std::optional<Message> receive(TimePoint now, ChannelId id);
  Result<void> set_buffered_amount_low_threshold(ChannelId id, std::size_t bytes);
  void close_channel(TimePoint now, ChannelId id);
  std::optional<datachannel::ChannelInfo> channel(ChannelId id) const;
  std::vector<ChannelId> channels() const;

  // peer_core.cpp
  Result<void> send_frame(TimePoint now, TransceiverId id, std::shared_ptr<const EncodedFrame> frame);
  Result<void> send_packet(TimePoint now, TransceiverId id, Bytes packet);
  void request_key_frame(TimePoint now, TransceiverId id);
  void deliver_packets(TimePoint now, TransceiverId id);
  Result<void> set_ice_servers(TimePoint now, std::vector<IceServer> servers);
  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses);
  void handle_datagrams(TimePoint now, std::span<const Datagram> datagrams);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  std::optional<PeerEvent> poll_event() { return events_.pop(); }
  std::optional<PeerEvent> poll_event_of(ChannelId channel) { return events_.pop_of(channel); }
  void close(TimePoint now);

  ConnectionState connection_state() const { return connection_state_; }
  IceConnectionState ice_connection_state() const;
  IceGatheringState ice_gathering_state() const { return gathering_state_; }
  PeerStats stats() const;
  ConnectionReport report(TimePoint now) const;

 private:
  /// What the peer keeps of a transceiver beside the negotiation's state.
  struct Medium {
    TransceiverId transceiver;
    Kind kind;
    std::optional<rtp::MediaId> media;  ///< Once it is negotiated.
    std::optional<Codec> send_codec;
    bool sending = false;
    bool announced = false;  ///< TrackAdded was said for what it receives now.
    bool deliver_packets = false;
    NetworkPriority priority = NetworkPriority::low;
    std::optional<jsep::MediaChange> negotiated;
  };

  Medium* find(TransceiverId id);
  const Medium* find(TransceiverId id) const;
  Medium* find(rtp::MediaId id);
  void count(Ecn ecn);
  bool send_to_peer(TimePoint now, detail::Transport::Packet packet);

  jsep::LocalTransport local_transport(bool restarting);
  void begin_restart(TimePoint now);
  void roll_back_restart(TimePoint now);
  void apply_early_candidates(TimePoint now);
  jsep::SenderStreams make_streams(std::vector<std::string> stream_ids);
  void apply(TimePoint now, const jsep::Changes& changes);
  void carry_transport_on_first_offered(const jsep::Changes& changes);
  void apply_transport(TimePoint now, const jsep::TransportChange& change);
  void apply_data_channels(TimePoint now, const std::optional<jsep::DataChannelChange>& change);
  void apply_media(TimePoint now, const jsep::MediaChange& change);
  void install_media(TimePoint now, Medium& medium);
  void remove_media(TimePoint now, TransceiverId id);
  void announce_signaling_state();
  void announce_negotiation_needed();

  void handle_packet(TimePoint now, FlowId flow, const Endpoint& source, Bytes payload);
  void settle(TimePoint now);
  bool settle_once(TimePoint now);
  void on_ice_event(TimePoint now, ice::Event event);
  void on_transport_event(TimePoint now, detail::Transport::Event event);
  void on_rtp_event(rtp::Session::Event event);
  bool take_channel_events(TimePoint now);
  void start_dtls_if_possible(TimePoint now);
  void want_key_frames();
  void update_connection_state(TimePoint now);
  void log_state(TimePoint now) const;
  void tell_candidate(std::string text);
  void tell_gathered();
  void empty_pool();

  PeerConfig config_;
  RandomSource& random_;
  Logger log_;
  TimePoint created_;
  ice::Agent agent_;
  ice::StreamId stream_;
  jsep::Negotiation negotiation_;
  detail::Transport transport_;
  detail::EventQueue events_;
  std::vector<Medium> media_;
  std::vector<RejectedMedia> rejected_media_;

  std::string transport_mid_;  ///< The m-line that our candidates belong to.
  std::size_t transport_line_ = 0;
  bool ice_role_settled_ = false;
  std::optional<jsep::DtlsRole> dtls_role_;
  std::vector<dtls::Fingerprint> remote_fingerprints_;
  std::vector<std::string> local_candidates_;
  /// JSEP 3.5.4: what was gathered before there was a local description, and is told with it.
  struct CandidatePool {
    bool open = false;
    std::vector<std::string> candidates{};
    bool complete = false;
  };
  CandidatePool pool_;
  bool remote_described_ = false;
  bool media_agreed_ = false;          ///< The last agreement has an m-line for media.
  bool data_channels_agreed_ = false;  ///< And one for data channels.
  std::string
      data_error_detail_;  ///< What the data channels said of the last call that failed, if it was theirs.

  /// An ICE restart on its way through offer and answer.
  struct IceRestart {
    bool wanted = false;      ///< By us: the next offer announces it.
    bool offered = false;     ///< By the peer: our answer makes it happen.
    bool created = false;     ///< The description created last has new credentials.
    bool unanswered = false;  ///< Ours is under way.
    std::vector<std::string> former_candidates{};
    std::vector<ice::Candidate> early_candidates{};  ///< Of the offered generation, before our answer.
    bool early_end = false;
  };
  IceRestart restart_;
  std::vector<LocalAddress> interfaces_;
  bool interfaces_changed_ = false;  ///< Since ICE last connected.
  bool ice_lost_ = false;            ///< It is disconnected, or was until now.
  bool ice_worked_ = false;          ///< Since the beginning, or since a restart after failure.

  ConnectionState connection_state_ = ConnectionState::new_;
  IceGatheringState gathering_state_ = IceGatheringState::new_;
  SignalingState announced_signaling_ = SignalingState::stable;
  bool negotiation_needed_announced_ = false;
  std::error_code reason_;
  bool awaits_peer_ = false;  ///< DTLS has sent its ClientHello, and waits for a check of the peer.
  bool is_useless_ = false;   ///< DTLS has failed; ICE is to end next.
  bool closed_ = false;
  TimePoint settled_at_{};
  bool packets_left_ = false;      ///< SCTP may have packets that found no room.
  bool events_left_ = false;       ///< And the data channels events.
  std::size_t untaken_ = 0;        ///< Packets that the agent was given and that were not polled, at most.
  std::deque<Transmit> farewell_;  ///< What closing has to say, after the agent is closed.
  PeerDrops dropped_;
  EcnCounts ecn_;
  ConnectionStages stages_;
};

}  // namespace petrel::inline v0

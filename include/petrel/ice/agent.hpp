#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "petrel/base/log.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/strong.hpp"
#include "petrel/ice/candidate.hpp"
#include "petrel/ice/credentials.hpp"
#include "petrel/ice/report.hpp"
#include "petrel/net/ip_prefix.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/turn/client.hpp"
#include "petrel/turn/uri.hpp"

namespace petrel::inline v0::stun {
class MessageView;
}

namespace petrel::inline v0::ice {

/// One data stream, which is one transport of a peer. It has component 1 only:
/// RTP and RTCP are multiplexed. Ids are never used again.
using StreamId = Strong<std::uint32_t, struct StreamIdTag>;

enum class Role : std::uint8_t { controlling, controlled };

/// The states of a stream, as RTCIceTransportState has them.
enum class State : std::uint8_t {
  new_,          ///< Waiting for the remote credentials.
  checking,      ///< Looking for a pair that works.
  connected,     ///< A pair works; a better one may still be chosen.
  completed,     ///< A pair is nominated.
  disconnected,  ///< The peer has stopped answering. May become connected again.
  failed,        ///< No pair works, or consent is lost (RFC 7675). Nothing is sent any more.
  closed,
};

PETREL_API std::string_view to_string(State state);

/// A STUN server by address or by name.
struct StunServer {
  std::string host;
  std::uint16_t port = 3478;
};

/// A TURN server, by RFC 7065 URI, and who we are to it.
struct TurnServer {
  turn::ServerUri uri;
  turn::Credentials credentials;
};

/// Which candidates may be used at all, W3C RTCIceTransportPolicy.
enum class TransportPolicy : std::uint8_t {
  all,
  relay,  ///< Relayed ones only: the peer learns none of our addresses.
};

/// Which TCP candidates there are beside those of UDP (RFC 6544), host candidates all of them.
/// Simultaneous open is not offered: NATs that let it through let UDP through.
enum class TcpCandidates : std::uint8_t {
  none,     ///< And those of the peer are ignored.
  active,   ///< We connect to the peer's passive ones. No socket is open before.
  passive,  ///< Local addresses listen, for peers that can connect: browsers, behind firewalls without UDP.
  both,
};

/// Local ports to use, both ends included.
struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
};

/// A NAT outside of this host that maps one address to one, ports unchanged, as clouds have it.
struct ExternalAddress {
  IpAddress local;
  IpAddress external;
};

struct AgentConfig {
  Role role = Role::controlling;
  /// RFC 8445 2.5: for servers with a public address. Answers checks and makes none, has host
  /// candidates only, and is controlled. The peer must be full.
  bool lite = false;
  std::vector<StunServer> stun_servers{};  ///< The first 4 are asked.
  std::vector<TurnServer> turn_servers{};  ///< The first 8 are asked, all at once.
  TransportPolicy policy = TransportPolicy::all;
  /// Relay on demand: TURN servers are asked only if no stream is connected so long after gather().
  /// nullopt: at once. Never waits with TransportPolicy::relay.
  std::optional<Duration> relay_after{};
  /// How the certificates of TURN servers over TLS and DTLS are verified.
  tls::ClientConfig turn_tls{};
  /// What TURN servers over TCP and TLS are reached through. It resolves their names; only its own is
  /// resolved here.
  std::optional<turn::HttpProxy> http_proxy{};
  /// Find the addresses behind `<uuid>.local` candidates by multicast DNS, as browsers send them.
  bool resolve_mdns = true;
  /// Tell the peer such names in place of our host addresses: who is not on this link learns nothing
  /// from them, and cannot use them either.
  bool publish_mdns = false;
  /// Of UDP sockets. nullopt: whichever port the system gives. A range should be larger than the
  /// sockets that share it.
  std::optional<PortRange> ports{};
  /// A lite agent has passive ones or none, as it connects to nobody.
  TcpCandidates tcp = TcpCandidates::none;
  /// Of listening TCP sockets. nullopt: those of `ports`.
  std::optional<PortRange> tcp_ports{};
  /// False: TCP candidates and relays by TCP and TLS only, where UDP is known not to pass.
  bool gather_udp = true;
  /// draft-thatcher-ice-renomination: the controlling agent changes over to a clearly better pair
  /// while data flows, without a restart. In use once set_remote_renomination() says that the peer
  /// has it too. Costs a check on every working pair each 5 s.
  bool renomination = false;
  /// While data goes out by UDP and another interface or another address of the peer might work too, the
  /// pair in use is asked five times a second whether it still works. When it does not, data goes by
  /// another pair within half a second, and back once the selected one answers, unless the controlling side
  /// has nominated another until then. Costs 200 bytes a question, answer included.
  bool failover = true;
  /// Interfaces to use, by name; empty: all but those excluded.
  std::vector<std::string> interfaces{};
  std::vector<std::string> excluded_interfaces{};
  /// Local addresses to gather from, on those interfaces.
  AddressFilter local_addresses{};
  /// Where the peer may be: candidates elsewhere are ignored, and checks from elsewhere not answered.
  AddressFilter remote_addresses{};
  /// Told to the peer as server-reflexive candidates, beside the host's own.
  std::vector<ExternalAddress> external_addresses{};
  bool gather_loopback = false;
  bool gather_ipv6 = true;
  /// RFC 8445 14.2: one new ordinary check, or one question to a STUN server, per `ta`; at least 5 ms.
  Duration ta = std::chrono::milliseconds(50);
  /// RFC 8863: how long a stream keeps trying before it fails, candidates or none.
  Duration patience = std::chrono::milliseconds(39'500);
  /// Servers that have not answered by then are given up, and gathering is done.
  Duration gathering_limit = std::chrono::milliseconds(9'500);
  Logger log{};
};

/// A pair of candidates that carries data.
struct SelectedPair {
  Candidate local;
  Candidate remote;
  Duration round_trip{};  ///< Of the last answered check.

  friend bool operator==(const SelectedPair&, const SelectedPair&) = default;
};

/// A local candidate, to be told to the peer.
struct CandidateGathered {
  StreamId stream;
  Candidate candidate;
};
/// No more local candidates will come from this gather().
struct GatheringDone {};
struct StateChanged {
  StreamId stream;
  State state;
};
/// Data now leaves by this pair. It may change, when a better pair is nominated.
struct PairSelected {
  StreamId stream;
  SelectedPair pair;
};
using Event = std::variant<CandidateGathered, GatheringDone, StateChanged, PairSelected>;

/// A packet that came inside of something else: by a relay of ours, or in a frame of a TCP connection.
struct RelayedPacket {
  FlowId flow;  ///< As stream_of() knows it.
  Endpoint source;
  Endpoint destination;  ///< The relayed address, or our end of the connection.
  PacketBuffer payload;
};

class Gatherer;
class LocalNames;
class Stream;
struct Shared;

/// A full ICE agent, or a lite one: RFC 8445 with trickle (RFC 8838), patience
/// (RFC 8863), consent (RFC 7675) and TCP (RFC 6544), for one or several streams. The peer
/// may be full or lite.
///
/// The agent binds one UDP socket per local address; all streams share them. TURN servers are
/// asked from each, by UDP or DTLS over that socket, by TCP or TLS over a connection of its own;
/// every relayed address is one more socket to the checks. Where the network has one port for
/// several agents (FlowOpened::shared), the agent tells it its ufrags, and TURN has sockets of its own.
/// TCP candidates are sockets to the checks too: the agent opens, accepts and frames the connections
/// (RFC 4571), closes those of strangers, and drops data in whole frames while a connection is
/// congested. UDP pairs come before TCP pairs.
///
/// Requests are told apart by USERNAME, responses by transaction id, and data by
/// the pairs that checks have proven: stream_of(). Where two streams of both
/// peers would share one 5-tuple, data goes to the stream that proved it first;
/// peers bundle their media, so that there is one.
///
/// A FlowCore. Unknown stream ids are harmless: an error, false, or nothing.
class PETREL_API Agent {
 public:
  using Event = ice::Event;

  /// `random` outlives the agent.
  Agent(TimePoint now, AgentConfig config, RandomSource& random);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  /// Makes a stream and its credentials. Its candidates are gathered by the next
  /// gather(), or at once from the sockets that are bound already.
  StreamId add_stream(TimePoint now);
  void remove_stream(TimePoint now, StreamId id);
  /// Empty credentials for an unknown stream.
  const Credentials& local_credentials(StreamId id) const;
  std::span<const Candidate> local_candidates(StreamId id) const;

  /// An ICE restart (RFC 8445 9): new credentials, and checks from the beginning, from the
  /// sockets that are open; follow with gather() where interfaces have changed, and with the
  /// peer's new credentials and candidates. Data goes on over the pair that it has, until the new
  /// generation has nominated one. A stream that has failed comes back to life.
  void restart(TimePoint now, StreamId id);
  /// The credentials that the next restart() will bring, for an offer that announces it.
  const Credentials& restart_credentials(StreamId id);
  /// Undoes restart(), and forgets restart_credentials(), as long as the peer's new credentials
  /// have not been set: when an offer is rolled back. False: there was nothing to undo.
  bool cancel_restart(TimePoint now, StreamId id);

  Role role() const;
  void set_role(TimePoint now, Role role);

  /// The addresses of the interfaces that are up. Remembered for gather(); after it, a change
  /// begins another round: sockets on addresses that are gone are closed, their pairs fail, and
  /// new addresses give new candidates, which are checked if nothing else works.
  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses);

  /// Binds a socket to each usable address that has none, and asks the STUN
  /// servers from there. Waits for handle_interfaces() if it has not come.
  /// Each round ends with one GatheringDone.
  void gather(TimePoint now);

  /// Errors: Errc::unknown_stream, bad_credentials, credentials_changed.
  Result<void> set_remote_credentials(TimePoint now, StreamId id, Credentials credentials,
                                      bool remote_is_lite);

  /// The peer has said ice-options:renomination, or has not. Nothing changes without
  /// AgentConfig::renomination.
  void set_remote_renomination(TimePoint now, StreamId id, bool understood);

  /// Trickled or from a description. `<uuid>.local` names are resolved first. Candidates that cannot
  /// be used (other names, TCP ones that ours cannot be paired with, other components, another
  /// generation's ufrag, more than the limit) are counted and are no error: a peer may well have them.
  /// Errors: Errc::unknown_stream, credentials_missing.
  Result<void> add_remote_candidate(TimePoint now, StreamId id, const Candidate& candidate);
  void end_of_remote_candidates(TimePoint now, StreamId id);

  /// True: it was STUN, or came from a TURN server or over a TCP connection, and is dealt with. False:
  /// ask stream_of() and take it to DTLS or SRTP. After true, poll_relayed() may have packets.
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  /// What came by a relay or a connection and is not STUN: to be treated as if handle_datagram() had answered
  /// false.
  std::optional<RelayedPacket> poll_relayed();
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Transmit> poll_transmit();
  std::optional<IoRequest> poll_request();
  std::optional<Event> poll_event();

  /// Sends on the selected pair; before there is one, on the best pair that works.
  /// False, and counted, when there is none or consent is lost. `dscp` as in Transmit.
  bool send(TimePoint now, StreamId id, PacketBuffer payload, std::uint8_t dscp = 0);

  /// The owner can do nothing with what the peer sends: nothing is sent or answered on this stream any more,
  /// until a restart, so that the peer's consent ends too, within 30 s (RFC 7675 5.1). State::failed.
  void withdraw_consent(TimePoint now, StreamId id);
  /// Whether the peer has sent a check with the current credentials, which it knows by our description.
  bool is_heard(StreamId id) const;

  /// Whose data comes from there? Nobody's, until a check has proven the 5-tuple:
  /// a request with the right password came from it, or one of ours was answered.
  std::optional<StreamId> stream_of(FlowId flow, const Endpoint& source) const;

  State state(StreamId id) const;  ///< closed for an unknown stream.
  /// The nominated pair.
  std::optional<SelectedPair> selected(StreamId id) const;

  const AgentStats& stats() const;
  /// Every server, from every address, in the order of asking.
  std::span<const ServerReport> servers() const;

  /// Credentials that replace those of the TURN server with this URI, before they expire.
  void set_turn_credentials(TimePoint now, const TurnServer& server);
  /// Other servers, for the next gather(). Relays that stand go on; where only the credentials of their
  /// server differ they use the new ones from now on, and lost ones are asked for again at once.
  void set_servers(TimePoint now, std::vector<StunServer> stun, std::vector<TurnServer> turn);
  StreamReport report(StreamId id) const;

  /// Gives relays back, closes the sockets and drops what else is queued. Final: poll the transmits
  /// and then the requests once more.
  void close(TimePoint now);

 private:
  Stream* find(StreamId id) const;
  TimePoint advance(TimePoint now);
  bool handle_stun(const Datagram& datagram);
  void handle_frame(const Datagram& frame);
  void keep_inner(RelayedPacket packet);
  void handle_request(TimePoint now, const Datagram& datagram, const stun::MessageView& request);
  void handle_response(TimePoint now, const Datagram& datagram, const stun::MessageView& response);
  std::optional<TimePoint> next_transaction() const;
  void start_transactions();
  bool start_urgent();
  bool start_ordinary();
  std::vector<std::string_view> busy_foundations() const;
  Duration check_rto() const;
  bool tell_of_connections();
  void settle();
  void name_ufrags();

  std::unique_ptr<Shared> shared_;
  std::unique_ptr<LocalNames> names_;
  std::unique_ptr<Gatherer> gatherer_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::deque<RelayedPacket> relayed_;
  std::vector<std::string> ufrags_;  ///< Room for the next list, so that comparing it costs nothing.
  std::vector<std::string> named_ufrags_;
  std::uint32_t last_stream_ = 0;
  std::size_t turn_ = 0;  ///< Whose turn it is at the next Ta: the gatherer's, then each stream's.
  TimePoint now_;
  TimePoint next_urgent_;
  TimePoint next_ordinary_;
  bool closed_ = false;
};

}  // namespace petrel::inline v0::ice

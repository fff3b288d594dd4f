#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/log.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/stun/transaction.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/turn/errc.hpp"
#include "petrel/turn/http_proxy.hpp"

namespace petrel::inline v0::turn {

/// Of one user, RFC 8489 9.2. The server names the realm. Text outside of ASCII must have passed
/// OpaqueString (RFC 8265 4.2) already.
struct Credentials {
  std::string username;
  std::string password;
};

struct ClientConfig {
  /// Open already: a UDP socket, perhaps shared with ICE checks, or a stream of the client's own.
  FlowId flow;
  Endpoint server;
  TransportProtocol protocol = TransportProtocol::udp;
  /// The host of the URI: whom the certificate must be for, and what reports call the server. Empty:
  /// the text of the address.
  std::string server_name{};
  Credentials credentials{};
  /// Over TCP and TLS: the flow and `server` are the proxy's, which is asked to connect to `tunnel_to`,
  /// "host:port".
  std::optional<HttpProxy> http_proxy{};
  std::string tunnel_to{};
  std::optional<IpFamily> family{};  ///< Of the relayed address; nullopt: the server's default, IPv4.
  /// An IPv4 and an IPv6 relayed address by one allocation (RFC 8656 7.1); `family` does not count
  /// then. A server may grant one of them only.
  bool both_families = false;
  Duration lifetime = std::chrono::minutes(10);  ///< Asked for; the server decides.
  bool use_channels = true;                      ///< False: Send indications only.
  std::string software{};                        ///< Sent as SOFTWARE unless empty.
  /// Of the packets to the server, IP and UDP headers included.
  std::size_t mtu_bytes = 1500;
  /// How long the allocation may take, the TLS handshake and every challenge included.
  Duration setup_limit = std::chrono::milliseconds(39'500);
  stun::RetransmissionSchedule schedule{};  ///< Over UDP and DTLS.
  /// Trusted roots and so on; the client fills in the transport, the name and the handshake's limit.
  tls::ClientConfig tls{};
  Logger log{};
};

/// The server relays for us. Comes once.
struct Allocated {
  std::vector<Endpoint> relayed;  ///< One, or two of different families.
  Endpoint mapped;                ///< Where the server sees us: a server-reflexive address if over UDP.
  Duration lifetime;
};
/// A packet that came to the relayed address.
struct Received {
  Endpoint relayed;  ///< Which of ours.
  Endpoint peer;
  PacketBuffer payload;
};
/// Another server is to be used (RFC 8489 10). The client is dead: make a new one, by way of a new
/// flow if over a stream.
struct Redirected {
  Endpoint server;
  std::string domain;  ///< The name to verify in its certificate; empty: the same as before.
};
/// The peer cannot be reached by this relay. Packets to it that waited are gone.
struct PermissionRefused {
  IpAddress peer;
  int code = 0;  ///< 403 for example; 0: the server did not answer.
};
/// There will be no allocation, or there is none any more. The client is dead.
struct Lost {
  std::error_code error;
  std::string detail;  ///< For people, such as `report().text`.
};
using ClientEvent = std::variant<Allocated, Received, Redirected, PermissionRefused, Lost>;

/// What was sent, and what was dropped and why.
struct ClientStats {
  std::uint64_t requests_sent = 0;  ///< Retransmissions included.
  std::uint64_t responses_received = 0;
  std::uint64_t packets_sent = 0;  ///< To peers; `bytes` are theirs, without TURN's own.
  std::uint64_t bytes_sent = 0;
  std::uint64_t packets_received = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t packets_in_channels = 0;  ///< Of those sent; the others were Send indications.

  std::uint64_t waiting_dropped = 0;  ///< Oldest of too many that waited for a permission, or it was refused.
  std::uint64_t too_long_dropped = 0;   ///< Does not fit the MTU, or a PacketBuffer.
  std::uint64_t congested_dropped = 0;  ///< The stream was full.
  std::uint64_t refused_dropped =
      0;                             ///< No permission, no relayed address of that family, or too many peers.
  std::uint64_t unread_dropped = 0;  ///< Received, but nobody polled the events.
  std::uint64_t unsent_dropped = 0;  ///< Sent, but nobody polled the transmits.
  std::uint64_t malformed = 0;       ///< From the server, but no message.
  std::uint64_t unexpected = 0;      ///< No transaction of ours, an unknown channel, not for clients.
  std::uint64_t unauthentic = 0;     ///< A response without the right MESSAGE-INTEGRITY.
};

enum class Stage : std::uint8_t { handshake, allocating, allocated, lost, closed };

PETREL_API std::string_view to_string(Stage stage);

/// Why it is as it is, for a connection report.
struct ClientReport {
  Stage stage{};
  Stage reached{};  ///< The last one of handshake, allocating and allocated.
  std::error_code error{};
  int last_error_code = 0;          ///< ERROR-CODE of the last error response, 401 and 438 included.
  std::string last_error_reason{};  ///< Its reason phrase, in printable ASCII.
  bool challenged = false;          ///< The server asked for credentials.
  bool credentials_sent = false;
  /// A sentence: "401 from turn.example.org after our credentials: wrong username or password".
  std::string text{};
};

struct Answer;
class Authentication;
struct ClientState;
class PeerTable;
struct Request;
class Requests;
class ServerLink;

/// One allocation on one TURN server, RFC 8656, by UDP, TCP, TLS or DTLS: towards the server a core,
/// towards the owner a socket on the relayed address.
///
/// It starts at once, answers the server's challenges (RFC 8489 9.2, with MD5 or SHA-256 keys and
/// USERHASH), refreshes what it made, and ends with one Lost or Redirected, or by close(). It neither
/// opens flows nor resolves names, and starts nothing anew: after Lost the owner makes another client.
///
/// Permissions and channels are made as packets are sent, refreshed while they are used, and let go
/// after that. Over UDP and DTLS the binding of a NAT in front is kept alive.
class PETREL_API Client {
 public:
  using Event = ClientEvent;

  /// Peers' addresses with a permission, and peers with a channel; more cannot be sent to.
  static constexpr std::size_t max_permissions = 256;
  static constexpr std::size_t max_channels = 256;
  /// Packets to one address that wait for its permission: the first flights of a few checks.
  static constexpr std::size_t max_waiting_packets = 8;
  /// Packets received that nobody polled, and packets to send likewise.
  static constexpr std::size_t max_unread_packets = 1024;
  static constexpr std::size_t max_unsent_packets = 1024;

  /// `random` must outlive the client. Starts at once.
  Client(TimePoint now, ClientConfig config, RandomSource& random);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) = delete;
  ~Client();

  /// False: not from our server by our flow, or not for us: on a shared UDP socket whatever is
  /// neither ChannelData, nor a Data indication, nor a response to a TURN request.
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  /// Changes of our own flow; those of others, and FlowOpened, mean nothing to us.
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Transmit> poll_transmit();
  std::optional<Event> poll_event();

  /// Lets packets from this address in, and packets to it leave without waiting. Before the allocation
  /// stands it is remembered. A permission lasts five minutes after its last use; asking again is one.
  void permit(TimePoint now, const IpAddress& peer);

  /// Sends by the relay. What has to wait for a permission waits, in small numbers. Not an error for
  /// what the network loses. Errors: petrel::Errc::closed, too_long, limit_reached (too many peers),
  /// invalid_argument (port 0), Errc::permission_refused, family_mismatch, congested.
  Result<void> send(TimePoint now, const Endpoint& peer, PacketBuffer payload);

  /// The credentials to use from now on, before the old ones expire. An allocation keeps the username
  /// that made it (RFC 8656 5): under another one the old credentials are used for as long as the
  /// server takes them.
  void set_credentials(TimePoint now, Credentials credentials);

  /// Asks whether the allocation still stands, by a Refresh that is given up after a few seconds: for
  /// when nothing comes by it any more. Lost follows if the server does not have it, or does not answer.
  /// A Refresh that is under way becomes such a one.
  void verify(TimePoint now);

  /// Gives the allocation back, without waiting for an answer, and ends. Poll the transmits once more.
  /// No event follows.
  void close(TimePoint now);

  Stage stage() const { return stage_; }
  const ClientConfig& config() const;
  /// Empty unless allocated.
  const std::vector<Endpoint>& relayed() const { return relayed_; }
  /// The longest payload that send() takes for a peer of this family, a channel or none.
  std::size_t max_payload(IpFamily peer) const;
  const ClientStats& stats() const;
  const ClientReport& report() const;

 private:
  bool live() const { return stage_ < Stage::lost; }
  void enter(Stage stage);
  void settle();
  void lose(std::error_code error, int code = 0, std::string_view link_detail = {});
  void start(const Request& request);

  bool handle_message(Bytes message);
  void handle_channel_data(Bytes message);
  bool handle_stun(Bytes message);
  void deliver(const Endpoint& peer, Bytes payload);

  void handle_answer(const Answer& answer);
  void handle_allocate_answer(const Answer& answer);
  void handle_redirect(const Answer& answer);
  void handle_peer_answer(const Answer& answer);
  void schedule_refresh(Duration lifetime);

  const Endpoint* relayed_for(IpFamily family) const;
  void relay(const Endpoint& peer, PacketBuffer payload);
  void keep_alive();
  std::optional<TimePoint> keepalive_due() const;

  TimePoint now_;
  TimePoint started_;
  Stage stage_ = Stage::handshake;
  std::vector<Endpoint> relayed_;
  Duration lifetime_{};
  std::optional<TimePoint> refresh_at_;
  std::unique_ptr<ClientState> state_;
  std::unique_ptr<Authentication> authentication_;
  std::unique_ptr<ServerLink> link_;
  std::unique_ptr<Requests> requests_;
  std::unique_ptr<PeerTable> peers_;
};

}  // namespace petrel::inline v0::turn

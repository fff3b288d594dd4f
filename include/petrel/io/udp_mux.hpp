#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/io/network.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::io {

/// One of the sockets that users have together; its network numbers them.
using SharedSocketId = Strong<std::uint32_t, struct SharedSocketIdTag>;

/// What came to shared sockets and went nowhere. All since the network was made.
struct UdpMuxStats {
  std::uint64_t unknown_ufrag = 0;     ///< A check for nobody: a peer that is gone, or a guess.
  std::uint64_t unknown_response = 0;  ///< To no question, or to one that is answered or too old.
  std::uint64_t unknown_source = 0;    ///< No STUN, and nobody's peer is there.
  std::uint64_t malformed = 0;         ///< Begins as STUN does and is none.
  std::uint64_t contested = 0;         ///< An address was claimed for one user while it was another's.
  std::uint64_t taken_ufrags = 0;      ///< A user named a ufrag that another has.
};

/// Says whose a datagram is that comes to a UDP socket of several users:
///
///  - a STUN Binding request by the first part of its USERNAME (RFC 8445 7.2.2): the ufrag that a
///    user has named;
///  - a STUN response by its transaction id: it is the answer to a request that a user sent;
///  - anything else by the address that it comes from, once that has been claimed for a user.
///
/// Sources of UDP packets are easily forged, and no user may lose its peer's address to another, or
/// to somebody who only says that he is there. An address is claimed for a user when
///
///  - the user answers a check from there with success, which it does only where the password was
///    right: enough for an address that is nobody's. A peer may lie about its source, however;
///  - a check of the user's own is answered from where it was sent: whoever is there has seen it.
///    This also takes an address from a user that has not proven it so.
///
/// A claim holds against others of its kind for `claim_lifetime` after it was last made good, which
/// consent checks do every few seconds (RFC 7675 5.1), and then until somebody else claims the address, or
/// the user leaves. Packets that users send claim nothing: a peer names any candidates it likes.
///
/// Limits: two users that have the same address and port at the other end, too, as when the peers of two
/// shared ports call each other twice, cannot be told apart but by STUN: the first keeps the address.
/// What TURN servers send names no user (ChannelData is 4 bytes and a payload); a TURN client needs a
/// socket of its own. Everything is bounded for each user, and nothing is kept of what is nobody's.
///
/// Sans-I/O; for those who implement io::Network.
class PETREL_API UdpMux {
 public:
  struct Receiver {
    NetworkUserId user;
    FlowId flow;  ///< As this user calls the socket.

    friend bool operator==(const Receiver&, const Receiver&) = default;
  };

  /// From now on `flow` of `user` is this socket.
  void join(NetworkUserId user, FlowId flow, SharedSocketId socket);
  /// The socket that this was, with no user left on it: to be closed. nullopt: others are, or it was none.
  std::optional<SharedSocketId> leave(NetworkUserId user, FlowId flow);
  /// Forgets the user. The sockets that nobody is on any more.
  std::vector<SharedSocketId> remove(NetworkUserId user);

  /// In place of the ufrags named before. A ufrag that another user has stays with it.
  void name_ufrags(NetworkUserId user, std::span<const std::string> ufrags);

  /// The shared socket that the flow is, or nullopt.
  std::optional<SharedSocketId> socket_of(NetworkUserId user, FlowId flow) const;
  /// Who is on the socket.
  std::vector<Receiver> receivers(SharedSocketId socket) const;

  /// Whose the datagram is. nullopt: nobody's, and counted.
  std::optional<Receiver> route(TimePoint now, SharedSocketId socket, const Endpoint& source, Bytes payload);

  /// To be told of everything that users send on shared sockets, before it is sent.
  void handle_sent(TimePoint now, NetworkUserId user, SharedSocketId socket, const Endpoint& destination,
                   Bytes payload) {
    // Media is most of it, and changes nothing.
    if (!payload.empty() && payload.front() <= last_stun_byte)
      handle_sent_stun(now, user, socket, destination, payload);
  }

  const UdpMuxStats& stats() const { return stats_; }

  /// What is kept about all users.
  struct Sizes {
    std::size_t ufrags = 0;
    std::size_t addresses = 0;
    std::size_t requests = 0;
  };
  Sizes sizes() const { return {ufrags_.size(), addresses_.size(), requests_.size()}; }

  /// Three consent checks and some, at the longest interval that RFC 7675 5.1 lets them have.
  static constexpr Duration claim_lifetime = std::chrono::seconds(20);
  /// A request that is sent no more may be answered so late (RFC 8489 6.2.1: Rm * RTO is 8 s, on a path with
  /// room for a slower one).
  static constexpr Duration request_lifetime = std::chrono::seconds(40);
  /// Addresses of one user's peer: as many as an agent takes candidates. Beyond, the one that was made
  /// good longest ago is forgotten.
  static constexpr std::size_t max_addresses = 64;
  /// Unanswered requests of one user: every pair of a full checklist (100), twice, and consent.
  static constexpr std::size_t max_requests = 256;
  /// Ufrags of one user: two generations and an announced one, of several streams.
  static constexpr std::size_t max_ufrags = 64;

 private:
  // RFC 7983 7.
  static constexpr std::byte last_stun_byte{3};

  struct Address {
    SharedSocketId socket;
    Endpoint remote;

    friend bool operator==(const Address&, const Address&) = default;
  };
  struct AddressHash {
    std::size_t operator()(const Address& address) const noexcept {
      return std::hash<Endpoint>{}(address.remote) + address.socket.value;
    }
  };
  struct Claim {
    NetworkUserId user;
    TimePoint made_good;
    std::optional<TimePoint> proven;  ///< By an answer to the user's own check.
  };
  struct Request {
    NetworkUserId user;
    Address to;
    TimePoint expires;
    bool is_check = false;  ///< And not a question to a STUN server.
  };
  struct IdHash {
    // The ids are random, and our users' own.
    std::size_t operator()(const stun::TransactionId& id) const noexcept {
      std::size_t hash = 0;
      std::memcpy(&hash, id.data(), sizeof(hash));
      return hash;
    }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Seat {
    FlowId flow;
    SharedSocketId socket;
  };
  struct User {
    std::vector<Seat> seats;
    std::vector<std::string> ufrags;
    std::vector<Address> addresses;
    std::vector<stun::TransactionId> requests;  ///< Unanswered, the oldest first.
  };

  std::optional<Receiver> receiver(NetworkUserId user, SharedSocketId socket) const;
  std::optional<Receiver> route_stun(TimePoint now, SharedSocketId socket, const Endpoint& source,
                                     Bytes payload);
  std::optional<Receiver> route_by_source(SharedSocketId socket, const Endpoint& source);
  std::optional<Receiver> route_request(SharedSocketId socket, std::string_view username);
  void handle_sent_stun(TimePoint now, NetworkUserId user, SharedSocketId socket, const Endpoint& destination,
                        Bytes payload);
  void remember(TimePoint now, const stun::TransactionId& id, Request request);
  void forget_request(const stun::TransactionId& id);
  void claim(TimePoint now, NetworkUserId user, const Address& address, bool proven);
  void make_room(User& user);
  void forget_address(const Address& address);
  void forget_ufrags(NetworkUserId id, User& user);

  std::unordered_map<NetworkUserId, User> users_;
  std::unordered_map<SharedSocketId, std::size_t> seats_;  ///< How many users a socket has.
  std::unordered_map<std::string, NetworkUserId, TextHash, std::equal_to<>> ufrags_;
  std::unordered_map<Address, Claim, AddressHash> addresses_;
  std::unordered_map<stun::TransactionId, Request, IdHash> requests_;
  UdpMuxStats stats_;
};

}  // namespace petrel::inline v0::io

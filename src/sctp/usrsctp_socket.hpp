#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "petrel/base/result.hpp"
#include "petrel/sctp/association.hpp"
#include "sctp/full_sack.hpp"
#include "sctp/usrsctp_stack.hpp"

struct socket;  // usrsctp's.

namespace petrel::inline v0::sctp {

/// usrsctp's view of an association: what getsockopt() says.
struct SocketStatus {
  bool exists = false;
  bool established = false;
  bool shutting_down = false;
  std::size_t queued_bytes = 0;   // Payload, and 16 or 20 bytes for each DATA chunk that was made of it.
  std::size_t queued_chunks = 0;  // Sent, and not acknowledged, those given up included.
  std::size_t peer_window = 0;
  std::uint16_t outgoing_streams = 0;
  std::uint16_t incoming_streams = 0;
  std::uint32_t congestion_window = 0;
  std::uint32_t smoothed_rtt_ms = 0;
  std::uint32_t rto_ms = 0;

  bool sending() const { return queued_bytes > 0 || queued_chunks > 0; }
};

/// The notifications that matter, in our words.
struct CameUp {
  bool interleaving = false;
};
struct Restarted {};
struct CouldNotStart {};
struct WasLost {};
struct WasShutDown {};
struct StreamsReset {
  bool incoming = false;  // The peer's streams; otherwise ours.
  bool refused = false;
  std::vector<std::uint16_t> streams;  // None: all of them.
};
struct StreamsChanged {
  bool refused = false;
};
struct MessageAbandoned {
  std::uint16_t stream = 0;
  bool unordered = false;
};
using Notification = std::variant<CameUp, Restarted, CouldNotStart, WasLost, WasShutDown, StreamsReset,
                                  StreamsChanged, MessageAbandoned>;

/// One socket of usrsctp, of the one-to-one style, and its address: the calls that one association
/// needs, without the casts. Every call, and its end, is made with the stack's lock held.
class UsrsctpSocket {
 public:
  // RFC 9260 16 recommends 60 s. This is what a line that was gone for a while is waited for once it is back;
  // a packet every 3 s is no burden to any.
  static constexpr std::uint32_t max_rto_ms = 3'000;

  UsrsctpSocket(UsrsctpStack& stack, const AssociationConfig& config);
  ~UsrsctpSocket();
  UsrsctpSocket(const UsrsctpSocket&) = delete;
  UsrsctpSocket& operator=(const UsrsctpSocket&) = delete;

  /// Whether everything was to be had; nothing else may be called if not.
  bool usable() const { return usable_; }
  Outbox& outbox() { return outbox_; }

  bool connect();
  /// A longest packet other than the configuration's; shorter ones are heeded at any time.
  bool set_mtu(std::size_t mtu_bytes);
  void input(Bytes packet);
  /// How much was taken, or nothing for "not now". `outgoing.last` counts if all was taken.
  std::optional<std::size_t> send(const Outgoing& outgoing, Bytes payload);
  /// The next piece of a message, the next notification, or nothing.
  using Received = std::variant<std::monostate, Incoming, Notification>;
  Received receive();

  bool reset_outgoing(std::span<const std::uint16_t> streams);
  bool add_outgoing(std::uint16_t streams);
  /// HEARTBEAT into the outbox, of which the answer measures the round trip. While the association is up.
  void heartbeat();
  void shut_down();
  /// ABORT into the outbox, if there is a peer. What has arrived can still be received.
  void abort_association();
  /// The same, and the socket is gone.
  void abort();

  SocketStatus status() const;

 private:
  bool configure(const AssociationConfig& config);
  static std::optional<Notification> notification(Bytes bytes);  // What does not matter: nothing.

  UsrsctpStack& stack_;
  Outbox outbox_;
  std::uintptr_t id_;
  std::uint16_t remote_port_;
  FullSack full_sack_;
  bool usable_ = false;
  struct socket* socket_ = nullptr;
};

}  // namespace petrel::inline v0::sctp

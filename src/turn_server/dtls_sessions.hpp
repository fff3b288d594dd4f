#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "petrel/crypto/hmac.hpp"
#include "petrel/tls/connection.hpp"
#include "turn_server/admissions.hpp"
#include "turn_server/client_id.hpp"
#include "turn_server/deadlines.hpp"
#include "turn_server/shared.hpp"

namespace petrel::inline v0::turn_server {

/// The DTLS sessions of clients, RFC 7350: UDP to the network, connections to everything else.
///
/// Nothing is kept of a client that has not sent its cookie back, which is made from its address and a
/// secret: who forges his address gets one answer, shorter than his question, sent to whom he names.
class DtlsSessions {
 public:
  DtlsSessions(Shared& shared, Admissions& admissions, RandomSource& random)
      : shared_(shared), admissions_(admissions), cookie_key_(random.bytes<32>()) {}

  bool has(const ClientId& client) const { return find(client) != nullptr; }
  /// A ClientHello, as far as its headers say (RFC 6347 4.1, 4.2.2).
  static bool begins_session(Bytes datagram);
  /// A datagram of a session, or one that begins one. Take all messages before the next call.
  void handle_datagram(const ClientId& client, Bytes datagram);
  /// What was in it: one record is one message.
  std::optional<PacketBuffer> next_message(const ClientId& client);

  /// False: it is lost, as datagrams are.
  bool send(const ClientId& client, Bytes message);

  /// A session without an allocation has a deadline.
  void set_allocated(const ClientId& client, bool has_allocation);
  /// One that is over; whatever it had is to be forgotten.
  std::optional<ClientId> poll_ended();

  void handle_timeout();
  std::optional<TimePoint> next_timeout() const;
  /// Ends them all; poll_ended() tells of each.
  void close();

 private:
  struct Session {
    ClientId client;
    tls::Connection dtls;
    bool over = false;
  };

  Session* find(const ClientId& client);
  const Session* find(const ClientId& client) const;
  tls::Connection::Cookie cookie_of(const ClientId& client);
  void begin(const ClientId& client, Bytes hello);
  void flush(Session& session);
  void run(Session& session);
  void drop(Session& session, std::string_view why);

  Shared& shared_;
  Admissions& admissions_;
  crypto::HmacSha256Key cookie_key_;
  std::unordered_map<ClientId, Session> sessions_;
  Deadlines<ClientId> deadlines_;
  Deadlines<ClientId> dtls_deadlines_;
  std::vector<ClientId> over_;
};

}  // namespace petrel::inline v0::turn_server

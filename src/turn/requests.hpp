#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include "petrel/net/endpoint.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/stun/transaction.hpp"
#include "turn/authentication.hpp"
#include "turn/client_state.hpp"
#include "turn/server_link.hpp"

namespace petrel::inline v0::turn {

enum class RequestKind : std::uint8_t {
  allocate,
  refresh,
  create_permission,
  channel_bind,
  connect,
  connection_bind
};

/// What to ask of the server.
struct Request {
  RequestKind kind{};
  Endpoint peer{};            ///< Of create_permission (its address only), channel_bind and connect.
  std::uint16_t channel = 0;  ///< Of channel_bind.
  Duration lifetime{};        ///< Of allocate and refresh.
  std::uint8_t relay_protocol = stun::relay_protocol::udp;  ///< Of allocate.
  std::uint32_t connection_id = 0;                          ///< Of connection_bind.
  bool urgent = false;  ///< Given up after seconds: media waits for the outcome.
};

/// How a request ended.
struct Answer {
  Request request;
  std::error_code error{};                      ///< None: it succeeded.
  int code = 0;                                 ///< ERROR-CODE of an error response.
  const stun::MessageView* response = nullptr;  ///< The response, if there is one; borrowed.
};

/// The requests that wait for their responses: sent again over datagrams, signed, answered to 401
/// and 438 by another try, and believed only when their response is signed as well.
class Requests {
 public:
  /// Challenges in a row to one request. Two are usual: none to a nonce, a stale nonce.
  static constexpr unsigned max_challenges = 4;

  Requests(ClientState& state, Authentication& authentication, ServerLink& link)
      : state_(state), authentication_(authentication), link_(link) {}

  /// Sends a request. The answer is at once that it cannot be written, or comes later.
  std::optional<Answer> start(TimePoint now, const Request& request, unsigned challenges = 0);
  /// Makes a request urgent that is under way, from now on. False: there is none of that kind.
  bool hurry(TimePoint now, RequestKind kind);
  /// Sends without waiting for what comes back.
  void send_once(TimePoint now, const Request& request);
  void clear() { pending_.clear(); }
  /// Has somebody answered who does not know our password?
  bool forged() const;

  /// Is it a response to a request that waits here?
  bool expects(const stun::MessageView& response) const;
  /// What a response means to its request; nullopt: nothing yet, or it is not to be believed.
  std::optional<Answer> handle_response(TimePoint now, const stun::MessageView& response);

  /// Sends what is due again, and gives back a request that was never answered. Call until nullopt.
  std::optional<Answer> handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

 private:
  struct Pending {
    Request request;
    stun::Transaction transaction;
    std::vector<std::byte> message;  // A retransmission has the same bytes (RFC 8489 6.2.1).
    std::optional<unsigned> signed_by{};
    unsigned challenges = 0;
    bool forged = false;  // Somebody answered who does not know our password.
  };
  using Iterator = std::vector<Pending>::iterator;

  Result<PacketBuffer> build(const Request& request, const stun::TransactionId& id);
  void transmit(TimePoint now, Bytes message);
  Answer take(Iterator pending, std::error_code error);
  std::optional<Answer> handle_challenge(TimePoint now, Iterator pending, const stun::MessageView& response,
                                         int code);
  bool is_authentic(const Pending& pending, const stun::MessageView& response) const;

  ClientState& state_;
  Authentication& authentication_;
  ServerLink& link_;
  std::vector<Pending> pending_;
};

}  // namespace petrel::inline v0::turn

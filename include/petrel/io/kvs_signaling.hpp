#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/io/network.hpp"
#include "petrel/kvs/client.hpp"
#include "petrel/peer/config.hpp"

namespace petrel::inline v0 {

namespace detail {
class KvsSignalingState;
}

namespace kvs {

/// As AWS's own tools find them, in this order: AWS_ACCESS_KEY_ID and its like in the environment; AWS IoT,
/// where AWS_IOT_CORE_CREDENTIAL_ENDPOINT, _CERT, _PRIVATE_KEY, _ROLE_ALIAS and _THING_NAME are set (the
/// names that AWS's C SDK has); the profile that is named here or by AWS_PROFILE, or else "default", in
/// ~/.aws/credentials and
/// ~/.aws/config (or where AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE say). Files are read again
/// whenever credentials are needed.
struct DefaultCredentials {
  std::string profile{};
};

struct SignalingOptions {
  std::variant<DefaultCredentials, Credentials, IotProvider, AskOwner> credentials{};
  /// Everything but the server's name. AWS_CA_BUNDLE names a file of more roots.
  tls::ClientConfig tls{};
};

/// A master or viewer of an AWS Kinesis Video Streams signaling channel on a network: kvs::Client with its
/// sockets and credentials.
///
///   petrel::kvs::Signaling kvs(network, {.channel = "front-door", .region = "eu-west-1"});
///   while (auto event = co_await kvs.next_event()) {
///     if (auto* offer = std::get_if<petrel::kvs::Offer>(&*event)) call(offer->peer, offer->sdp,
///     kvs.peer_config());
///   }
///
/// A region that is not given is taken from AWS_REGION, AWS_DEFAULT_REGION or the profile, and an endpoint
/// from AWS_ENDPOINT_URL_KINESIS_VIDEO or AWS_ENDPOINT_URL.
///
/// Everything on the network's executor. Installing a callback puts it into callback mode; next_event() is
/// the other, in which events wait. It lives until it is closed or destroyed, or the network is.
class PETREL_API Signaling {
 public:
  /// Starts at once. Throws std::system_error for what check() refuses.
  Signaling(io::Network& network, SessionConfig config, SignalingOptions options = {});
  ~Signaling();
  Signaling(Signaling&&) noexcept;
  Signaling& operator=(Signaling&&) noexcept;

  /// Called for each event, never from inside a call. The object may be closed and destroyed in it.
  void on_event(std::function<void(const Event&)> callback);
  /// The next event; nullopt once it is closed, and after SessionFailed. Throws std::system_error with
  /// Errc::busy if another next_event() is waiting, and with Errc::wrong_state in callback mode.
  asio::awaitable<std::optional<Event>> next_event();

  // As kvs::Client has them.
  Result<void> send_offer(std::string sdp);
  Result<void> send_answer(const std::string& peer, std::string sdp);
  Result<void> send_candidate(const std::string& peer, const CandidateMessage& candidate);
  void forget_peer(const std::string& peer);
  /// Answers to CredentialsWanted, which comes with AskOwner only.
  void set_credentials(Credentials credentials);
  void refuse_credentials(std::error_code error, std::string detail, bool transient);

  /// For a call that begins now, one URL each: STUN, and TURN by UDP, DTLS and TLS. Without URLs of the
  /// service's that this library does not know.
  std::vector<IceServer> ice_servers() const;
  /// `config` with these servers in it.
  PeerConfig peer_config(PeerConfig config = {}) const;

  bool connected() const;
  std::string channel_arn() const;
  std::string client_id() const;
  SessionStats stats() const;

  /// Ends the session in order. No event follows.
  void close();

 private:
  std::shared_ptr<detail::KvsSignalingState> state_;
};

}  // namespace kvs
}  // namespace petrel::inline v0

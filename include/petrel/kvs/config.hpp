#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "petrel/base/abi.hpp"
#include "petrel/base/log.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/kvs/channel.hpp"
#include "petrel/kvs/control_plane.hpp"
#include "petrel/tls/connection.hpp"

namespace petrel::inline v0::kvs {

/// What a session with the signaling service is to be. Channel and role are needed, and a region unless
/// `channel` is an ARN, which has one.
struct SessionConfig {
  std::string channel{};  ///< Name or ARN.
  std::string region{};
  Role role = Role::master;
  /// Of a viewer: what the master sees and answers to. Empty: a random one. A master has none.
  std::string client_id{};
  /// A master makes the channel where there is none of that name.
  bool create_channel = true;
  ChannelOptions channel_options{};
  /// Talk to the channel's storage session (recording) instead of to viewers or the master. The service then
  /// sends the offer, to a viewer too.
  bool storage_session = false;
  /// Where the control plane is, such as "http://127.0.0.1:8080"; empty: AWS. The other hosts come from its
  /// answers.
  std::string endpoint_url{};
  std::string user_agent = "petrel";

  Duration call_limit = std::chrono::seconds(10);     ///< For one REST call, TLS handshake included.
  Duration connect_limit = std::chrono::seconds(15);  ///< For the WebSocket to open.
  Duration ping_after = std::chrono::seconds(20);     ///< Of silence.
  Duration pong_limit = std::chrono::seconds(15);     ///< Without an answer: the connection is dead.
  /// The service cuts connections at one hour; another is made before that, less up to three random minutes.
  Duration connection_life = std::chrono::minutes(55);
  LogSink* log = nullptr;  ///< Outlives the session. It is never given a secret.
};

/// What is wrong with a configuration: Errc::bad_channel, bad_region, bad_client_id, or http::Errc of the
/// URL.
PETREL_API Result<void> check(const SessionConfig& config);

/// The region, from the configuration or its ARN; empty if there is none.
PETREL_API std::string region_of(const SessionConfig& config);

}  // namespace petrel::inline v0::kvs

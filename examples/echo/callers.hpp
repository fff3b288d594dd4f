#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "petrel/http/message.hpp"
#include "petrel/peer_connection.hpp"

namespace echo {

/// Everybody whose camera and microphone are being sent back.
///
/// Frames go from a caller's receiver to its own sender, as frames: taken apart, put
/// together and taken apart again, so that this is also a test of both directions.
class Callers {
 public:
  static constexpr std::size_t max_callers = 16;

  /// `network` outlives this object.
  Callers(petrel::Network& network, petrel::PeerConfig config)
      : network_(network), config_(std::move(config)) {}

  /// Answers one offer: `POST /offer`, with all candidates in the answer.
  asio::awaitable<petrel::http::Response> create(std::string offer);

  void close() { callers_.clear(); }

 private:
  petrel::Result<void> negotiate(std::uint64_t id, petrel::PeerConnection& peer, std::string offer);

  petrel::Network& network_;
  petrel::PeerConfig config_;
  std::map<std::uint64_t, petrel::PeerConnection> callers_;
  std::uint64_t last_id_ = 0;
};

}  // namespace echo

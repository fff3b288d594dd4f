#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <map>
#include <string>

#include "petrel/http/message.hpp"
#include "petrel/peer_connection.hpp"

namespace echo {

/// Everybody whose camera, microphone and messages are being sent back.
///
/// Frames go from a caller's receiver to its own sender, as frames: taken apart, put
/// together and taken apart again, so that this is also a test of both directions. Messages go back
/// on the data channel that they came by: one of the browser's, one that is opened from here, or the
/// one that both sides know beforehand.
class Callers {
 public:
  static constexpr std::size_t max_callers = 16;
  /// The stream of the channel that needs no announcement, in a browser:
  /// `createDataChannel(…, { negotiated: true, id: 100 })`.
  static constexpr std::uint16_t agreed_id = 100;

  /// `network` outlives this object.
  Callers(petrel::Network& network, petrel::PeerConfig config)
      : network_(network), config_(std::move(config)) {}

  /// Answers one offer: `POST /offer`, with all candidates in the answer.
  asio::awaitable<petrel::http::Response> create(std::string offer);

  void close() { callers_.clear(); }

 private:
  static petrel::DataChannelInit agreed_channel() { return {.negotiated = true, .id = agreed_id}; }
  petrel::Result<void> negotiate(std::uint64_t id, petrel::PeerConnection& peer, std::string offer);
  petrel::Result<void> open_channels(petrel::PeerConnection& peer);
  void echo(petrel::DataChannel channel);

  petrel::Network& network_;
  petrel::PeerConfig config_;
  std::map<std::uint64_t, petrel::PeerConnection> callers_;
  std::uint64_t last_id_ = 0;
};

}  // namespace echo

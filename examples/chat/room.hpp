#pragma once

#include <asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/http/message.hpp"
#include "petrel/peer_connection.hpp"

namespace chat {

/// Everybody who talks: pages, each by a data channel of its own, and the terminal.
class Room {
 public:
  static constexpr std::size_t max_guests = 16;

  /// `network` outlives this object. `print` shows one line on the terminal.
  Room(petrel::Network& network, petrel::PeerConfig config, std::function<void(const std::string&)> print)
      : network_(network), config_(std::move(config)), print_(std::move(print)) {}

  /// Answers one offer: `POST /offer`, with all candidates in the answer.
  asio::awaitable<petrel::http::Response> enter(std::string offer);

  /// What the terminal says, to every page.
  void say(std::string_view text) { pass_on(0, text); }

  void close() { guests_.clear(); }

 private:
  struct Guest {
    Guest(petrel::Network& network, petrel::PeerConfig config) : peer(network, std::move(config)) {}

    petrel::PeerConnection peer;
    std::optional<petrel::DataChannel> channel;
  };

  petrel::Result<void> negotiate(std::uint64_t id, Guest& guest, std::string offer);
  void seat(std::uint64_t id, petrel::DataChannel channel);
  void leave(std::uint64_t id);
  void pass_on(std::uint64_t from, std::string_view text);

  petrel::Network& network_;
  petrel::PeerConfig config_;
  std::function<void(const std::string&)> print_;
  std::map<std::uint64_t, Guest> guests_;
  std::uint64_t last_id_ = 0;  // 0 is the terminal.
};

}  // namespace chat

#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/peer_connection.hpp"

namespace interop {

/// What petrel does with data channels in a call: it opens channels of every kind, takes those of the
/// peer, and sends messages that the peer has to send back (docs/interop.md). What the peer saw of it is
/// compared elsewhere, with result().
///
/// A step that goes wrong is a problem in the result, and the next one follows. A step that waits for what
/// never comes is seen by its name, which is in the result too.
class ChannelScript {
 public:
  /// `settings` is `data` of the start. All of them outlive this object.
  ChannelScript(petrel::PeerConnection& peer, petrel::Network& network, nlohmann::json settings);

  /// Before the offer: makes the channels that it is to speak of, and the negotiated ones.
  void prepare();
  /// The peer's description, which says how much it takes.
  void handle_description(std::string_view sdp);
  void announced(petrel::DataChannel channel);
  /// Once connected. Its end is told by `done`.
  asio::awaitable<void> run(std::function<void()> done);

  bool has_begun() const { return step_ != "start"; }
  bool is_over() const { return is_over_; }
  /// Labels of the channels that the peer must have seen close.
  nlohmann::json closed() const { return closed_; }
  nlohmann::json result() const;

 private:
  /// One channel, and all that went over it.
  struct Line {
    petrel::DataChannel channel;
    bool by_peer = false;
    std::vector<std::byte> sent{};
    std::vector<std::byte> received{};
    std::size_t messages_sent = 0;
    std::size_t messages_received = 0;
    std::optional<std::uint16_t> id{};
  };
  using Messages = std::vector<petrel::Message>;

  Line& make(const std::string& label, petrel::DataChannelInit init = {});
  /// The channel that the peer has opened, or will.
  asio::awaitable<Line*> theirs(std::string label);
  /// Sends them all, and takes the same back, in this order where the channel has one.
  asio::awaitable<void> exchange(Line& line, Messages messages);
  asio::awaitable<void> send_all(Line& line, std::shared_ptr<const Messages> messages);
  /// Until it is closed. What still comes is a problem.
  asio::awaitable<void> until_closed(Line& line);
  asio::awaitable<void> step(std::string name, asio::awaitable<void> (ChannelScript::*work)());

  asio::awaitable<void> exchange_sizes();
  asio::awaitable<void> refuse_too_long();
  asio::awaitable<void> open_kinds();
  asio::awaitable<void> use_theirs();
  asio::awaitable<void> use_negotiated();
  asio::awaitable<void> open_hundred();
  asio::awaitable<void> stream();
  asio::awaitable<void> close_all_ways();
  asio::awaitable<void> use_ids_again();

  std::size_t largest() const;
  /// What the peer is known to be unable to do is not tried.
  bool cannot(const std::string& what) const;

  petrel::PeerConnection& peer_;
  petrel::Network& network_;
  nlohmann::json settings_;
  asio::steady_timer arrival_;  ///< Never due; cancelled when the peer has opened a channel.
  std::map<std::string, Line> lines_;
  std::size_t peer_takes_ = 65536;  ///< RFC 8841 6.1: what is meant where nothing is said. 0: any.
  nlohmann::json closed_ = nlohmann::json::array();
  nlohmann::json steps_ = nlohmann::json::object();  ///< Milliseconds of each.
  nlohmann::json problems_ = nlohmann::json::array();
  std::string step_ = "start";
  bool is_over_ = false;
};

}  // namespace interop

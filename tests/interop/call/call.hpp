#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "interop/call/channel_script.hpp"
#include "petrel/peer_connection.hpp"

namespace interop {

/// One call with a peer of another make, driven by JSON lines; docs/interop.md has them all.
///
/// It sends the frames that it was told to, over and over, counts those that come, and uses data channels
/// as its script says. Knows nothing of where the lines come from and go to, nor of who the peer is.
class Call {
 public:
  using Tell = std::function<void(const nlohmann::json&)>;

  /// `network` outlives this object.
  Call(petrel::Network& network, Tell tell);

  /// Throws nlohmann::json::exception for a line that lacks something, std::system_error for a
  /// configuration that petrel refuses. A description that is refused is told as a failure.
  void handle(const nlohmann::json& line);

 private:
  /// One kind of media: what goes out, and how much came in.
  struct Medium {
    petrel::Codec codec;
    std::shared_ptr<const petrel::EncodedFrame> frame;
    std::chrono::milliseconds interval{};
    std::optional<petrel::Sender> sender{};
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
  };

  void start(const nlohmann::json& settings);
  void handle_description(const nlohmann::json& description);
  void handle_candidate(const nlohmann::json& candidate);

  void watch();
  void offer();
  void answer();
  void take_media();
  void tell_description();
  asio::awaitable<void> tell_when_gathered();
  asio::awaitable<void> send(petrel::Kind kind);
  void count(petrel::Kind kind);
  void tell_when_enough();
  void fail(const std::string& what);
  nlohmann::json result() const;

  petrel::Network& network_;
  Tell tell_;
  std::optional<petrel::PeerConnection> peer_;
  std::map<petrel::Kind, Medium> media_;
  std::optional<ChannelScript> script_;
  std::uint64_t enough_ = 0;  ///< Frames of each kind.
  bool offers_ = false;
  bool trickles_ = true;
  bool told_enough_ = false;
};

}  // namespace interop

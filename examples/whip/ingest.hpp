#pragma once

#include <asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "petrel/http/message.hpp"
#include "petrel/io/whip_server.hpp"
#include "petrel/peer_connection.hpp"
#include "petrel/whip/link.hpp"
#include "petrel/whip/server.hpp"

namespace whip_server {

/// The one who publishes, by WHIP. One at a time: a second is turned away while the first is connected, and
/// takes their place when they are not.
///
/// Everything on the network's executor.
class Ingest {
 public:
  static constexpr std::string_view endpoint = "/whip";

  using OnFrame = std::function<void(const std::shared_ptr<const petrel::EncodedFrame>&)>;
  struct Outputs {
    std::function<void(bool has_sound)> on_publisher;  ///< One has come, nothing of theirs has yet.
    OnFrame on_picture;
    OnFrame on_sound;
  };

  /// `network` outlives this object. `recommended` are the ICE servers that publishers are told of.
  Ingest(petrel::io::Network& network, petrel::PeerConfig config,
         std::vector<petrel::whip::IceServer> recommended, Outputs outputs);

  /// Answers what whip::route() has made of a request below `endpoint`.
  asio::awaitable<petrel::http::Response> respond(petrel::whip::SessionAction action);
  /// Somebody who watches has lost the picture.
  void request_key_frame();
  void close() { publisher_.reset(); }

 private:
  struct Publisher {
    Publisher(petrel::io::Network& network, petrel::PeerConfig config)
        : served(petrel::whip::new_session(network.random())), peer(network, std::move(config)) {}

    petrel::whip::ServedSession served;
    petrel::PeerConnection peer;
    std::optional<petrel::Receiver> picture{};
    std::optional<petrel::Receiver> sound{};
    bool told = false;
  };

  asio::awaitable<petrel::http::Response> create(petrel::whip::SessionCreate request);
  petrel::Result<void> negotiate(Publisher& publisher, std::string offer);
  void on_state(petrel::ConnectionState state);
  bool is_here(const std::string& session) const { return publisher_ && publisher_->served.id == session; }
  void recommend(petrel::http::Response& response) const;

  petrel::io::Network& network_;
  petrel::PeerConfig config_;
  std::vector<petrel::whip::IceServer> recommended_;
  Outputs outputs_;
  std::optional<Publisher> publisher_;
  std::uint64_t publishers_ = 0;
};

}  // namespace whip_server

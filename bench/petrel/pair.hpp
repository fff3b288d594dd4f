#pragma once

#include <functional>

#include "petrel/data_channel.hpp"
#include "petrel/peer_connection.hpp"

namespace petrel::bench {

/// Two peers with one data channel between them, and its signalling, which trickles. Each lives on
/// the executor of its network, which may be another thread's.
class Pair {
 public:
  Pair(io::Network& offerer_network, io::Network& answerer_network, const PeerConfig& config = {});
  /// On a context that is not running, or from its own thread.
  ~Pair() = default;
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  /// Creates the channel "bench" and calls. `opened` comes on the offerer's executor, with its end;
  /// `announced` on the answerer's.
  void call(std::function<void(DataChannel)> opened, std::function<void(DataChannel)> announced);

  PeerConnection& offerer() { return offerer_; }
  PeerConnection& answerer() { return answerer_; }

 private:
  void trickle(PeerConnection& from, PeerConnection& to, io::Network& network_of_to);

  io::Network& offerer_network_;
  io::Network& answerer_network_;
  PeerConnection offerer_;
  PeerConnection answerer_;
};

}  // namespace petrel::bench

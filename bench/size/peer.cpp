// A call that sends video: a PeerConnection with all that it needs.
#include <asio/io_context.hpp>
#include <iostream>

#include "petrel/peer_connection.hpp"

int main() {
  asio::io_context io(1);
  petrel::Network network(io.get_executor());
  petrel::PeerConnection peer(network);
  const auto video = peer.add_transceiver(petrel::Kind::video, {.direction = petrel::Direction::send_only});
  if (!video || !peer.set_local_description()) return 1;
  std::cout << peer.local_description()->sdp.size() << " bytes of SDP\n";
}

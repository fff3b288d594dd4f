// The same, and the master of a channel of Kinesis Video Streams: signaling, WebSocket, HTTP, TLS.
#include <asio/io_context.hpp>
#include <iostream>

#include "petrel/io/kvs_signaling.hpp"
#include "petrel/peer_connection.hpp"

int main() {
  asio::io_context io(1);
  petrel::Network network(io.get_executor());
  petrel::kvs::Signaling signaling(network, {.channel = "door", .region = "eu-west-1"});
  petrel::PeerConnection peer(network, signaling.peer_config());
  signaling.on_event([&](const petrel::kvs::Event& event) {
    if (const auto* offer = std::get_if<petrel::kvs::Offer>(&event))
      std::cout << peer.set_remote_description({petrel::SdpType::offer, offer->sdp}).has_value() << '\n';
    io.stop();
  });
  io.run();
}

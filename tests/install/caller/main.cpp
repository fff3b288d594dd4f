// Two peers of one process call each other over loopback; one says hello by a data channel.

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "petrel/peer_connection.hpp"

asio::awaitable<void> talk(petrel::PeerConnection& caller, petrel::PeerConnection& called) {
  petrel::DataChannel channel = caller.create_data_channel("greeting").value();
  caller.set_local_description().value();
  const petrel::SessionDescription offer = co_await caller.gathered_description();
  called.set_remote_description(offer).value();
  called.set_local_description().value();
  const petrel::SessionDescription answer = co_await called.gathered_description();
  caller.set_remote_description(answer).value();
  co_await channel.send("hello");
  const auto reply = co_await channel.receive();
  if (reply) std::printf("%s\n", std::string(reply->text()).c_str());
  caller.close();
  called.close();
}

int main() {
  asio::io_context io(1);
  petrel::Network network(io.get_executor());
  petrel::PeerConnection caller(network);
  petrel::PeerConnection called(network);
  called.on_data_channel([](petrel::DataChannel channel) {
    channel.on_message([channel](petrel::Message message) mutable {
      static_cast<void>(channel.try_send(std::string(message.text()) + ", too"));
    });
  });
  asio::co_spawn(io, talk(caller, called), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  io.run();
}

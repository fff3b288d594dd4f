// Tests an application on a network that exists in this program only.
//
//   petrel-simulation [capture.pcapng]
//
// A camera and a viewer, each behind a NAT, call each other three times: through NATs that let
// STUN find a way, through two symmetric ones, which do not, and through those with a TURN
// server. Most of a minute of virtual time passes in a moment of real time.

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <utility>

#include "petrel/peer_connection.hpp"
#include "petrel/sim/host_network.hpp"
#include "petrel/sim/key_log.hpp"
#include "petrel/sim/wall_clock.hpp"
#include "petrel/sim/world.hpp"
#include "petrel/turn_server/server.hpp"

namespace {

using namespace std::chrono_literals;
namespace sim = petrel::sim;
namespace turn_server = petrel::turn_server;
using petrel::Direction, petrel::Kind, petrel::PeerConnection;

const petrel::Endpoint server_at = petrel::Endpoint::v4(192, 0, 2, 1, 3478);

// ---- The application: it takes an io::Network&, and runs on a petrel::Network just the same.

struct Camera {
  Camera(petrel::io::Network& network, petrel::PeerConfig config)
      : peer(network, std::move(config)),
        video(peer.add_transceiver(Kind::video, {.direction = Direction::send_only}).value()) {}

  void film(petrel::TimePoint now) {
    static constexpr unsigned char picture[] = {0, 0,    0,    1,    0x67, 0x42, 0xc0, 0x1f, 0, 0,    0,
                                                1, 0x68, 0xce, 0x3c, 0x80, 0,    0,    0,    1, 0x65, 0x88};
    const auto frame = petrel::EncodedFrame::make(std::as_bytes(std::span(picture)),
                                                  {.capture_time = now, .key_frame = true});
    static_cast<void>(video.sender().send_frame(frame));  // Refused until they are connected.
  }

  bool failed() const { return peer.connection_state() == petrel::ConnectionState::failed; }
  PeerConnection peer;
  petrel::Transceiver video;
};

struct Viewer {
  Viewer(petrel::io::Network& network, petrel::PeerConfig config) : peer(network, std::move(config)) {
    peer.on_track([this](petrel::Transceiver track) {
      track.receiver().on_frame([this](const auto&) { ++frames_seen; });
    });
  }

  PeerConnection peer;
  int frames_seen = 0;
};

asio::awaitable<void> introduce(PeerConnection& caller, PeerConnection& called) {
  caller.set_local_description().value();
  const petrel::SessionDescription offer = co_await caller.gathered_description();
  called.set_remote_description(offer).value();
  called.set_local_description().value();
  const petrel::SessionDescription answer = co_await called.gathered_description();
  caller.set_remote_description(answer).value();
}

// ---- Its test.

bool call_works(const sim::NatConfig& nat, petrel::IceServer ice_server, const char* capture = nullptr) {
  sim::World world(/*seed=*/7, {.latency = 40ms, .jitter = 5ms});
  world.on_time(sim::set_wall_clock);  // For OpenSSL's timers.
  if (capture != nullptr) world.capture(capture).value();
  sim::KeyLog keys(world);

  sim::SeededRandom dice = world.fork_random();
  turn_server::ServerConfig server_config{
      .listeners = {{server_at}}, .realm = "example.org", .users = {{"camera", "a long password"}}};
  server_config.allow_peers = {petrel::IpPrefix::parse("198.18.0.0/15").value()};
  auto server = turn_server::Server::create(world.now(), server_config, dice).value();
  world.attach(world.add_host({.name = "server", .addresses = {server_at.address}}), server);

  asio::io_context context;  // The world runs it.
  sim::HostNetwork camera_network(world, world.add_host({.name = "camera", .behind = nat}), context);
  sim::HostNetwork viewer_network(world, world.add_host({.name = "viewer", .behind = nat}), context);
  Camera camera(camera_network, {.ice_servers = {std::move(ice_server)}, .key_log = &keys});
  Viewer viewer(viewer_network, {.ice_servers = {{.url = "stun:" + server_at.to_string()}}});
  const std::function<void()> film = [&] {
    camera.film(world.now());
    world.after(33ms, film);
  };
  film();

  asio::co_spawn(context, introduce(camera.peer, viewer.peer), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  world.run_until([&] { return viewer.frames_seen >= 90 || camera.failed(); }, 2min);
  const std::chrono::duration<double> time = world.now().time_since_epoch();
  std::printf("After %.1f s the viewer saw %d frames. %s\n", time.count(), viewer.frames_seen,
              camera.peer.why().c_str());
  return viewer.frames_seen >= 90;
}

}  // namespace

int main(int argc, char** argv) {
  const petrel::IceServer stun{"stun:" + server_at.to_string()};
  const petrel::IceServer turn{"turn:" + server_at.to_string(), "camera", "a long password"};
  const bool as_expected =
      call_works(sim::NatConfig::port_restricted(), stun, argc > 1 ? argv[1] : nullptr) &&
      !call_works(sim::NatConfig::symmetric(), stun) && call_works(sim::NatConfig::symmetric(), turn);
  return as_expected ? 0 : 1;
}

// Tests an application on a network that exists in this program only.
//
//   petrel-simulation [capture.pcapng]
//
// A camera and a viewer, each behind a NAT, call each other twice: through NATs that let STUN
// find a way, and through two symmetric ones, which need the TURN server that nobody has set
// up. Most of a minute of virtual time passes in a moment of real time.

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
#include "petrel/sim/world.hpp"
#include "petrel/turn_server/server.hpp"

namespace {

using namespace std::chrono_literals;
namespace sim = petrel::sim;
using petrel::ConnectionState;
using petrel::PeerConnection;

constexpr petrel::Duration frame_interval = 33ms;
const petrel::Endpoint stun_at = petrel::Endpoint::v4(192, 0, 2, 1, 3478);

// ---- The application: it takes an io::Network&, and runs on a petrel::Network just the same.

struct Camera {
  Camera(petrel::io::Network& network, petrel::PeerConfig config)
      : peer(network, std::move(config)),
        video(
            peer.add_transceiver(petrel::Kind::video, {.direction = petrel::Direction::send_only}).value()) {}

  void film(petrel::TimePoint now) {
    static constexpr unsigned char picture[] = {0, 0,    0,    1,    0x67, 0x42, 0xc0, 0x1f, 0, 0,    0,
                                                1, 0x68, 0xce, 0x3c, 0x80, 0,    0,    0,    1, 0x65, 0x88};
    const auto frame = petrel::EncodedFrame::make(std::as_bytes(std::span(picture)),
                                                  {.capture_time = now, .key_frame = true});
    static_cast<void>(video.sender().send_frame(frame));  // Refused until they are connected.
  }

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

bool call_works_between(const sim::NatConfig& camera_nat, const sim::NatConfig& viewer_nat,
                        const char* capture) {
  sim::World world(/*seed=*/7, {.latency = 40ms, .jitter = 5ms});
  if (capture != nullptr) world.capture(capture).value();
  sim::KeyLog keys(world);

  const sim::HostId stun_host = world.add_host({.name = "stun", .addresses = {stun_at.address}});
  sim::SeededRandom dice = world.fork_random();
  auto stun =
      petrel::turn_server::Server::create(world.now(), {.listeners = {{stun_at}}, .stun_only = true}, dice)
          .value();
  world.attach(stun_host, stun);

  asio::io_context context;  // The world runs it.
  sim::HostNetwork camera_network(world, world.add_host({.name = "camera", .behind = camera_nat}), context);
  sim::HostNetwork viewer_network(world, world.add_host({.name = "viewer", .behind = viewer_nat}), context);
  const petrel::PeerConfig config{.ice_servers = {{.url = "stun:" + stun_at.to_string()}}, .key_log = &keys};
  Camera camera(camera_network, config);
  Viewer viewer(viewer_network, config);
  const std::function<void()> film = [&] {
    camera.film(world.now());
    world.after(frame_interval, film);
  };
  world.after(0s, film);

  asio::co_spawn(context, introduce(camera.peer, viewer.peer), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
  world.run_until(
      [&] { return viewer.frames_seen >= 90 || camera.peer.connection_state() == ConnectionState::failed; },
      2min);
  const std::chrono::duration<double> time = world.now().time_since_epoch();
  std::printf("After %.1f s the viewer saw %d frames. %s\n", time.count(), viewer.frames_seen,
              camera.peer.why().c_str());
  return viewer.frames_seen >= 90;
}

}  // namespace

int main(int argc, char** argv) {
  const char* const capture = argc > 1 ? argv[1] : nullptr;
  const auto home = sim::NatConfig::port_restricted(), company = sim::NatConfig::symmetric();
  const bool as_expected =
      call_works_between(home, home, capture) && !call_works_between(company, company, nullptr);
  return as_expected ? 0 : 1;
}

#include "petrel/io/kvs_signaling.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kvs_service/service.hpp"
#include "petrel/base/errc.hpp"
#include "shared/flow_runner.hpp"

namespace petrel::inline v0::kvs {
namespace {

using kvs_service::Service;

// The stand-in for the service on loopback, and clients of it, on one network.
struct Scene {
  Scene() {
    while (!listening) io.run_one();
    service.with([&](Service& core, TimePoint) { core.set_authority(listening->to_string()); });
  }

  SessionConfig config(Role role, std::string id = {}) const {
    SessionConfig made{
        .channel = "front-door", .region = "us-west-2", .role = role, .client_id = std::move(id)};
    made.endpoint_url = "http://" + listening->to_string();
    return made;
  }
  SignalingOptions keys() const { return {.credentials = Credentials{"AKID", "secret"}, .tls = {}}; }

  asio::io_context io{1};
  Network network{io.get_executor(), {.include_loopback = true}};
  std::optional<Endpoint> listening;
  shared::FlowRunner<Service> service{
      network,
      [this](const Service::Event& event) {
        if (const auto* opened = std::get_if<kvs_service::Listening>(&event)) {
          listening = opened->local;
        }
      },
      kvs_service::ServiceConfig{
          .listen = Endpoint::v4(127, 0, 0, 1, 0),
          .accounts = {{"AKID", {"secret"}}},
          .turn_urls = {"turn:127.0.0.1:3478?transport=udp", "turn:127.0.0.1:3478?transport=carrier-pigeon",
                        "turns:127.0.0.1:5349?transport=tcp"},
          .turn_secret = "north"},
      network.unix_time()};
};

template <class E>
asio::awaitable<E> next(Signaling& signaling) {
  while (auto event = co_await signaling.next_event()) {
    if (auto* match = std::get_if<E>(&*event)) co_return std::move(*match);
  }
  throw std::runtime_error("the session ended");
}

// Runs a test's coroutine to its end.
template <class Test>
void run(Scene& scene, Test test) {
  std::exception_ptr error;
  bool done = false;
  asio::co_spawn(scene.io, std::move(test), [&](std::exception_ptr thrown) {
    error = thrown;
    done = true;
  });
  while (!done) scene.io.run_one();
  if (error) std::rethrow_exception(error);
}

TEST(KvsSignaling, MasterAndViewerTalk) {
  Scene scene;
  run(scene, [&]() -> asio::awaitable<void> {
    Signaling master(scene.network, scene.config(Role::master), scene.keys());
    co_await next<Connected>(master);
    Signaling viewer(scene.network, scene.config(Role::viewer, "viewer-1"), scene.keys());
    co_await next<Connected>(viewer);
    EXPECT_TRUE(viewer.send_offer("v=0"));
    const Offer offer = co_await next<Offer>(master);
    EXPECT_EQ(offer.peer, "viewer-1");
    EXPECT_TRUE(master.send_answer(offer.peer, "v=1"));
    EXPECT_TRUE(master.send_candidate(offer.peer, {"candidate:1", "0", 0}));
    EXPECT_EQ((co_await next<Answer>(viewer)).sdp, "v=1");
    EXPECT_EQ((co_await next<Candidate>(viewer)).candidate.candidate, "candidate:1");

    // Not the one of a kind that is not known.
    const auto servers = viewer.ice_servers();
    EXPECT_EQ(servers.size(), 3U);
    EXPECT_EQ(servers[0].url, "stun:stun.kinesisvideo.us-west-2.amazonaws.com:443");
    EXPECT_EQ(servers[2].url, "turns:127.0.0.1:5349?transport=tcp");
    EXPECT_FALSE(servers[2].credential.empty());
    EXPECT_EQ(viewer.peer_config({.ice_udp = false}).ice_servers.size(), 3U);
    EXPECT_EQ(viewer.client_id(), "viewer-1");
    EXPECT_FALSE(master.channel_arn().empty());
  });
}

TEST(KvsSignaling, TellsByCallbackToo) {
  Scene scene;
  bool connected = false;
  auto master = std::make_unique<Signaling>(scene.network, scene.config(Role::master), scene.keys());
  master->on_event([&](const Event& event) {
    if (!std::holds_alternative<Connected>(event)) return;
    connected = true;
    master.reset();  // Legal inside of it.
  });
  while (!connected) scene.io.run_one();
  EXPECT_FALSE(master);
}

TEST(KvsSignaling, FailureEndsTheEvents) {
  Scene scene;
  run(scene, [&]() -> asio::awaitable<void> {
    Signaling viewer(scene.network, scene.config(Role::viewer), scene.keys());
    const SessionFailed failed = co_await next<SessionFailed>(viewer);
    EXPECT_EQ(failed.error, Errc::channel_not_found);
    EXPECT_FALSE(co_await viewer.next_event());
  });
}

TEST(KvsSignaling, AsksItsOwnerForCredentials) {
  Scene scene;
  run(scene, [&]() -> asio::awaitable<void> {
    Signaling master(scene.network, scene.config(Role::master), {.credentials = AskOwner{}, .tls = {}});
    co_await next<CredentialsWanted>(master);
    master.set_credentials({"AKID", "secret"});
    co_await next<Connected>(master);
  });
}

TEST(KvsSignaling, MisuseIsTold) {
  Scene scene;
  SessionConfig nameless = scene.config(Role::master);
  nameless.channel.clear();
  EXPECT_THROW(Signaling(scene.network, nameless, scene.keys()), std::system_error);
  run(scene, [&]() -> asio::awaitable<void> {
    Signaling master(scene.network, scene.config(Role::master), scene.keys());
    EXPECT_EQ(master.send_offer("v=0").error(), petrel::Errc::wrong_state);
    master.close();
    EXPECT_FALSE(co_await master.next_event());
    EXPECT_EQ(master.send_answer("v", "v=0").error(), petrel::Errc::closed);
  });
}

TEST(KvsSignaling, OutlivesItsNetwork) {
  asio::io_context io(1);
  auto network = std::make_unique<Network>(io.get_executor());
  SessionConfig config{.channel = "front-door", .region = "us-west-2"};
  config.endpoint_url = "http://127.0.0.1:9";
  Signaling master(*network, config, {.credentials = Credentials{"AKID", "secret"}, .tls = {}});
  network.reset();
  EXPECT_EQ(master.send_answer("v", "v=0").error(), petrel::Errc::closed);
}

}  // namespace
}  // namespace petrel::inline v0::kvs

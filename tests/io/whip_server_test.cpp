#include "petrel/io/whip_server.hpp"

#include <gtest/gtest.h>

#include <set>

#include "whip_scene.hpp"

namespace petrel::inline v0::whip {
namespace {

using namespace std::chrono_literals;

// A peer that has answered an offer, and what a PATCH on it is answered.
struct Served {
  Served()
      : network(world, world.add_host({.name = "server"}), context), session(new_session(network.random())) {
    client.emplace(network);
    (void)client->add_transceiver(Kind::video, {.direction = Direction::send_only});
    (void)client->set_local_description();
    peer.emplace(network);
    (void)peer->set_remote_description(*client->local_description());
    (void)peer->set_local_description();
  }
  http::Response patch(SessionTrickle request) {
    std::optional<http::Response> response;
    asio::co_spawn(
        context,
        [&]() -> asio::awaitable<void> {
          auto applying = apply(*peer, session, std::move(request), network.random(), 500ms);
          response = co_await std::move(applying);
        },
        asio::detached);
    EXPECT_TRUE(world.run_until([&] { return response.has_value(); }, 5s));
    return response.value_or(http::Response{});
  }

  sim::World world{1};
  asio::io_context context;
  sim::HostNetwork network;
  std::optional<PeerConnection> client;
  std::optional<PeerConnection> peer;
  ServedSession session;
};

TEST(WhipServer, NamesSessionsSoThatNobodyGuessesThem) {
  sim::SeededRandom random(1);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const ServedSession session = new_session(random);
    EXPECT_EQ(session.id.size(), 32u);
    seen.insert(session.id);
    seen.insert(session.etag);
  }
  EXPECT_EQ(seen.size(), 200u);
}

TEST(WhipServer, TakesCandidatesOfItsGeneration) {
  Served served;
  const std::string etag = served.session.etag;
  const TrickleFragment fragment{
      {},
      {},
      {{.mid = "0", .ufrag = {}, .pwd = {}, .candidates = {"candidate:1 1 udp 1 192.0.2.1 5000 typ host"}}}};
  EXPECT_EQ(served.patch({"id", "\"" + etag + "\"", fragment}).status, http::Status::no_content);
  EXPECT_EQ(served.patch({"id", std::nullopt, fragment}).status, http::Status::no_content);
  EXPECT_EQ(served.patch({"id", "\"another\"", fragment}).status, http::Status::precondition_failed);
  EXPECT_EQ(served.session.etag, etag);
}

TEST(WhipServer, RestartsIceForNewCredentials) {
  Served served;
  const std::string etag = served.session.etag;
  const http::Response response = served.patch({"id", "*", {"new1", "newpasswordnewpassword", {}}});
  ASSERT_EQ(response.status, http::Status::ok);
  EXPECT_NE(served.session.etag, etag);
  EXPECT_EQ(response.headers.get("ETag"), "\"" + served.session.etag + "\"");
  const auto fragment = parse_trickle_fragment(response.body);
  ASSERT_TRUE(fragment);
  EXPECT_FALSE(fragment->ufrag.empty());
  EXPECT_FALSE(fragment->sections.empty());
}

TEST(WhipServer, RefusesCredentialsThatCannotBeUsed) {
  Served served;
  const std::string etag = served.session.etag;
  EXPECT_EQ(served.patch({"id", "*", {"new1", "short", {}}}).status, http::Status::unprocessable_content);
  EXPECT_EQ(served.session.etag, etag);
}

}  // namespace
}  // namespace petrel::inline v0::whip

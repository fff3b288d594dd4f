#include "datachannel/core.hpp"

#include <gtest/gtest.h>

#include "datachannel/core_bench.hpp"

namespace petrel::inline v0::datachannel {
namespace {

std::error_code refusal(CoreBench& bench, std::string label, ChannelInit init) {
  const auto created = bench.core.create(bench.now, std::move(label), std::move(init));
  return created ? std::error_code() : created.error();
}

TEST(Core, OpensWhatWasCreatedBeforeWhenTheAssociationIsUp) {
  CoreBench bench;
  const ChannelId channel = bench.create("chat", {.protocol = "v1"});
  EXPECT_EQ(bench.core.info(channel)->state, State::connecting);
  EXPECT_EQ(bench.core.info(channel)->init.id, std::nullopt);
  bench.start();
  EXPECT_TRUE(bench.link->connecting);
  EXPECT_EQ(bench.stream_of(channel), 1);
  EXPECT_EQ(bench.events(), Names{});

  bench.connect();

  EXPECT_EQ(bench.events(), (Names{"connected", "opened 1"}));
  const auto sent = bench.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].stream, 1);
  EXPECT_EQ(sent[0].protocol, 50U);
  EXPECT_TRUE(sent[0].delivery.ordered);
  const auto open = parse_open(sent[0].payload);
  ASSERT_TRUE(open);
  EXPECT_EQ(open->label, "chat");
  EXPECT_EQ(open->protocol, "v1");
  EXPECT_EQ(open->priority, 256);
}

TEST(Core, OpensAtOnceWhatIsCreatedLater) {
  CoreBench bench;
  bench.connect();
  bench.create();
  EXPECT_EQ(bench.events(), (Names{"connected", "opened 1"}));
  EXPECT_EQ(bench.sent().size(), 1U);
}

TEST(Core, SaysNothingOnTheWireOfANegotiatedChannel) {
  CoreBench bench;
  const ChannelId channel = bench.create("both", {.negotiated = true, .id = 8});
  bench.connect();
  EXPECT_EQ(bench.events(), (Names{"connected", "opened 1"}));
  EXPECT_EQ(bench.sent().size(), 0U);
  EXPECT_TRUE(bench.send(channel, "hello").value());
  EXPECT_EQ(bench.sent().at(0).stream, 8);
}

TEST(Core, TakesStreamsByDtlsRole) {
  for (const bool is_client : {true, false}) {
    CoreBench bench;
    const ChannelId early = bench.create();
    bench.start({.dtls_client = is_client});
    bench.connect();
    const ChannelId late = bench.create();
    EXPECT_EQ(bench.stream_of(early), is_client ? 0 : 1);
    EXPECT_EQ(bench.stream_of(late), is_client ? 2 : 3);
  }
}

TEST(Core, PassesOverStreamsThatNegotiatedChannelsHave) {
  CoreBench bench;
  const ChannelId first = bench.create();
  bench.create("both", {.negotiated = true, .id = 1});
  bench.connect();
  EXPECT_EQ(bench.stream_of(first), 3);
}

TEST(Core, IgnoresAnIdThatIsNotNegotiated) {
  CoreBench bench;
  const ChannelId channel = bench.create("ours", {.id = 77});
  EXPECT_EQ(bench.core.info(channel)->init.id, std::nullopt);
  bench.connect();
  EXPECT_EQ(bench.stream_of(channel), 1);
}

TEST(Core, RefusesWhatCreateDataChannelThrowsOn) {
  CoreBench bench;
  EXPECT_EQ(refusal(bench, "", {.max_packet_life_time = 1, .max_retransmits = 1}), Errc::both_limits);
  EXPECT_EQ(refusal(bench, std::string(65536, 'x'), {}), Errc::name_too_long);
  EXPECT_EQ(refusal(bench, "", {.protocol = std::string(65536, 'x')}), Errc::name_too_long);
  EXPECT_EQ(refusal(bench, "", {.negotiated = true}), Errc::id_missing);
  EXPECT_EQ(refusal(bench, "", {.negotiated = true, .id = 1024}), Errc::bad_id);
  EXPECT_EQ(refusal(bench, "", {.negotiated = true, .id = 1023}), std::error_code());
  EXPECT_EQ(refusal(bench, "", {.negotiated = true, .id = 1023}), Errc::id_in_use);
  EXPECT_EQ(refusal(bench, std::string(65535, 'x'), {.protocol = std::string(65535, 'x')}),
            std::error_code());
  EXPECT_EQ(bench.core.error_detail(), "another channel has this id");
}

TEST(Core, HasRoomForSoManyChannels) {
  CoreBench bench({.max_channels = 2});
  bench.connect();
  bench.create();
  const ChannelId second = bench.create();
  EXPECT_EQ(refusal(bench, "", {}), petrel::Errc::limit_reached);
  // A channel that is closed has its place until its owner has heard of that.
  bench.core.close(bench.now, second);
  bench.peer_answers_reset(3);
  bench.peer_resets(3);
  EXPECT_EQ(refusal(bench, "", {}), petrel::Errc::limit_reached);
  bench.events();
  EXPECT_EQ(refusal(bench, "", {}), std::error_code());
}

// All odd streams but the last so many.
void use_up_streams(CoreBench& bench, std::uint16_t but) {
  for (std::uint32_t id = 1; id < 20U - 2 * but; id += 2) {
    ASSERT_FALSE(refusal(bench, "", {.negotiated = true, .id = static_cast<std::uint16_t>(id)}));
  }
}

TEST(Core, HasNoMoreStreamsThanThereAre) {
  CoreBench bench({.max_streams = 20});
  bench.start();
  use_up_streams(bench, 1);
  EXPECT_EQ(bench.stream_of(bench.create()), 19);
  EXPECT_EQ(refusal(bench, "", {}), Errc::no_id_left);
}

TEST(Core, ClosesWhatHasNoStreamAtTheStart) {
  CoreBench bench({.max_streams = 20});
  bench.create("first");
  bench.create("second");
  use_up_streams(bench, 1);
  bench.start();
  EXPECT_EQ(bench.events(), (Names{"closed 2: every channel id of our side is in use"}));
}

TEST(Core, DropsPacketsBeforeTheStart) {
  CoreBench bench;
  bench.core.handle_packet(bench.now, as_bytes("early"));
  bench.core.handle_timeout(bench.now);
  EXPECT_EQ(bench.core.next_timeout(), std::nullopt);
  EXPECT_FALSE(bench.core.poll_packet());
}

TEST(Core, ListsChannelsAndForgetsThem) {
  CoreBench bench;
  bench.connect();
  const ChannelId first = bench.create();
  const ChannelId second = bench.create();
  EXPECT_EQ(bench.core.channels(), (std::vector{first, second}));
  EXPECT_FALSE(bench.core.info(ChannelId{99}));
  bench.core.close(bench.now, first);
  bench.peer_answers_reset(1);
  bench.peer_resets(1);
  EXPECT_EQ(bench.core.info(first)->state, State::closed);
  bench.events();
  EXPECT_FALSE(bench.core.info(first));
  EXPECT_EQ(bench.core.channels(), std::vector{second});
}

TEST(Core, StartsOnce) {
  CoreBench bench;
  bench.connect();
  ScriptedLink* const first = bench.link;
  bench.core.start(bench.now, {.dtls_client = true}, std::make_unique<ScriptedLink>());
  bench.create();
  EXPECT_EQ(first->sent.size(), 1U);
  EXPECT_EQ(first->sent[0].stream, 1);
}

}  // namespace
}  // namespace petrel::inline v0::datachannel

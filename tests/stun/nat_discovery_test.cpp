// The discovery fed by hand. Against a server and every kind of NAT:
// tests/turn_server/nat_discovery_world_test.cpp.

#include "petrel/stun/nat_discovery.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "petrel/base/errc.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/errc.hpp"
#include "petrel/stun/message.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace std::chrono_literals;

const Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
const Endpoint other = Endpoint::v4(192, 0, 2, 2, 3479);
const IpAddress inside = IpAddress::v4(10, 0, 0, 2);
const IpAddress outside = IpAddress::v4(203, 0, 113, 5);
constexpr FlowId mapping_flow{1};
constexpr FlowId filtering_flow{2};

struct Asked {
  Transmit transmit;
  MessageView view;

  explicit Asked(Transmit sent)
      : transmit(std::move(sent)), view(MessageView::parse(transmit.payload.bytes()).value()) {}
};

struct Bench {
  explicit Bench(NatDiscoveryConfig config = {.server = server})
      : discovery(now, std::move(config), random) {}

  void open(IpAddress local = inside) {
    while (const auto request = discovery.poll_request()) {
      if (const auto* bind = std::get_if<BindUdp>(&*request)) {
        EXPECT_EQ(bind->local.port, 0);
        discovery.handle_flow(now, bind->flow, FlowOpened{{local, port_of(bind->flow)}});
      }
    }
  }
  static std::uint16_t port_of(FlowId flow) { return static_cast<std::uint16_t>(5000 + flow.value); }

  // What is asked now, each question once.
  std::vector<Asked> questions() {
    std::vector<Asked> asked;
    while (auto transmit = discovery.poll_transmit()) asked.emplace_back(std::move(*transmit));
    return asked;
  }
  bool answer(const Asked& asked, const Endpoint& from, const std::function<void(Builder&)>& fill,
              Class message_class = Class::success_response) {
    Builder builder(message_class, Method::binding, asked.view.id());
    if (fill) fill(builder);
    return discovery.handle_datagram(now, {asked.transmit.flow, from, {}, builder.finish().value().bytes()});
  }
  // Answers the first questions of both sockets, as a NAT that adds 1000 to ports would have it.
  void answer_first(const std::optional<Endpoint>& other_address = other, IpAddress address = outside,
                    std::uint16_t shift = 1000) {
    for (const Asked& asked : questions()) {
      answer(asked, server, [&](Builder& builder) {
        const Endpoint local{address, static_cast<std::uint16_t>(port_of(asked.transmit.flow) + shift)};
        builder.xor_mapped_address(local);
        if (other_address) builder.other_address(*other_address);
      });
    }
  }
  void advance(Duration duration) {
    now += duration;
    discovery.handle_timeout(now);
  }
  NatReport run_out() {
    for (int step = 0; step < 1000; ++step) {
      if (const auto report = discovery.poll_event()) return *report;
      const auto due = discovery.next_timeout();
      if (!due) break;
      now = std::max(now, *due);
      discovery.handle_timeout(now);
    }
    ADD_FAILURE() << "no end";
    return {};
  }

  TimePoint now{};
  testing::SeededRandom random{1};
  NatDiscovery discovery;
};
struct NatDiscoveryTest : ::testing::Test, Bench {};

TEST_F(NatDiscoveryTest, AsksNothingBeforeItsSocketsAreOpen) {
  EXPECT_TRUE(questions().empty());
  EXPECT_FALSE(discovery.next_timeout());
  open();
  const auto asked = questions();
  ASSERT_EQ(asked.size(), 2u);
  for (const Asked& each : asked) {
    EXPECT_EQ(each.transmit.destination, server);
    EXPECT_FALSE(each.view.change_request());
  }
}

TEST_F(NatDiscoveryTest, BindsToTheFamilyOfTheServer) {
  NatDiscovery sixth(now, {.server = *Endpoint::parse("[2001:db8::1]:3478")}, random);
  const auto request = sixth.poll_request();
  EXPECT_TRUE(std::get<BindUdp>(*request).local.address.is_v6());
}

TEST_F(NatDiscoveryTest, SaysThatUdpIsBlockedAfterTheLastWait) {
  open();
  advance(0s);
  for (int sending = 1; sending < 8; ++sending) advance(500ms);
  advance(2s - 1ns);
  EXPECT_FALSE(discovery.poll_event());
  advance(1ns);
  const auto report = discovery.poll_event();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->error, Errc::timed_out);
  EXPECT_FALSE(report->mapped);
  EXPECT_EQ(discovery.stats().sent, 16u);
  EXPECT_FALSE(discovery.next_timeout());
  EXPECT_EQ(std::get<CloseFlow>(*discovery.poll_request()).flow, mapping_flow);
  EXPECT_EQ(std::get<CloseFlow>(*discovery.poll_request()).flow, filtering_flow);
}

TEST_F(NatDiscoveryTest, ReportsASocketThatCannotBeOpened) {
  discovery.handle_flow(now, mapping_flow, FlowFailed{petrel::make_error_code(petrel::Errc::busy)});
  const auto report = discovery.poll_event();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->error, petrel::Errc::busy);
  discovery.handle_flow(now, filtering_flow, FlowOpened{{inside, 1}});
  EXPECT_FALSE(discovery.poll_event());
}

TEST_F(NatDiscoveryTest, ReportsARefusal) {
  open();
  answer(questions()[0], server, [](Builder& b) { b.error_code(403, ""); }, Class::error_response);
  const auto report = discovery.poll_event();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->error, Errc::refused);
  EXPECT_EQ(report->code, 403);
}

TEST_F(NatDiscoveryTest, KnowsTheMappedAddressAloneWithoutAnotherAddress) {
  open();
  answer_first(std::nullopt);
  const NatReport report = run_out();
  EXPECT_EQ(report.error, Errc::no_other_address);
  EXPECT_EQ(report.mapped, (Endpoint{outside, 6001}));
  EXPECT_TRUE(report.translated);
  EXPECT_EQ(report.preserves_port, false);
  EXPECT_FALSE(report.mapping || report.filtering || report.hairpinning);
}

TEST_F(NatDiscoveryTest, FollowsNoUselessOtherAddress) {
  for (const char* text : {"192.0.2.1:3479", "192.0.2.2:3478", "192.0.2.2:0", "127.0.0.1:3479",
                           "0.0.0.0:3479", "224.0.0.1:3479", "[2001:db8::1]:3479"}) {
    Bench fresh;
    fresh.open();
    fresh.answer_first(Endpoint::parse(text));
    for (const Asked& asked : fresh.questions()) {
      EXPECT_EQ(asked.transmit.destination.address, outside) << text << ": only the hairpin";
    }
    EXPECT_EQ(fresh.run_out().error, Errc::no_other_address) << text;
  }
}

TEST(NatDiscovery, KnowsItsOwnAddressWhereTheSocketDoesNot) {
  const auto translated = [](const Endpoint& local, IpAddress seen, std::vector<IpAddress> own) {
    testing::SeededRandom random(1);
    NatDiscovery discovery({}, {.server = server, .own_addresses = std::move(own)}, random);
    for (const FlowId flow : {mapping_flow, filtering_flow})
      discovery.handle_flow({}, flow, FlowOpened{local});
    while (const auto sent = discovery.poll_transmit()) {
      Builder builder(Class::success_response, Method::binding,
                      MessageView::parse(sent->payload.bytes()).value().id());
      const PacketBuffer packet = builder.xor_mapped_address({seen, 5000}).finish().value();
      discovery.handle_datagram({}, {sent->flow, server, {}, packet.bytes()});
    }
    TimePoint now{};
    while (const auto due = discovery.next_timeout()) discovery.handle_timeout(now = std::max(now, *due));
    return discovery.poll_event().value().translated;
  };
  EXPECT_TRUE(translated({{}, 5000}, outside, {inside}));
  EXPECT_FALSE(translated({{}, 5000}, outside, {inside, outside}));
  EXPECT_TRUE(translated({{}, 5001}, outside, {inside, outside})) << "the port";
  EXPECT_FALSE(translated({outside, 5000}, outside, {}));
  EXPECT_TRUE(translated({inside, 5000}, outside, {outside}));
}

TEST_F(NatDiscoveryTest, AsksForChangedAnswersAndTheOtherAddressAtOnce) {
  open();
  answer_first();
  const auto asked = questions();
  ASSERT_EQ(asked.size(), 4u);  // By test: second, change both, change port, hairpin.
  std::map<Endpoint, std::size_t> to;
  int changes = 0;
  for (const Asked& each : asked) {
    ++to[each.transmit.destination];
    const bool filtering = each.transmit.flow == filtering_flow;
    EXPECT_EQ(each.view.change_request().has_value(), filtering);
    if (filtering) changes += each.view.change_request()->address ? 1 : 0;
    EXPECT_TRUE(!filtering || each.view.change_request()->port);
  }
  EXPECT_EQ(changes, 1);
  EXPECT_EQ((to[{other.address, server.port}]), 1u);
  EXPECT_EQ((to[{outside, 6001}]), 1u);
  EXPECT_EQ(to[server], 2u);
}

TEST_F(NatDiscoveryTest, ConcludesNothingFromAnOtherAddressThatIsSilent) {
  open();
  answer_first();
  const NatReport report = run_out();
  EXPECT_EQ(report.error, Errc::other_silent);
  EXPECT_FALSE(report.mapping || report.filtering || report.hairpinning);
  EXPECT_EQ(prospect(report), NatProspect::unknown);
}

TEST_F(NatDiscoveryTest, ConcludesNothingAboutTheFilterFromAServerThatRefusesToChange) {
  open();
  answer_first();
  for (const Asked& asked : questions()) {
    const bool changes = asked.view.change_request().has_value();
    if (changes) {
      answer(asked, server, [](Builder& b) { b.error_code(420, ""); }, Class::error_response);
    } else if (asked.transmit.destination.address == other.address) {
      answer(asked, asked.transmit.destination,
             [](Builder& b) { b.xor_mapped_address({outside, 6001}).other_address(server); });
    }
  }
  const NatReport report = run_out();
  EXPECT_EQ(report.error, Errc::change_refused);
  EXPECT_EQ(report.mapping, NatDependence::endpoint_independent);
  EXPECT_FALSE(report.filtering);
}

TEST_F(NatDiscoveryTest, CountsWhatItDidNotAskFor) {
  open();
  const auto asked = questions();
  EXPECT_FALSE(discovery.handle_datagram(now, {FlowId{9}, server, {}, {}}));
  EXPECT_TRUE(discovery.handle_datagram(now, {mapping_flow, server, {}, {}}));
  EXPECT_EQ(discovery.stats().malformed, 1u);
  EXPECT_TRUE(answer(asked[0], other, [](Builder& b) { b.xor_mapped_address(server); }));
  EXPECT_EQ(discovery.stats().unexpected, 1u);
  const PacketBuffer stray = Builder(Class::success_response, Method::binding, {}).finish().value();
  EXPECT_TRUE(discovery.handle_datagram(now, {mapping_flow, server, {}, stray.bytes()}));
  EXPECT_EQ(discovery.stats().unexpected, 2u);
  EXPECT_FALSE(discovery.poll_event());
}

TEST_F(NatDiscoveryTest, CutsAnEndlessSoftware) {
  NatDiscovery wordy(now, {.server = server, .software = std::string(10'000, 'x')}, random);
  for (const FlowId flow : {mapping_flow, filtering_flow}) wordy.handle_flow(now, flow, FlowOpened{server});
  const auto sent = wordy.poll_transmit();
  ASSERT_TRUE(sent);
  EXPECT_EQ(MessageView::parse(sent->payload.bytes()).value().software()->size(), 127u);
}

}  // namespace
}  // namespace petrel::inline v0::stun

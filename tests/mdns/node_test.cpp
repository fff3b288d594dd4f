#include "petrel/mdns/node.hpp"

#include <gtest/gtest.h>

#include "mdns/node_bench.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::mdns {
namespace {

using namespace std::chrono_literals;
using testing::alice_ip;
using testing::alice_ip6;
using testing::bob_ip;
using testing::SeededRandom;
using testing::unknown_name;
using Host = testing::MdnsHost;
using Pair = testing::MdnsPair;
using Sent = Host::Sent;

static_assert(FlowCore<Node>);

Message answer_for(std::string_view name, const IpAddress& address, std::uint32_t ttl = 120) {
  return {.response = true, .addresses = {{*Name::from_text(name), address, ttl, true}}};
}
Message question_for(std::string_view name, RecordType type = RecordType::a, bool unicast = false) {
  return {.questions = {{*Name::from_text(name), type, unicast}}};
}

// --- Two nodes --------------------------------------------------------------

TEST(MdnsNode, FindsTheAddressBehindAName) {
  Pair pair;
  const std::string name = pair.bob.node.publish(TimePoint{}, bob_ip).value();
  EXPECT_TRUE(Name::from_text(name)->is_uuid_local());
  pair.carry(TimePoint{});

  const TimePoint later(5s);  // Both announcements are over, and their second of rest.
  pair.bob.node.handle_timeout(TimePoint(1s));
  pair.carry(TimePoint(1s));
  const QueryId id = pair.alice.node.resolve(later, name).value();
  pair.carry(later);

  const auto events = pair.alice.events();
  ASSERT_EQ(events.size(), 1u);
  const auto& resolved = std::get<Resolved>(events.front());
  EXPECT_EQ(resolved.id, id);
  EXPECT_EQ(resolved.name, name);
  EXPECT_EQ(resolved.addresses, std::vector<IpAddress>{bob_ip});
  EXPECT_EQ(pair.alice.node.next_timeout(), std::nullopt);
  EXPECT_EQ(pair.bob.node.next_timeout(), std::nullopt);
}

TEST(MdnsNode, FindsWhatIsPublishedWhileItAsks) {
  Pair pair;
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, unknown_name));
  pair.carry(TimePoint{});
  EXPECT_TRUE(pair.alice.events().empty());
  ASSERT_TRUE(pair.alice.hears(TimePoint(500ms), {bob_ip, port}, answer_for(unknown_name, bob_ip)));
  EXPECT_EQ(pair.alice.events().size(), 1u);
}

TEST(MdnsNode, KnowsItsOwnNamesWithoutAsking) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.carry(TimePoint{});
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, name));
  EXPECT_EQ(pair.carry(TimePoint{}), 0u);
  EXPECT_EQ(std::get<Resolved>(pair.alice.events().at(0)).addresses, std::vector<IpAddress>{alice_ip});
}

TEST(MdnsNode, FindsNobodyAfterGoodbye) {
  Pair pair;
  const std::string name = pair.bob.node.publish(TimePoint{}, bob_ip).value();
  pair.carry(TimePoint{});
  pair.bob.node.unpublish(TimePoint(1ms), name);
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint(1ms), name));
  pair.carry(TimePoint(1ms));
  EXPECT_TRUE(pair.alice.events().empty()) << "a goodbye is no answer";
}

// --- Asking -----------------------------------------------------------------

TEST(MdnsNode, AsksOneQuestionToAPacketWithoutTheUnicastBit) {
  Pair pair;
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, unknown_name));
  const auto sent = pair.alice.drain();
  ASSERT_EQ(sent.size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(sent[i].destination, group_v4);
    EXPECT_EQ(sent[i].message, question_for(unknown_name, i == 0 ? RecordType::a : RecordType::aaaa));
  }
}

TEST(MdnsNode, AsksAtOnceAndAfterOneAndThreeSecondsAndGivesUpAfterSeven) {
  Pair pair;
  const QueryId id = pair.alice.node.resolve(TimePoint{}, unknown_name).value();
  EXPECT_EQ(pair.alice.asked().size(), 2u);
  for (const auto& [due, questions] : {std::pair{1s, 2u}, {3s, 2u}, {7s, 0u}}) {
    ASSERT_EQ(pair.alice.node.next_timeout(), TimePoint(due));
    pair.alice.node.handle_timeout(TimePoint(due) - 1ns);
    EXPECT_TRUE(pair.alice.asked().empty());
    EXPECT_TRUE(pair.alice.events().empty());
    pair.alice.node.handle_timeout(TimePoint(due));
    EXPECT_EQ(pair.alice.asked().size(), questions);
  }
  const auto events = pair.alice.events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<ResolveFailed>(events.front()).id, id);
  EXPECT_EQ(std::get<ResolveFailed>(events.front()).name, unknown_name);
  EXPECT_EQ(pair.alice.node.next_timeout(), std::nullopt);
}

TEST(MdnsNode, AsksNoFasterAndNoLongerWhenItWakesLate) {
  Pair pair;
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, unknown_name));
  EXPECT_EQ(pair.alice.asked().size(), 2u);
  pair.alice.node.handle_timeout(TimePoint(2500ms));
  EXPECT_EQ(pair.alice.asked().size(), 2u);
  EXPECT_EQ(pair.alice.node.next_timeout(), TimePoint(3500ms)) << "a second later, and not at three";
  pair.alice.node.handle_timeout(TimePoint(6500ms));
  EXPECT_EQ(pair.alice.asked().size(), 2u);
  EXPECT_EQ(pair.alice.node.next_timeout(), TimePoint(7s));

  ASSERT_TRUE(pair.bob.node.resolve(TimePoint{}, unknown_name));
  EXPECT_EQ(pair.bob.asked().size(), 2u);
  pair.bob.node.handle_timeout(TimePoint(7s));
  EXPECT_TRUE(pair.bob.asked().empty());
  EXPECT_EQ(pair.bob.events().size(), 1u) << "too late to ask again";
}

TEST(MdnsNode, AsksForNoOtherNames) {
  Pair pair;
  for (const char* name : {"printer.local", "example.com", "", "a.0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f.local",
                           "0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f.example"}) {
    EXPECT_EQ(pair.alice.node.resolve(TimePoint{}, name).error(), Errc::not_resolvable) << name;
  }
  EXPECT_TRUE(pair.alice.drain().empty());
}

TEST(MdnsNode, AsksOnceForTwoWhoWantTheSame) {
  Pair pair;
  const QueryId first = pair.alice.node.resolve(TimePoint{}, unknown_name).value();
  pair.alice.drain();
  const QueryId second = pair.alice.node.resolve(TimePoint(100ms), unknown_name).value();
  EXPECT_TRUE(pair.alice.drain().empty());
  pair.alice.hears(TimePoint(200ms), {bob_ip, port}, answer_for(unknown_name, bob_ip));
  const auto events = pair.alice.events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<Resolved>(events[0]).id, first);
  EXPECT_EQ(std::get<Resolved>(events[1]).id, second);
}

TEST(MdnsNode, SaysNothingOfWhatWasCancelled) {
  Pair pair;
  const QueryId id = pair.alice.node.resolve(TimePoint{}, unknown_name).value();
  const QueryId other = pair.alice.node.resolve(TimePoint{}, unknown_name).value();
  pair.alice.node.cancel(id);
  pair.alice.node.cancel(QueryId{999});
  pair.alice.hears(TimePoint{}, {bob_ip, port}, answer_for(unknown_name, bob_ip));
  pair.alice.node.cancel(other);  // Its event is waiting already.
  EXPECT_TRUE(pair.alice.events().empty());
  EXPECT_EQ(pair.alice.node.next_timeout(), std::nullopt);
}

TEST(MdnsNode, HasSoManyQueriesAtOneTimeAndNoMore) {
  Pair pair;
  SeededRandom names(7);
  std::string last;
  for (std::size_t i = 0; i < Node::max_outstanding; ++i) {
    last = Name::random(names).to_string();
    ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, last));
  }
  EXPECT_EQ(pair.alice.node.resolve(TimePoint{}, unknown_name).error(), petrel::Errc::limit_reached);
  pair.alice.hears(TimePoint{}, {bob_ip, port}, answer_for(last, bob_ip));
  EXPECT_EQ(pair.alice.node.resolve(TimePoint{}, unknown_name).error(), petrel::Errc::limit_reached)
      << "an event that nobody polled takes its place";
  EXPECT_EQ(pair.alice.events().size(), 1u);
  EXPECT_TRUE(pair.alice.node.resolve(TimePoint{}, unknown_name));
}

TEST(MdnsNode, TakesNoAnswerFromAnotherPortOrAnotherLink) {
  Pair pair;
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, unknown_name));
  const Message answer = answer_for(unknown_name, bob_ip);
  EXPECT_TRUE(pair.alice.hears(TimePoint{}, {bob_ip, 5354}, answer));
  EXPECT_TRUE(pair.alice.hears(TimePoint{}, Endpoint::v4(203, 0, 113, 5, port), answer));
  EXPECT_TRUE(pair.alice.hears(TimePoint{}, {*IpAddress::parse("fe80::9"), port}, answer))
      << "not on this flow";
  EXPECT_EQ(pair.alice.node.stats().off_link, 3u);
  EXPECT_TRUE(pair.alice.events().empty());
  EXPECT_TRUE(pair.alice.hears(TimePoint{}, Endpoint::v4(169, 254, 7, 7, port), answer));
  EXPECT_EQ(pair.alice.events().size(), 1u);
}

TEST(MdnsNode, CountsPublicAddressesOfItsOwnPrefixAsItsLink) {
  Host host(1, {{IpAddress::v4(203, 0, 113, 1), "eth0"}});
  ASSERT_TRUE(host.node.resolve(TimePoint{}, unknown_name));
  host.hears(TimePoint{}, Endpoint::v4(203, 0, 114, 7, port), answer_for(unknown_name, bob_ip));
  EXPECT_EQ(host.node.stats().off_link, 1u);
  host.hears(TimePoint{}, Endpoint::v4(203, 0, 113, 7, port), answer_for(unknown_name, bob_ip));
  EXPECT_EQ(host.events().size(), 1u);
}

TEST(MdnsNode, TakesNoAddressThatStandsForNobody) {
  Pair pair;
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, unknown_name));
  for (const char* text :
       {"0.0.0.0", "224.0.0.251", "127.0.0.1", "::", "ff02::fb", "::1", "::ffff:192.0.2.1"}) {
    pair.alice.hears(TimePoint{}, {bob_ip, port}, answer_for(unknown_name, *IpAddress::parse(text)));
  }
  EXPECT_TRUE(pair.alice.events().empty());
  EXPECT_EQ(pair.alice.node.stats().unrelated, 7u);
  // Our own host may well answer with its loopback address.
  pair.alice.hears(TimePoint{}, Endpoint::v4(127, 0, 0, 1, port),
                   answer_for(unknown_name, IpAddress::v4(127, 0, 0, 1)));
  EXPECT_EQ(pair.alice.events().size(), 1u);
}

TEST(MdnsNode, GivesAllAddressesOfOneAnswerOnceEach) {
  Pair pair;
  ASSERT_TRUE(pair.alice.node.resolve(TimePoint{}, unknown_name));
  Message answer = answer_for(unknown_name, bob_ip);
  answer.addresses.push_back(answer.addresses.front());
  answer.addresses.push_back({*Name::from_text(unknown_name), *IpAddress::parse("2001:db8::2"), 120, true});
  answer.addresses.push_back({*Name::from_text("other.local"), IpAddress::v4(192, 168, 0, 9), 120, true});
  pair.alice.hears(TimePoint{}, {bob_ip, port}, answer);
  EXPECT_EQ(std::get<Resolved>(pair.alice.events().at(0)).addresses,
            (std::vector<IpAddress>{bob_ip, *IpAddress::parse("2001:db8::2")}));
}

TEST(MdnsNode, GivesLinkLocalAddressesTheirScope) {
  Host host(1, {{alice_ip, "eth0"}, {alice_ip6, "eth0"}});
  const IpAddress bob_ip6 = IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
  const std::vector<IpAddress> expected{IpAddress::v6(bob_ip6.octets(), 3)};
  ASSERT_TRUE(host.node.resolve(TimePoint{}, unknown_name));
  host.hears(TimePoint{}, {bob_ip6, port}, answer_for(unknown_name, bob_ip6), 1);
  EXPECT_EQ(std::get<Resolved>(host.events().at(0)).addresses, expected);
  ASSERT_TRUE(host.node.resolve(TimePoint{}, unknown_name));
  host.hears(TimePoint{}, {bob_ip, port}, answer_for(unknown_name, bob_ip6), 0);
  EXPECT_EQ(std::get<Resolved>(host.events().at(0)).addresses, expected);
}

// --- Answering --------------------------------------------------------------

TEST(MdnsNode, AnnouncesANameTwice) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  for (const Duration due : {Duration(0s), Duration(1s)}) {
    pair.alice.node.handle_timeout(TimePoint(due));
    const auto sent = pair.alice.drain();
    ASSERT_EQ(sent.size(), 1u) << due.count();
    EXPECT_EQ(sent[0].destination, group_v4);
    EXPECT_EQ(sent[0].message, answer_for(name, alice_ip));
    pair.alice.node.handle_timeout(TimePoint(due + 1s) - 1ns);
    EXPECT_TRUE(pair.alice.drain().empty());
  }
  EXPECT_EQ(pair.alice.node.next_timeout(), std::nullopt);
}

TEST(MdnsNode, AnswersEverybodyOnceASecond) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.node.handle_timeout(TimePoint(1s));
  pair.alice.drain();
  const auto answers_at = [&](TimePoint now) {
    pair.alice.hears(now, {bob_ip, port}, question_for(name));
    return pair.alice.drain();
  };
  const auto sent = answers_at(TimePoint(2s));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].destination, group_v4);
  EXPECT_EQ(sent[0].message, answer_for(name, alice_ip));
  EXPECT_TRUE(answers_at(TimePoint(2s)).empty());
}

TEST(MdnsNode, AnswersWhoAsksTooSoonWhenTheSecondIsOver) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.node.handle_timeout(TimePoint(1s));
  pair.alice.drain();
  for (const Duration asked : {1500ms, 1600ms}) {
    pair.alice.hears(TimePoint(asked), {bob_ip, port}, question_for(name));
    EXPECT_TRUE(pair.alice.drain().empty());
    EXPECT_EQ(pair.alice.node.next_timeout(), TimePoint(2s));
  }
  pair.alice.node.handle_timeout(TimePoint(2s) - 1ns);
  EXPECT_TRUE(pair.alice.drain().empty());
  pair.alice.node.handle_timeout(TimePoint(2s));
  EXPECT_EQ(pair.alice.drain().size(), 1u) << "one answer for both";
  EXPECT_EQ(pair.alice.node.next_timeout(), std::nullopt);
}

TEST(MdnsNode, AnswersOneAloneWhoAsksForIt) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.drain();
  pair.alice.hears(TimePoint{}, {bob_ip, port}, question_for(name, RecordType::any, true));
  const auto sent = pair.alice.drain();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].destination, (Endpoint{bob_ip, port}));
  EXPECT_EQ(sent[0].message, answer_for(name, alice_ip));
}

TEST(MdnsNode, AnswersAResolverThatKnowsNoMulticastInItsOwnWay) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.drain();
  Message question = question_for(name);
  question.id = 0x4711;
  pair.alice.hears(TimePoint{}, {bob_ip, 40000}, question);
  const auto sent = pair.alice.drain();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].destination, (Endpoint{bob_ip, 40000}));
  EXPECT_EQ(sent[0].message.id, 0x4711);
  EXPECT_EQ(sent[0].message.questions, question.questions);
  EXPECT_EQ(sent[0].message.addresses.at(0), (AddressRecord{*Name::from_text(name), alice_ip, 10, false}));
}

TEST(MdnsNode, AnswersSoManyAloneInASecondAndNoMore) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.drain();
  const auto answers_at = [&](TimePoint now) {
    pair.alice.hears(now, {bob_ip, 40000}, question_for(name));
    return pair.alice.drain().size();
  };
  for (std::size_t i = 0; i < Node::max_unicast_answers_per_second; ++i)
    EXPECT_EQ(answers_at(TimePoint(2s)), 1u);
  EXPECT_EQ(answers_at(TimePoint(3s) - 1ns), 0u);
  EXPECT_EQ(answers_at(TimePoint(3s)), 1u);
}

TEST(MdnsNode, AnswersOnlyForTheFamilyOfTheAddress) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.drain();
  pair.alice.hears(TimePoint(5s), {bob_ip, port}, question_for(name, RecordType::aaaa));
  EXPECT_TRUE(pair.alice.drain().empty());
  EXPECT_EQ(pair.alice.node.stats().unrelated, 1u);
}

TEST(MdnsNode, SaysNothingThatTheQuerierKnows) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.drain();
  const auto answers = [&](const IpAddress& known, std::uint32_t ttl) {
    Message question = question_for(name, RecordType::a, true);
    question.addresses.push_back({*Name::from_text(name), known, ttl, false});
    pair.alice.hears(TimePoint{}, {bob_ip, port}, question);
    return pair.alice.drain().size();
  };
  EXPECT_EQ(answers(alice_ip, 60), 0u);
  EXPECT_EQ(answers(alice_ip, 59), 1u) << "half of its life is over";
  EXPECT_EQ(answers(bob_ip, 120), 1u) << "that is another record";
}

TEST(MdnsNode, AnswersNobodyFromAnotherLink) {
  Pair pair;
  const std::string name = pair.alice.node.publish(TimePoint{}, alice_ip).value();
  pair.alice.drain();
  pair.alice.hears(TimePoint(5s), Endpoint::v4(203, 0, 113, 5, 40000), question_for(name));
  EXPECT_TRUE(pair.alice.drain().empty());
  EXPECT_EQ(pair.alice.node.stats().off_link, 1u);
}

TEST(MdnsNode, GivesTheSameAddressANewNameEachTime) {
  Pair pair;
  EXPECT_NE(pair.alice.node.publish(TimePoint{}, alice_ip).value(),
            pair.alice.node.publish(TimePoint{}, alice_ip).value());
}

TEST(MdnsNode, PublishesNoAddressThatStandsForNobody) {
  Pair pair;
  for (const char* text : {"0.0.0.0", "224.0.0.251", "::", "ff02::fb", "::ffff:192.0.2.1"}) {
    EXPECT_EQ(pair.alice.node.publish(TimePoint{}, *IpAddress::parse(text)).error(), Errc::not_publishable)
        << text;
  }
}

TEST(MdnsNode, PublishesSoManyNamesAndNoMore) {
  Pair pair;
  for (std::size_t i = 0; i < Node::max_published; ++i)
    ASSERT_TRUE(pair.alice.node.publish(TimePoint{}, alice_ip));
  EXPECT_EQ(pair.alice.node.publish(TimePoint{}, alice_ip).error(), petrel::Errc::limit_reached);
}

// --- Interfaces -------------------------------------------------------------

TEST(MdnsNode, JoinsEachInterfaceOncePerFamily) {
  const IpAddress global6 = *IpAddress::parse("2001:db8::1");
  Host host(1, {{global6, "eth0"},
                {alice_ip6, "eth0"},
                {alice_ip, "eth0"},
                {bob_ip, "eth0"},
                {bob_ip, "wlan0"},
                {IpAddress::v4(10, 0, 0, 1), "old0", false, true}});
  ASSERT_EQ(host.joins.size(), 3u);
  EXPECT_EQ(host.joins[0].group, group_v6);
  EXPECT_EQ(host.joins[0].interface, alice_ip6);
  EXPECT_EQ(host.joins[1].group, group_v4);
  EXPECT_EQ(host.joins[1].interface, alice_ip);
  EXPECT_EQ(host.joins[2].interface, bob_ip);
  EXPECT_EQ(host.joins[0].flow, FlowId{100});
  EXPECT_EQ(host.joins[2].flow, FlowId{102});

  ASSERT_TRUE(host.node.resolve(TimePoint{}, unknown_name));
  const auto sent = host.drain();
  ASSERT_EQ(sent.size(), 6u);
  EXPECT_EQ(sent[0].destination, group_v6);
  EXPECT_EQ(sent[2].destination, group_v4);
}

TEST(MdnsNode, FollowsInterfacesThatComeAndGo) {
  Host host(1, {{alice_ip, "eth0"}});
  const std::string name = host.node.publish(TimePoint{}, alice_ip).value();
  ASSERT_TRUE(host.node.resolve(TimePoint{}, unknown_name));
  host.drain();

  host.node.handle_interfaces(TimePoint(100ms), std::vector<LocalAddress>{{bob_ip, "wlan0"}});
  host.open_flows(TimePoint(100ms));
  EXPECT_EQ(host.closed, std::vector<FlowId>{FlowId{100}});
  ASSERT_EQ(host.joins.size(), 2u);
  EXPECT_EQ(host.joins[1].flow, FlowId{101}) << "flow ids are never used again";
  const auto sent = host.drain();
  ASSERT_EQ(sent.size(), 3u) << "both questions, and the announcement";
  EXPECT_EQ(sent[2].message, answer_for(name, alice_ip));
  for (const Sent& packet : sent) EXPECT_EQ(packet.flow, FlowId{101});
  EXPECT_FALSE(host.hears(TimePoint{}, {bob_ip, port}, question_for(name), 0)) << "that flow is gone";
  host.node.handle_flow(TimePoint{}, FlowId{100}, FlowOpened{{alice_ip, port}});
  host.node.handle_flow(TimePoint{}, FlowId{7}, FlowOpened{{alice_ip, port}});
}

TEST(MdnsNode, TakesBackAJoinThatNobodyPolled) {
  Host host(1, {});
  host.node.handle_interfaces(TimePoint{}, std::vector<LocalAddress>{{alice_ip, "eth0"}});
  host.node.handle_interfaces(TimePoint{}, {});
  EXPECT_FALSE(host.node.poll_request());
}

TEST(MdnsNode, WaitsForItsFlowsAndLivesWithoutThem) {
  Host host(1, {});
  host.opens = false;
  host.node.handle_interfaces(TimePoint{}, std::vector<LocalAddress>{{alice_ip, "eth0"}, {bob_ip, "wlan0"}});
  host.open_flows(TimePoint{});
  ASSERT_TRUE(host.node.resolve(TimePoint{}, unknown_name));
  ASSERT_TRUE(host.node.publish(TimePoint{}, alice_ip));
  EXPECT_TRUE(host.drain().empty());

  host.node.handle_flow(TimePoint(100ms), FlowId{100},
                        FlowFailed{std::make_error_code(std::errc::no_such_device)});
  EXPECT_EQ(host.node.stats().flows_failed, 1u);
  host.node.handle_flow(TimePoint(200ms), FlowId{101}, FlowOpened{{bob_ip, port}});
  EXPECT_EQ(host.drain().size(), 3u);
  host.node.handle_timeout(TimePoint(7s));
}

TEST(MdnsNode, OwesNothingToAFlowThatBroke) {
  Host host(1, {{alice_ip, "eth0"}});
  const std::string name = host.node.publish(TimePoint{}, alice_ip).value();
  host.node.handle_timeout(TimePoint(1s));
  host.hears(TimePoint(1500ms), {bob_ip, port}, question_for(name));
  ASSERT_EQ(host.node.next_timeout(), TimePoint(2s));
  host.node.handle_flow(TimePoint(1600ms), host.joins[0].flow,
                        FlowFailed{std::make_error_code(std::errc::io_error)});
  EXPECT_EQ(host.node.next_timeout(), std::nullopt);
}

TEST(MdnsNode, HasSoManyFlowsAndNoMore) {
  std::vector<LocalAddress> addresses;
  for (std::size_t i = 0; i <= Node::max_flows; ++i) {
    addresses.push_back({IpAddress::v4(10, 0, static_cast<std::uint8_t>(i), 1), "eth" + std::to_string(i)});
  }
  EXPECT_EQ(Host(1, addresses).joins.size(), Node::max_flows);
}

// --- The end, and nonsense --------------------------------------------------

TEST(MdnsNode, SaysGoodbyeToAllNamesBeforeItLeaves) {
  Host host(1, {{alice_ip, "eth0"}});
  std::vector<std::string> names;
  for (int i = 0; i < 30; ++i) names.push_back(host.node.publish(TimePoint{}, alice_ip).value());
  ASSERT_TRUE(host.node.resolve(TimePoint{}, unknown_name));
  host.drain();
  host.node.close(TimePoint(10ms));
  EXPECT_FALSE(host.node.poll_request()) << "not before the goodbyes";
  std::vector<std::string> gone;
  for (const Sent& sent : host.drain()) {
    for (const AddressRecord& record : sent.message.addresses) {
      EXPECT_EQ(record.ttl_seconds, 0u);
      gone.push_back(record.name.to_string());
    }
  }
  EXPECT_EQ(gone, names);
  host.open_flows(TimePoint(10ms));
  EXPECT_EQ(host.closed, std::vector<FlowId>{FlowId{100}});

  EXPECT_TRUE(host.events().empty());
  EXPECT_EQ(host.node.next_timeout(), std::nullopt);
  EXPECT_EQ(host.node.resolve(TimePoint(1s), unknown_name).error(), petrel::Errc::closed);
  EXPECT_EQ(host.node.publish(TimePoint(1s), alice_ip).error(), petrel::Errc::closed);
  host.node.handle_interfaces(TimePoint(1s), host.addresses);
  host.node.close(TimePoint(1s));
  EXPECT_FALSE(host.node.poll_request());
}

TEST(MdnsNode, SaysGoodbyeToAllNamesOnAllInterfaces) {
  std::vector<LocalAddress> addresses;
  for (std::size_t i = 0; i < Node::max_flows; ++i) {
    addresses.push_back({IpAddress::v4(10, 0, static_cast<std::uint8_t>(i), 1), "eth" + std::to_string(i)});
  }
  Host host(1, addresses);
  for (std::size_t i = 0; i < Node::max_published; ++i) {
    ASSERT_TRUE(host.node.publish(TimePoint{}, alice_ip));
    host.drain();
  }
  host.node.close(TimePoint{});
  EXPECT_EQ(host.node.stats().output_dropped, 0u);
}

TEST(MdnsNode, CountsWhatItCannotRead) {
  Pair pair;
  const auto whole = write(question_for(unknown_name)).value();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_TRUE(pair.alice.node.handle_datagram(
        TimePoint{},
        {pair.alice.joins[0].flow, {bob_ip, port}, {IpAddress(), port}, whole.bytes().first(size)}));
  }
  EXPECT_EQ(pair.alice.node.stats().malformed, whole.size());
  EXPECT_FALSE(pair.alice.node.handle_datagram(
      TimePoint{}, {FlowId{7}, {bob_ip, port}, {IpAddress(), port}, whole.bytes()}));
}

TEST(MdnsNode, KeepsNoMorePacketsThanItsLimit) {
  Pair pair;
  for (std::size_t i = 0; i < Node::max_published; ++i)
    ASSERT_TRUE(pair.alice.node.publish(TimePoint{}, alice_ip));
  pair.alice.node.handle_timeout(TimePoint(1s));
  pair.alice.node.handle_interfaces(TimePoint(1s), pair.alice.addresses);
  SeededRandom names(7);
  for (std::size_t i = 0; i < Node::max_outstanding; ++i) {
    ASSERT_TRUE(pair.alice.node.resolve(TimePoint(1s), Name::random(names).to_string()));
  }
  EXPECT_EQ(pair.alice.drain().size(), Node::max_queued_packets);
  EXPECT_EQ(pair.alice.node.stats().output_dropped, 2 * Node::max_outstanding);
}

}  // namespace
}  // namespace petrel::inline v0::mdns

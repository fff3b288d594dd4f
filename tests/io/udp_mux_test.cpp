#include "petrel/io/udp_mux.hpp"

#include <gtest/gtest.h>

#include "petrel/stun/builder.hpp"

namespace petrel::inline v0::io {
namespace {

using namespace std::chrono_literals;

constexpr SharedSocketId socket_a{1};
constexpr SharedSocketId socket_b{2};
constexpr NetworkUserId anna{1};
constexpr NetworkUserId ben{2};
constexpr FlowId annas{11};
constexpr FlowId bens{22};
const Endpoint there = Endpoint::v4(192, 0, 2, 9, 4000);
const Endpoint elsewhere = Endpoint::v4(192, 0, 2, 9, 4001);
const std::vector<std::byte> media(20, std::byte{0x80});

stun::TransactionId id_of(int number) {
  stun::TransactionId id{};
  id[0] = static_cast<std::byte>(number);
  id[1] = static_cast<std::byte>(number >> 8);
  return id;
}

std::vector<std::byte> message(stun::Class message_class, int id, std::string_view username = {},
                               stun::Method method = stun::Method::binding) {
  stun::Builder builder(message_class, method, id_of(id));
  if (!username.empty()) builder.username(username);
  const PacketBuffer packet = builder.finish().value();
  return {packet.bytes().begin(), packet.bytes().end()};
}
std::vector<std::byte> check(int id, std::string_view username) {
  return message(stun::Class::request, id, username);
}
std::vector<std::byte> success(int id) { return message(stun::Class::success_response, id); }

// Anna and Ben on one socket.
class UdpMuxTest : public ::testing::Test {
 protected:
  UdpMuxTest() {
    mux.join(anna, annas, socket_a);
    mux.join(ben, bens, socket_a);
    name(anna, {"anna"});
    name(ben, {"benn"});
  }

  void name(NetworkUserId user, std::vector<std::string> ufrags) { mux.name_ufrags(user, ufrags); }
  std::optional<UdpMux::Receiver> receive(const std::vector<std::byte>& bytes, const Endpoint& from = there) {
    return mux.route(now, socket_a, from, bytes);
  }
  void send(NetworkUserId user, const std::vector<std::byte>& bytes, const Endpoint& to = there) {
    mux.handle_sent(now, user, socket_a, to, bytes);
  }
  // A check of the user's own, answered from where it went.
  void prove(NetworkUserId user, const Endpoint& at = there) {
    send(user, check(++last_id, "peer:mine"), at);
    ASSERT_TRUE(receive(success(last_id), at));
  }

  UdpMux mux;
  TimePoint now{};
  int last_id = 1000;
  const UdpMux::Receiver to_anna{anna, annas};
  const UdpMux::Receiver to_ben{ben, bens};
};

TEST_F(UdpMuxTest, RoutesChecksByTheFirstPartOfTheUsername) {
  EXPECT_EQ(receive(check(1, "anna:peer")), to_anna);
  EXPECT_EQ(receive(check(2, "benn:anna")), to_ben);
  EXPECT_EQ(receive(check(3, "benn")), to_ben);
  EXPECT_EQ(receive(check(4, "ann:peer")), std::nullopt);
  EXPECT_EQ(receive(check(5, "annaa:peer")), std::nullopt);
  EXPECT_EQ(receive(check(6, ":anna")), std::nullopt);
  EXPECT_EQ(receive(message(stun::Class::request, 7)), std::nullopt);
  EXPECT_EQ(mux.stats().unknown_ufrag, 4u);
}

TEST_F(UdpMuxTest, RoutesResponsesToWhoeverAskedAndOnce) {
  send(anna, check(1, "peer:anna"));
  send(ben, message(stun::Class::request, 2));  // To a STUN server.
  EXPECT_EQ(receive(success(2)), to_ben);
  EXPECT_EQ(receive(message(stun::Class::error_response, 1), elsewhere), to_anna);
  EXPECT_EQ(receive(success(1)), std::nullopt);
  EXPECT_EQ(receive(success(3)), std::nullopt);
  EXPECT_EQ(mux.stats().unknown_response, 2u);
  EXPECT_EQ(mux.sizes().requests, 0u);
}

TEST_F(UdpMuxTest, KnowsARequestForItsLifetimeAfterItWasLastSent) {
  send(anna, check(1, "peer:anna"));
  send(anna, check(2, "peer:anna"));
  now += 10s;
  send(anna, check(2, "peer:anna"));
  now += UdpMux::request_lifetime - 10s;
  EXPECT_EQ(receive(success(1)), std::nullopt);
  now += 10s - 1ns;
  EXPECT_EQ(receive(success(2)), to_anna);
}

TEST_F(UdpMuxTest, TakesAResponseOnTheSocketThatItsRequestLeftByOnly) {
  mux.join(anna, FlowId{12}, socket_b);
  send(anna, check(1, "peer:anna"));
  EXPECT_EQ(mux.route(now, socket_b, there, success(1)), std::nullopt);
  EXPECT_EQ(receive(success(1)), to_anna);
}

TEST_F(UdpMuxTest, RoutesTheRestByAddressOnceAUserHasAnsweredACheckFromThere) {
  EXPECT_EQ(receive(media), std::nullopt);
  EXPECT_EQ(receive(check(1, "anna:peer")), to_anna);
  EXPECT_EQ(receive(media), std::nullopt) << "a request alone says nothing";
  send(anna, message(stun::Class::error_response, 1));
  EXPECT_EQ(receive(media), std::nullopt) << "nor does a refusal";
  send(anna, success(1));
  EXPECT_EQ(receive(media), to_anna);
  EXPECT_EQ(receive(message(stun::Class::indication, 2)), to_anna);
  EXPECT_EQ(receive(media, elsewhere), std::nullopt);
  EXPECT_EQ(mux.route(now, socket_b, there, media), std::nullopt);
  EXPECT_EQ(mux.stats().unknown_source, 5u);
}

TEST_F(UdpMuxTest, ClaimsAnAddressForWhomAnAnswerComesFromThere) {
  send(anna, check(1, "peer:anna"));
  EXPECT_EQ(receive(media), std::nullopt) << "sending claims nothing";
  EXPECT_EQ(receive(success(1), elsewhere), to_anna);
  EXPECT_EQ(receive(media), std::nullopt) << "it was answered from another place";
  EXPECT_EQ(receive(media, elsewhere), std::nullopt);
  send(anna, check(2, "peer:anna"));
  EXPECT_EQ(receive(message(stun::Class::error_response, 2)), to_anna);
  EXPECT_EQ(receive(media), std::nullopt) << "anybody refuses";
  prove(anna);
  EXPECT_EQ(receive(media), to_anna);
}

TEST_F(UdpMuxTest, ClaimsNoAddressOfAStunServer) {
  send(anna, message(stun::Class::request, 1));
  EXPECT_EQ(receive(success(1)), to_anna);
  EXPECT_EQ(mux.sizes().addresses, 0u);
}

TEST_F(UdpMuxTest, GivesAnAddressToNobodyElseWhileItsClaimHolds) {
  send(anna, success(1));
  now += UdpMux::claim_lifetime - 1ns;
  send(ben, success(2));
  EXPECT_EQ(receive(media), to_anna);
  EXPECT_EQ(mux.stats().contested, 1u);

  send(anna, success(3));  // Makes it good again.
  now += UdpMux::claim_lifetime;
  EXPECT_EQ(receive(media), to_anna) << "nobody else wants it";
  send(ben, success(4));
  EXPECT_EQ(receive(media), to_ben);
}

TEST_F(UdpMuxTest, LetsAProofTakeAnAddressThatWasOnlyAsserted) {
  send(anna, success(1));
  prove(ben);
  EXPECT_EQ(receive(media), to_ben);
}

TEST_F(UdpMuxTest, LetsAProofWaitForAnotherToGrowOld) {
  prove(anna);
  prove(ben);
  EXPECT_EQ(receive(media), to_anna);
  now += UdpMux::claim_lifetime - 1ns;
  send(anna, success(1));  // Asserts only.
  prove(ben);
  EXPECT_EQ(receive(media), to_anna);
  now += 1ns;
  prove(ben);
  EXPECT_EQ(receive(media), to_ben);
}

TEST_F(UdpMuxTest, ForgetsAUserThatLeaves) {
  send(anna, check(1, "peer:anna"));
  prove(anna, elsewhere);
  send(anna, success(2));
  EXPECT_TRUE(mux.remove(anna).empty()) << "Ben is still on it";
  EXPECT_EQ(receive(check(3, "anna:peer")), std::nullopt);
  EXPECT_EQ(receive(success(1)), std::nullopt);
  EXPECT_EQ(receive(media), std::nullopt);
  EXPECT_EQ(mux.sizes().ufrags, 1u);
  EXPECT_EQ(mux.sizes().addresses, 0u);
  EXPECT_EQ(mux.sizes().requests, 0u);
  send(ben, success(4));
  EXPECT_EQ(receive(media), to_ben) << "at once";
  EXPECT_EQ(mux.remove(ben), std::vector{socket_a});
}

TEST_F(UdpMuxTest, ForgetsWhatCameToASocketThatIsLeft) {
  mux.join(anna, FlowId{12}, socket_b);
  send(anna, success(1));
  mux.handle_sent(now, anna, socket_b, there, success(2));
  EXPECT_EQ(mux.socket_of(anna, annas), socket_a);
  EXPECT_EQ(mux.leave(anna, annas), std::nullopt);
  EXPECT_EQ(mux.socket_of(anna, annas), std::nullopt);
  EXPECT_EQ(receive(media), std::nullopt);
  EXPECT_EQ(receive(check(3, "anna:peer")), std::nullopt);
  EXPECT_EQ(mux.route(now, socket_b, there, media), (UdpMux::Receiver{anna, FlowId{12}}));
  EXPECT_EQ(mux.leave(anna, FlowId{12}), socket_b);
  EXPECT_EQ(mux.leave(anna, FlowId{12}), std::nullopt);
}

TEST_F(UdpMuxTest, ReplacesTheUfragsOfAUser) {
  name(anna, {"anna", "next"});
  EXPECT_EQ(receive(check(1, "anna:peer")), to_anna);
  EXPECT_EQ(receive(check(2, "next:peer")), to_anna);
  name(anna, {"next"});
  EXPECT_EQ(receive(check(3, "anna:peer")), std::nullopt);
  EXPECT_EQ(receive(check(4, "next:peer")), to_anna);
}

TEST_F(UdpMuxTest, LeavesAUfragToWhomItBelongs) {
  name(ben, {"anna", "benn"});
  EXPECT_EQ(receive(check(1, "anna:peer")), to_anna);
  EXPECT_EQ(receive(check(2, "benn:peer")), to_ben);
  EXPECT_EQ(mux.stats().taken_ufrags, 1u);
  mux.remove(ben);
  EXPECT_EQ(receive(check(3, "anna:peer")), to_anna);
}

TEST_F(UdpMuxTest, CountsWhatBeginsLikeStunAndIsNone) {
  auto cut = check(1, "anna:peer");
  for (std::size_t size = 1; size < cut.size(); ++size) {
    EXPECT_EQ(receive({cut.begin(), cut.begin() + static_cast<std::ptrdiff_t>(size)}), std::nullopt);
  }
  EXPECT_EQ(mux.stats().malformed, cut.size() - 1);
  EXPECT_EQ(receive({}), std::nullopt);
  EXPECT_EQ(mux.stats().unknown_source, 1u);
}

TEST_F(UdpMuxTest, KeepsOnlyTheNewestAddressesOfAUser) {
  send(anna, success(1));
  for (std::size_t i = 1; i < UdpMux::max_addresses; ++i) {
    now += 1ms;
    send(anna, success(1), Endpoint::v4(198, 51, 100, 1, static_cast<std::uint16_t>(i)));
  }
  now += 1ms;
  send(anna, success(1));  // The first is the newest now, and the second the oldest.
  send(anna, success(1), elsewhere);
  EXPECT_EQ(mux.sizes().addresses, UdpMux::max_addresses);
  EXPECT_EQ(receive(media), to_anna);
  EXPECT_EQ(receive(media, elsewhere), to_anna);
  EXPECT_EQ(receive(media, Endpoint::v4(198, 51, 100, 1, 1)), std::nullopt);
  EXPECT_EQ(receive(media, Endpoint::v4(198, 51, 100, 1, 2)), to_anna);
}

TEST_F(UdpMuxTest, KeepsOnlyTheNewestRequestsOfAUser) {
  send(ben, check(30'000, "peer:benn"));
  for (std::size_t i = 0; i <= UdpMux::max_requests; ++i) send(anna, check(static_cast<int>(i), "peer:anna"));
  EXPECT_EQ(mux.sizes().requests, UdpMux::max_requests + 1);
  EXPECT_EQ(receive(success(0)), std::nullopt);
  EXPECT_EQ(receive(success(1)), to_anna);
  EXPECT_EQ(receive(success(30'000)), to_ben) << "another user's";
}

TEST_F(UdpMuxTest, DropsOldRequestsWhenItHearsOfNewOnes) {
  for (int i = 0; i < 50; ++i) send(anna, check(i, "peer:anna"));
  now += UdpMux::request_lifetime;
  send(anna, check(50, "peer:anna"));
  EXPECT_EQ(mux.sizes().requests, 1u);
}

TEST_F(UdpMuxTest, KeepsNothingOfAFlood) {
  prove(anna);
  const auto before = mux.sizes();
  for (int i = 0; i < 10'000; ++i) {
    const Endpoint source = Endpoint::v4(203, 0, 113, 1, static_cast<std::uint16_t>(i));
    (void)receive(media, source);
    (void)receive(check(i, "guess" + std::to_string(i)), source);
    (void)receive(check(i, "anna:guess"), source);
    (void)receive(success(i), source);
    (void)receive(message(stun::Class::indication, i), source);
  }
  EXPECT_EQ(mux.sizes().ufrags, before.ufrags);
  EXPECT_EQ(mux.sizes().addresses, before.addresses);
  EXPECT_EQ(mux.sizes().requests, before.requests);
  EXPECT_EQ(receive(media), to_anna);
}

}  // namespace
}  // namespace petrel::inline v0::io

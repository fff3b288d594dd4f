#include <string>

#include "petrel/turn/channel_data.hpp"
#include "turn/scripted_server.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;
using stun::Method;

class ClientLifetime : public ScriptedServer {
 protected:
  // The payload of the next packet, which must be a Send indication to `to`.
  std::string sent_by_indication(const Endpoint& to) {
    const auto message = take();
    if (!message || stun::MessageView::parse(message->bytes())->method() != Method::send)
      return "no indication";
    EXPECT_EQ(message->view().message_class(), stun::Class::indication);
    EXPECT_EQ(message->view().xor_peer_address(), to);
    return std::string(as_text(message->view().data().value_or(Bytes{})));
  }
  std::string sent_by_channel(std::uint16_t channel) {
    const auto message = take();
    const auto view =
        message ? ChannelDataView::parse(message->bytes()) : Result<ChannelDataView>(Errc::truncated);
    if (!view) return "no channel";
    EXPECT_EQ(view->channel, channel);
    return std::string(as_text(view->payload));
  }
  bool deliver_in_channel(std::uint16_t channel, std::string_view text) {
    auto packet = PacketBuffer::copy_of(as_bytes(text)).value();
    prepend_channel_data(packet, channel, false);
    return deliver(packet.bytes());
  }
  // Answers whatever is asked, for ever, and keeps count.
  std::size_t grant_all(Method method) {
    std::size_t count = 0;
    while (const auto message = take()) {
      const auto view = stun::MessageView::parse(message->bytes());
      if (!view || view->message_class() != stun::Class::request) continue;
      if (view->method() == method) ++count;
      grant(*message);
    }
    return count;
  }
};

TEST_F(ClientLifetime, RefreshesAMinuteBeforeTheEnd) {
  allocate();
  run_until(start + 540s - 1ns);
  while (const auto message = take()) EXPECT_NE(message->view().method(), Method::refresh);
  run_until(start + 540s);
  const OwnedMessage request = expect_request(Method::refresh);
  EXPECT_EQ(request.view().lifetime(), 600U);
  EXPECT_TRUE(is_signed_by_user(request));
  grant(request, 300);
  run_until(start + 540s + 240s - 1ns);
  discard_transmits();
  run_until(start + 540s + 240s);
  expect_request(Method::refresh);
}

TEST_F(ClientLifetime, RefreshesAShortAllocationHalfway) {
  begin();
  challenge(expect_request(Method::allocate));
  grant(expect_request(Method::allocate), 10);
  run_until(start + 5s - 1ns);
  expect_silence();
  run_until(start + 5s);
  expect_request(Method::refresh);
}

TEST_F(ClientLifetime, VerifiesThatItStillStands) {
  allocate();
  client->verify(now);
  const OwnedMessage request = expect_request(Method::refresh);
  EXPECT_EQ(request.view().lifetime(), 600U);
  client->verify(now);
  expect_silence();  // One is under way.
  grant(request, 600);
  run_until(start + 10s);
  EXPECT_EQ(client->stage(), Stage::allocated);
}

TEST_F(ClientLifetime, IsLostWhenNobodyAnswersForThreeAndAHalfSeconds) {
  allocate();
  client->verify(now);
  run_until(start + 3500ms - 1ns);
  EXPECT_EQ(client->stage(), Stage::allocated);
  run_until(start + 3500ms);
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->error, Errc::timed_out);
}

TEST_F(ClientLifetime, HurriesARefreshThatIsUnderWay) {
  allocate();
  run_until(start + 542s);  // Sent at 540, 540.5 and 541.5 s.
  discard_transmits();
  client->verify(now);
  EXPECT_TRUE(take());
  run_until(start + 545500ms - 1ns);
  EXPECT_EQ(client->stage(), Stage::allocated);
  run_until(start + 545500ms);
  EXPECT_EQ(client->stage(), Stage::lost);
}

TEST_F(ClientLifetime, IsLostWhenTheServerDoesNotKnowItAnyMore) {
  allocate();
  client->verify(now);
  auto refusal = error(expect_request(Method::refresh), 437);
  deliver_signed(refusal);
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->error, Errc::allocation_mismatch);
}

// The server has an allocation of this 5-tuple that we gave up when it did not answer.
TEST_F(ClientLifetime, FreesTheFormerAllocationThatIsInTheWay) {
  begin();
  challenge(expect_request(Method::allocate));
  auto refusal = error(expect_request(Method::allocate), 437);
  deliver_signed(refusal);
  ASSERT_TRUE(take_event<Lost>());
  const OwnedMessage request = expect_request(Method::refresh);
  EXPECT_EQ(request.view().lifetime(), 0U);
  EXPECT_TRUE(is_signed_by_user(request));
}

TEST_F(ClientLifetime, SurvivesALifetimeBeyondAllMeasure) {
  begin();
  challenge(expect_request(Method::allocate));
  grant(expect_request(Method::allocate), 0xffffffff);
  const auto allocated = take_event<Allocated>();
  ASSERT_TRUE(allocated);
  EXPECT_EQ(allocated->lifetime, 24h);
}

TEST_F(ClientLifetime, IsLostWhenTheRefreshFails) {
  allocate();
  run_until(start + 540s);
  discard_transmits();
  run_until(start + 540s + 39'500ms - 1ns);
  EXPECT_FALSE(client->poll_event());
  run_until(start + 540s + 39'500ms);
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->error, Errc::timed_out);
  EXPECT_EQ(lost->detail, "no answer any more from 192.0.2.1:3478 by UDP");
}

TEST_F(ClientLifetime, MayBeSentToAnotherServerByARefresh) {
  allocate();
  run_until(start + 15s);
  discard_transmits();
  run_until(start + 540s);
  std::optional<OwnedMessage> refresh;
  while (auto message = take()) refresh = std::move(message);
  ASSERT_TRUE(refresh);
  auto response = error(*refresh, 300);
  deliver_signed(response.alternate_server(Endpoint::v4(192, 0, 2, 77, 3478)));
  EXPECT_TRUE(take_event<Redirected>());
  EXPECT_EQ(client->stage(), Stage::lost);
}

TEST_F(ClientLifetime, IsLostWhenTheServerForgotIt) {
  allocate();
  client->permit(now, peer.address);
  auto response = error(expect_request(Method::create_permission), 437, "Allocation Mismatch");
  deliver_signed(response);
  EXPECT_EQ(loss(), Errc::allocation_mismatch);
}

TEST_F(ClientLifetime, TakesANewNonceInTheMiddleOfItsLife) {
  allocate();
  client->permit(now, peer.address);
  client->permit(now, other_peer.address);
  const OwnedMessage first = expect_request(Method::create_permission);
  const OwnedMessage second = expect_request(Method::create_permission);
  nonce = "second-nonce";
  challenge(first, 438);
  challenge(second, 438);
  for (int i = 0; i < 2; ++i) {
    const OwnedMessage again = expect_request(Method::create_permission);
    EXPECT_EQ(again.view().nonce(), "second-nonce");
    EXPECT_TRUE(is_signed_by_user(again));
    grant(again);
  }
  EXPECT_TRUE(send(peer, "hello"));
  EXPECT_EQ(sent_by_indication(peer), "hello");
}

TEST_F(ClientLifetime, HoldsPacketsUntilTheirPeerHasAPermission) {
  allocate();
  EXPECT_TRUE(send(peer, "one"));
  EXPECT_TRUE(send(peer, "two"));
  const OwnedMessage request = expect_request(Method::create_permission);
  EXPECT_EQ(request.view().xor_peer_address()->address, peer.address);
  expect_silence();
  grant(request);
  EXPECT_EQ(sent_by_indication(peer), "one");
  EXPECT_EQ(sent_by_indication(peer), "two");
  expect_request(Method::channel_bind);
  EXPECT_EQ(client->stats().packets_sent, 2U);
  EXPECT_EQ(client->stats().bytes_sent, 6U);
}

TEST_F(ClientLifetime, HoldsPacketsUntilThereIsAnAllocation) {
  begin();
  EXPECT_TRUE(send(peer, "early"));
  challenge(expect_request(Method::allocate));
  const OwnedMessage request = expect_request(Method::allocate);
  expect_silence();
  grant(request);
  grant(expect_request(Method::create_permission));
  EXPECT_EQ(sent_by_indication(peer), "early");
}

TEST_F(ClientLifetime, DropsTheOldestOfTooManyThatWait) {
  allocate();
  for (std::size_t i = 0; i <= Client::max_waiting_packets; ++i) EXPECT_TRUE(send(peer, std::to_string(i)));
  EXPECT_EQ(client->stats().waiting_dropped, 1U);
  grant(expect_request(Method::create_permission));
  EXPECT_EQ(sent_by_indication(peer), "1");
}

TEST_F(ClientLifetime, TellsThatAPeerIsRefused) {
  allocate();
  EXPECT_TRUE(send(peer, "one"));
  auto response = error(expect_request(Method::create_permission), 403, "Forbidden");
  deliver_signed(response);
  const auto refused = take_event<PermissionRefused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->peer, peer.address);
  EXPECT_EQ(refused->code, 403);
  EXPECT_EQ(client->stats().waiting_dropped, 1U);
  EXPECT_EQ(send(peer, "two").error(), Errc::permission_refused);
  EXPECT_EQ(client->stats().refused_dropped, 1U);
  expect_silence();

  // The refusal is not asked about again before five minutes have passed.
  run_until(start + 5min - 1ns);
  discard_transmits();
  EXPECT_EQ(send(peer, "three").error(), Errc::permission_refused);
  run_until(start + 5min);
  discard_transmits();
  EXPECT_TRUE(send(peer, "four"));
  expect_request(Method::create_permission);
}

TEST_F(ClientLifetime, RenewsAPermissionThatIsUsed) {
  allocate();
  permit(peer);
  now += 100s;
  ASSERT_TRUE(client->send(now, peer, PacketBuffer::copy_of({}).value()));
  discard_transmits();
  run_until(start + 240s - 1ns);
  while (const auto message = take()) EXPECT_NE(message->view().method(), Method::create_permission);
  run_until(start + 240s);
  bool renewed = false;
  while (const auto message = take()) renewed |= message->view().method() == Method::create_permission;
  EXPECT_TRUE(renewed);
}

TEST_F(ClientLifetime, LetsAnUnusedPermissionGo) {
  allocate();
  permit(peer);
  discard_transmits();
  run_until(start + 5min - 1ns);
  while (const auto message = take()) EXPECT_NE(message->view().method(), Method::create_permission);
  run_until(start + 5min);
  discard_transmits();
  EXPECT_TRUE(send(peer, "again"));
  expect_request(Method::create_permission);
  expect_silence();
}

TEST_F(ClientLifetime, RenewsAtOnceWhatIsUsedLate) {
  allocate();
  permit(peer);
  run_until(start + 299s);
  discard_transmits();
  EXPECT_TRUE(send(peer, "late"));
  EXPECT_EQ(sent_by_indication(peer), "late");
  expect_request(Method::create_permission);
}

TEST_F(ClientLifetime, BindsAChannelForWhatIsNoCheck) {
  allocate();
  permit(peer);
  stun::Builder check(stun::Class::request, Method::binding, {});
  ASSERT_TRUE(client->send(now, peer, check.finish().value()));
  ASSERT_TRUE(take());
  expect_silence();

  ASSERT_TRUE(send(peer, "media"));
  EXPECT_EQ(sent_by_indication(peer), "media");
  const OwnedMessage request = expect_request(Method::channel_bind);
  EXPECT_EQ(request.view().channel_number(), 0x4000);
  EXPECT_EQ(request.view().xor_peer_address(), peer);
  ASSERT_TRUE(send(peer, "still"));
  EXPECT_EQ(sent_by_indication(peer), "still");
  grant(request);
  ASSERT_TRUE(send(peer, "short"));
  EXPECT_EQ(sent_by_channel(0x4000), "short");
  EXPECT_EQ(client->stats().packets_in_channels, 1U);

  permit(other_peer);
  ASSERT_TRUE(send(other_peer, "other"));
  ASSERT_TRUE(take());
  EXPECT_EQ(expect_request(Method::channel_bind).view().channel_number(), 0x4001);
}

TEST_F(ClientLifetime, BindsNoChannelWhereNoneAreWanted) {
  config.use_channels = false;
  allocate();
  permit(peer);
  ASSERT_TRUE(send(peer, "media"));
  EXPECT_EQ(sent_by_indication(peer), "media");
  expect_silence();
}

TEST_F(ClientLifetime, DoesWithoutAChannelThatIsRefused) {
  allocate();
  permit(peer);
  ASSERT_TRUE(send(peer, "one"));
  ASSERT_TRUE(take());
  auto response = error(expect_request(Method::channel_bind), 508);
  deliver_signed(response);
  ASSERT_TRUE(send(peer, "two"));
  EXPECT_EQ(sent_by_indication(peer), "two");
  expect_silence();
  EXPECT_FALSE(client->poll_event());
}

TEST_F(ClientLifetime, ReceivesByChannelAndByIndication) {
  allocate();
  permit(peer);
  bind_channel(peer);
  EXPECT_TRUE(deliver_in_channel(0x4000, "hello"));
  const auto in_channel = take_event<Received>();
  ASSERT_TRUE(in_channel);
  EXPECT_EQ(in_channel->relayed, relayed);
  EXPECT_EQ(in_channel->peer, peer);
  EXPECT_EQ(as_text(in_channel->payload.bytes()), "hello");

  stun::Builder data(stun::Class::indication, Method::data, {});
  EXPECT_TRUE(deliver_unsigned(data.xor_peer_address(peer).data(as_bytes("world"))));
  const auto in_indication = take_event<Received>();
  ASSERT_TRUE(in_indication);
  EXPECT_EQ(as_text(in_indication->payload.bytes()), "world");
  EXPECT_EQ(client->stats().packets_received, 2U);
  EXPECT_EQ(client->stats().bytes_received, 10U);
}

TEST_F(ClientLifetime, DropsWhatComesFromNobodyItKnows) {
  allocate();
  EXPECT_TRUE(deliver_in_channel(0x4000, "who"));
  stun::Builder data(stun::Class::indication, Method::data, {});
  EXPECT_TRUE(deliver_unsigned(data.xor_peer_address(peer).data(as_bytes("who"))));
  EXPECT_EQ(client->stats().unexpected, 2U);
  stun::Builder empty(stun::Class::indication, Method::data, {});
  EXPECT_TRUE(deliver_unsigned(empty.xor_peer_address(peer)));
  EXPECT_TRUE(deliver(testing::hex("40000008 00")));
  EXPECT_EQ(client->stats().malformed, 2U);
  EXPECT_FALSE(client->poll_event());
}

TEST_F(ClientLifetime, TakesNoIcmpForData) {
  allocate();
  permit(peer);
  stun::Builder icmp(stun::Class::indication, Method::data, {});
  EXPECT_TRUE(deliver_unsigned(icmp.xor_peer_address(peer).icmp({.type = 3, .code = 4, .data = 1280})));
  EXPECT_FALSE(client->poll_event());
  EXPECT_EQ(client->stats().malformed, 0U);
}

TEST_F(ClientLifetime, RenewsAChannelThatIsUsedAndItsPermission) {
  allocate();
  permit(peer);
  bind_channel(peer);
  std::size_t channels = 0;
  for (now = start; now < start + 30min; now += 1s) {
    client->handle_timeout(now);
    ASSERT_TRUE(send(peer, "media"));
    channels += grant_all(Method::channel_bind);
    ASSERT_FALSE(client->poll_event());
  }
  EXPECT_EQ(channels, 3U);  // After 9, 18 and 27 minutes.
  EXPECT_EQ(client->stats().packets_in_channels, 1800U);
}

TEST_F(ClientLifetime, RenewsAChannelAfterNineMinutes) {
  allocate();
  permit(peer);
  bind_channel(peer);
  run_until(start + 1s);
  ASSERT_TRUE(send(peer, "used"));
  const auto asks_for_channel = [&] {
    bool asked = false;
    while (const auto message = take()) {
      const auto view = stun::MessageView::parse(message->bytes());
      if (!view || view->message_class() != stun::Class::request) continue;
      asked |= view->method() == Method::channel_bind;
      grant(*message);
    }
    return asked;
  };
  run_until(start + 240s);  // Each time the allocation or the permission is due, it is granted.
  EXPECT_FALSE(asks_for_channel());
  run_until(start + 540s - 1ns);
  EXPECT_FALSE(asks_for_channel());
  run_until(start + 540s);
  EXPECT_TRUE(asks_for_channel());
}

TEST_F(ClientLifetime, GoesBackToIndicationsWhenItsChannelHasLapsed) {
  allocate();
  permit(peer);
  bind_channel(peer);
  run_until(start + 100s);
  grant_all(Method::refresh);
  const auto live_until = [&](TimePoint end) {
    while (now < end) {
      run_until(std::min(end, now + 10s));
      grant_all(Method::refresh);
    }
  };
  live_until(start + 600s - 1ns);
  client->permit(now, peer.address);
  grant_all(Method::create_permission);
  ASSERT_TRUE(send(peer, "last"));
  EXPECT_EQ(sent_by_channel(0x4000), "last");
  auto late = error(expect_request(Method::channel_bind), 508);
  deliver_signed(late);
  run_until(start + 600s);
  ASSERT_TRUE(send(peer, "after"));
  EXPECT_EQ(sent_by_indication(peer), "after");
}

TEST_F(ClientLifetime, BindsTheSameNumberToTheSamePeerAgain) {
  allocate();
  permit(peer);
  bind_channel(peer);
  const auto live_until = [&](TimePoint end) {
    while (now < end) {
      run_until(std::min(end, now + 10s));
      grant_all(Method::refresh);
    }
  };
  live_until(start + 601s);
  permit(other_peer);
  ASSERT_TRUE(send(other_peer, "other"));
  EXPECT_EQ(sent_by_indication(other_peer), "other");
  // RFC 8656 12: 0x4000 is not given to another for five minutes.
  EXPECT_EQ(expect_request(Method::channel_bind).view().channel_number(), 0x4001);
  permit(peer);
  ASSERT_TRUE(send(peer, "again"));
  EXPECT_EQ(sent_by_indication(peer), "again");
  EXPECT_EQ(expect_request(Method::channel_bind).view().channel_number(), 0x4000);
}

TEST_F(ClientLifetime, RefusesWhatDoesNotFit) {
  allocate();
  permit(peer);
  const std::size_t most = client->max_payload(IpFamily::v4);
  EXPECT_EQ(most, 1500U - 28 - 36);
  EXPECT_TRUE(send(peer, std::string(most, 'x')));
  EXPECT_LE(take()->bytes().size(), 1472U);
  EXPECT_EQ(send(peer, std::string(most + 1, 'x')).error(), petrel::Errc::too_long);
  EXPECT_EQ(client->stats().too_long_dropped, 1U);
  EXPECT_EQ(client->max_payload(IpFamily::v6), 1500U - 28 - 48);
}

TEST_F(ClientLifetime, RefusesPeersThatNoRelayCanReach) {
  allocate();
  EXPECT_EQ(send(*Endpoint::parse("[2001:db8::9]:4000"), "x").error(), Errc::family_mismatch);
  EXPECT_EQ(send({peer.address, 0}, "x").error(), petrel::Errc::invalid_argument);
  client->permit(now, IpAddress::parse("2001:db8::9").value());
  expect_silence();
}

TEST_F(ClientLifetime, SendsToAHeadroomThatSomebodyTook) {
  allocate();
  permit(peer);
  auto packet = PacketBuffer::copy_of(as_bytes("payload")).value();
  packet.grow_front(60);
  ASSERT_TRUE(client->send(now, peer, std::move(packet)));
  EXPECT_EQ(take()->view().data()->size(), 67U);
}

TEST_F(ClientLifetime, KnowsNoMorePeersThanItsLimit) {
  allocate();
  for (std::size_t i = 0; i < Client::max_permissions; ++i) {
    const auto address =
        IpAddress::v4(198, 51, static_cast<std::uint8_t>(i / 200), static_cast<std::uint8_t>(i % 200));
    EXPECT_TRUE(client->send(now, {address, 1}, PacketBuffer::copy_of({}).value()));
  }
  EXPECT_EQ(send(Endpoint::v4(198, 51, 200, 1, 1), "x").error(), petrel::Errc::limit_reached);
}

TEST_F(ClientLifetime, BoundsWhatNobodyPolls) {
  allocate();
  permit(peer);
  bind_channel(peer);
  for (std::size_t i = 0; i <= Client::max_unread_packets; ++i) deliver_in_channel(0x4000, "x");
  EXPECT_EQ(client->stats().unread_dropped, 1U);
  for (std::size_t i = 0; i <= Client::max_unsent_packets; ++i) EXPECT_TRUE(send(peer, "x"));
  EXPECT_EQ(client->stats().unsent_dropped, 1U);
}

TEST_F(ClientLifetime, KeepsTheBindingOfANatAlive) {
  allocate();
  run_until(start + 15s - 1ns);
  expect_silence();
  run_until(start + 15s);
  const auto message = take();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->view().message_class(), stun::Class::indication);
  EXPECT_EQ(message->view().method(), Method::binding);
  expect_silence();
}

TEST_F(ClientLifetime, UsesANewPasswordAtOnce) {
  allocate();
  password = "renewed";
  client->set_credentials(now, {"alice", "renewed"});
  client->permit(now, peer.address);
  const OwnedMessage request = expect_request(Method::create_permission);
  EXPECT_TRUE(is_signed_by_user(request));
  grant(request);
  EXPECT_TRUE(send(peer, "x"));
  EXPECT_EQ(sent_by_indication(peer), "x");
}

TEST_F(ClientLifetime, BelievesTheAnswerToWhatTheOldPasswordSigned) {
  allocate();
  client->permit(now, peer.address);
  const OwnedMessage request = expect_request(Method::create_permission);
  client->set_credentials(now, {"alice", "renewed"});
  grant(request);
  EXPECT_TRUE(send(peer, "x"));
  EXPECT_EQ(sent_by_indication(peer), "x");
}

TEST_F(ClientLifetime, KeepsTheUsernameOfItsAllocationWhileItWorks) {
  allocate();
  client->set_credentials(now, {"1700003600:alice", "other"});
  permit(peer);  // Still with the old ones (RFC 8656 5).
  client->permit(now, other_peer.address);
  challenge(expect_request(Method::create_permission));  // They have expired.
  username = "1700003600:alice";
  password = "other";
  const OwnedMessage request = expect_request(Method::create_permission);
  EXPECT_EQ(request.view().username(), username);
  EXPECT_TRUE(is_signed_by_user(request));
  auto response = error(request, 441, "Wrong Credentials");
  deliver_signed(response);
  EXPECT_EQ(loss(), Errc::wrong_credentials);
}

TEST_F(ClientLifetime, UsesOtherCredentialsBeforeThereIsAnAllocation) {
  begin();
  challenge(expect_request(Method::allocate));
  const OwnedMessage refused = expect_request(Method::allocate);
  username = "bob";
  password = "hush";
  client->set_credentials(now, {"bob", "hush"});
  challenge(refused);
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_EQ(request.view().username(), "bob");
  EXPECT_TRUE(is_signed_by_user(request));
}

TEST_F(ClientLifetime, GivesTheAllocationBack) {
  allocate();
  client->close(now);
  const OwnedMessage request = expect_request(Method::refresh);
  EXPECT_EQ(request.view().lifetime(), 0U);
  EXPECT_TRUE(is_signed_by_user(request));
  expect_silence();
  EXPECT_EQ(client->stage(), Stage::closed);
  EXPECT_EQ(client->next_timeout(), std::nullopt);
  EXPECT_EQ(send(peer, "x").error(), petrel::Errc::closed);

  auto response = success(request);
  EXPECT_TRUE(deliver_signed(response.lifetime(0)));  // Nobody else's.
  EXPECT_FALSE(client->poll_event());
}

TEST_F(ClientLifetime, GivesNothingBackThatItNeverHad) {
  begin();
  expect_request(Method::allocate);
  client->close(now);
  expect_silence();
}

}  // namespace
}  // namespace petrel::inline v0::turn

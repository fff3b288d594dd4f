#include "petrel/turn/client.hpp"

#include "turn/scripted_server.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;
using stun::Method;
using stun::PasswordAlgorithm;

static_assert(ProtocolCore<Client>);

using ClientTest = ScriptedServer;

TEST_F(ClientTest, BeginsWithAnAllocateThatIsNotSigned) {
  config.software = "petrel";
  begin();
  const OwnedMessage request = expect_request(Method::allocate);
  const auto view = request.view();
  EXPECT_EQ(view.requested_transport(), 17);
  EXPECT_EQ(view.lifetime(), 600U);
  EXPECT_EQ(view.software(), "petrel");
  EXPECT_FALSE(view.requested_address_family());
  EXPECT_FALSE(view.username());
  EXPECT_FALSE(view.has_integrity());
  EXPECT_EQ(client->stage(), Stage::allocating);
}

TEST_F(ClientTest, SignsOnceItIsChallenged) {
  begin();
  const OwnedMessage first = expect_request(Method::allocate);
  challenge(first);
  const OwnedMessage second = expect_request(Method::allocate);
  EXPECT_NE(second.view().id(), first.view().id());
  EXPECT_EQ(second.view().username(), "alice");
  EXPECT_EQ(second.view().realm(), "example.org");
  EXPECT_EQ(second.view().nonce(), "first-nonce");
  EXPECT_TRUE(is_signed_by_user(second));
  EXPECT_TRUE(client->report().challenged);
}

TEST_F(ClientTest, TellsWhatItWasGranted) {
  begin();
  challenge(expect_request(Method::allocate));
  grant(expect_request(Method::allocate), 777);
  const auto allocated = take_event<Allocated>();
  ASSERT_TRUE(allocated);
  EXPECT_EQ(allocated->relayed, std::vector{relayed});
  EXPECT_EQ(allocated->mapped, mapped);
  EXPECT_EQ(allocated->lifetime, 777s);
  EXPECT_EQ(client->relayed(), std::vector{relayed});
  EXPECT_EQ(client->stage(), Stage::allocated);
  EXPECT_FALSE(client->poll_event());
}

TEST_F(ClientTest, NeedsNoCredentialsWhereNobodyAsks) {
  config.credentials = {};
  begin();
  auto response = success(expect_request(Method::allocate));
  deliver_unsigned(response.xor_relayed_address(relayed).xor_mapped_address(mapped).lifetime(600));
  EXPECT_TRUE(take_event<Allocated>());
}

TEST_F(ClientTest, SendsTheSameBytesAgainUntilItGivesUp) {
  config.setup_limit = 60s;
  begin();
  const OwnedMessage request = expect_request(Method::allocate);
  for (const Duration at : {500ms, 1500ms, 3500ms, 7500ms, 15'500ms, 31'500ms}) {
    run_until(start + at - 1ns);
    expect_silence();
    run_until(start + at);
    EXPECT_TRUE(equal(expect_request(Method::allocate).bytes(), request.bytes()));
  }
  run_until(start + 39'500ms - 1ns);
  EXPECT_FALSE(client->poll_event());
  run_until(start + 39'500ms);
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->error, Errc::timed_out);
  EXPECT_EQ(lost->detail, "no answer from 192.0.2.1:3478 by UDP in 39.5 s");
  EXPECT_EQ(client->next_timeout(), std::nullopt);
}

TEST_F(ClientTest, TakesNoLongerThanItsLimit) {
  config.setup_limit = 9'500ms;
  begin();
  run_until(start + 9'500ms - 1ns);
  EXPECT_FALSE(client->poll_event());
  run_until(start + 9'500ms);
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->detail, "no answer from 192.0.2.1:3478 by UDP in 9.5 s");
}

TEST_F(ClientTest, TakesASecond401ForAWrongPassword) {
  config.server_name = "turn.example.org";
  begin();
  challenge(expect_request(Method::allocate));
  challenge(expect_request(Method::allocate));
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->error, Errc::wrong_credentials);
  EXPECT_EQ(lost->detail, "401 from turn.example.org after our credentials: wrong username or password");
  EXPECT_EQ(client->report().last_error_code, 401);
  EXPECT_EQ(client->report().reached, Stage::allocating);
  expect_silence();
}

TEST_F(ClientTest, SaysSoWhenCredentialsAreMissing) {
  config.credentials = {};
  begin();
  challenge(expect_request(Method::allocate));
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->error, Errc::wrong_credentials);
  EXPECT_EQ(lost->detail, "401 from 192.0.2.1:3478: it asks for a username and password");
}

TEST_F(ClientTest, TriesAgainWhenTheRealmChanged) {
  begin();
  challenge(expect_request(Method::allocate));
  const OwnedMessage refused = expect_request(Method::allocate);
  realm = "another.example";
  challenge(refused);
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_EQ(request.view().realm(), "another.example");
  EXPECT_TRUE(is_signed_by_user(request));
  grant(request);
  EXPECT_TRUE(take_event<Allocated>());
}

TEST_F(ClientTest, TakesANewNonceWhenItsOwnIsStale) {
  begin();
  challenge(expect_request(Method::allocate));
  nonce = "second-nonce";
  challenge(expect_request(Method::allocate), 438);
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_EQ(request.view().nonce(), "second-nonce");
  EXPECT_TRUE(is_signed_by_user(request));
}

TEST_F(ClientTest, TakesNoMoreThanFourNoncesForOneRequest) {
  begin();
  challenge(expect_request(Method::allocate));
  for (int i = 0; i < 3; ++i) challenge(expect_request(Method::allocate), 438);
  EXPECT_FALSE(client->poll_event());
  challenge(expect_request(Method::allocate), 438);
  EXPECT_EQ(loss(), Errc::nonce_loop);
}

TEST_F(ClientTest, RefusesAChallengeWithoutNonceOrRealm) {
  begin();
  auto response = error(expect_request(Method::allocate), 401);
  deliver_unsigned(response.realm("example.org"));
  EXPECT_EQ(loss(), Errc::malformed_answer);
  begin();
  auto without_realm = error(expect_request(Method::allocate), 401);
  deliver_unsigned(without_realm.nonce("n"));
  EXPECT_EQ(loss(), Errc::malformed_answer);
}

TEST_F(ClientTest, EndsWhenNameRealmAndNonceFitNoMessage) {
  config.credentials.username = std::string(508, 'u');
  realm = std::string(508, 'r');
  nonce = std::string(508, 'n');
  begin();
  challenge(expect_request(Method::allocate));
  EXPECT_EQ(loss(), stun::Errc::message_too_long);
}

TEST_F(ClientTest, NamesWhatTheServerRefused) {
  for (const auto& [code, expected] : {std::pair{403, Errc::refused},
                                       {437, Errc::allocation_mismatch},
                                       {440, Errc::family_unsupported},
                                       {441, Errc::wrong_credentials},
                                       {486, Errc::quota_reached},
                                       {508, Errc::insufficient_capacity},
                                       {500, Errc::refused},
                                       {420, Errc::refused}}) {
    begin();
    challenge(expect_request(Method::allocate));
    auto response = error(expect_request(Method::allocate), code);
    deliver_signed(response);
    EXPECT_EQ(loss(), expected) << code;
    EXPECT_EQ(client->next_timeout(), std::nullopt);
  }
}

TEST_F(ClientTest, SaysThatTheQuotaIsReached) {
  begin();
  auto response = error(expect_request(Method::allocate), 486, "Allocation Quota Reached");
  deliver_unsigned(response);
  const auto lost = take_event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->detail, "486 from 192.0.2.1:3478: quota reached");
  EXPECT_EQ(client->report().last_error_reason, "Allocation Quota Reached");
}

TEST_F(ClientTest, BelievesNoUnsignedAnswerToASignedRequest) {
  begin();
  challenge(expect_request(Method::allocate));
  const OwnedMessage request = expect_request(Method::allocate);
  auto forged = success(request);
  EXPECT_TRUE(deliver_unsigned(forged.xor_relayed_address(relayed).xor_mapped_address(mapped).lifetime(600)));
  auto forged_error = error(request, 486);
  EXPECT_TRUE(deliver_unsigned(forged_error));
  password = "other";
  auto foreign = success(request);
  EXPECT_TRUE(deliver_signed(foreign.xor_relayed_address(relayed).xor_mapped_address(mapped).lifetime(600)));
  EXPECT_FALSE(client->poll_event());
  EXPECT_EQ(client->stats().unauthentic, 3U);

  password = "secret";
  grant(request);  // RFC 8489 9.2.5: the others were as if they had never come.
  EXPECT_TRUE(take_event<Allocated>());
}

TEST_F(ClientTest, SaysSoWhenNoAnswerWasEverSigned) {
  begin();
  challenge(expect_request(Method::allocate));
  auto forged = success(expect_request(Method::allocate));
  deliver_unsigned(forged.xor_relayed_address(relayed));
  run_until(start + 40s);
  EXPECT_EQ(loss(), Errc::unauthentic_answer);
}

TEST_F(ClientTest, RefusesASuccessThatLacksWhatItMustHave) {
  for (int missing = 0; missing < 4; ++missing) {
    begin();
    challenge(expect_request(Method::allocate));
    auto response = success(expect_request(Method::allocate));
    if (missing != 0) response.xor_relayed_address(relayed);
    if (missing != 1) response.xor_mapped_address(mapped);
    if (missing != 2) response.lifetime(missing == 3 ? 0 : 600);
    deliver_signed(response);
    EXPECT_EQ(loss(), Errc::malformed_answer) << missing;
  }
}

TEST_F(ClientTest, RefusesAnAnswerThatItCannotUnderstand) {
  begin();
  auto response = success(expect_request(Method::allocate));
  response.xor_relayed_address(relayed).xor_mapped_address(mapped).lifetime(600);
  deliver_unsigned(response.attribute(static_cast<stun::AttributeType>(0x7777), {}));
  EXPECT_EQ(loss(), Errc::malformed_answer);
}

TEST_F(ClientTest, HandsARedirectionToItsOwner) {
  begin();
  challenge(expect_request(Method::allocate));
  const Endpoint alternate = Endpoint::v4(192, 0, 2, 77, 3478);
  auto response = error(expect_request(Method::allocate), 300, "Try Alternate");
  deliver_signed(response.alternate_server(alternate).alternate_domain("turn2.example.org"));
  const auto redirected = take_event<Redirected>();
  ASSERT_TRUE(redirected);
  EXPECT_EQ(redirected->server, alternate);
  EXPECT_EQ(redirected->domain, "turn2.example.org");
  EXPECT_FALSE(client->poll_event());
  EXPECT_EQ(client->stage(), Stage::lost);
  EXPECT_EQ(client->report().error, Errc::redirected);
  EXPECT_EQ(client->next_timeout(), std::nullopt);
}

TEST_F(ClientTest, FollowsNoRedirectionToNowhereOrToItself) {
  for (const Endpoint& alternate : {server, Endpoint::v4(127, 0, 0, 1, 3478), Endpoint::v4(0, 0, 0, 0, 3478),
                                    Endpoint::v4(224, 0, 0, 1, 3478), Endpoint::v4(192, 0, 2, 2, 0),
                                    *Endpoint::parse("[2001:db8::2]:3478")}) {
    begin();
    auto response = error(expect_request(Method::allocate), 300);
    deliver_unsigned(response.alternate_server(alternate));
    EXPECT_EQ(loss(), Errc::redirect_refused) << alternate.to_string();
  }
  begin();
  auto response = error(expect_request(Method::allocate), 300);
  deliver_unsigned(response);
  EXPECT_EQ(loss(), Errc::redirect_refused);
}

TEST_F(ClientTest, AsksForTheFamilyItWants) {
  config.family = IpFamily::v6;
  begin();
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_EQ(request.view().requested_address_family(), IpFamily::v6);
  challenge(request);
  auto response = success(expect_request(Method::allocate));
  deliver_signed(response.xor_relayed_address(relayed_v6).xor_mapped_address(mapped).lifetime(600));
  const auto allocated = take_event<Allocated>();
  ASSERT_TRUE(allocated);
  EXPECT_EQ(allocated->relayed, std::vector{relayed_v6});
}

TEST_F(ClientTest, RefusesAnAddressOfAnotherFamily) {
  config.family = IpFamily::v6;
  begin();
  challenge(expect_request(Method::allocate));
  grant(expect_request(Method::allocate));
  EXPECT_EQ(loss(), Errc::malformed_answer);
}

TEST_F(ClientTest, TakesTwoFamiliesFromOneAllocation) {
  config.both_families = true;
  begin();
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_EQ(request.view().additional_address_family(), IpFamily::v6);
  EXPECT_FALSE(request.view().requested_address_family());
  challenge(request);
  auto response = success(expect_request(Method::allocate));
  response.xor_relayed_address(relayed).xor_relayed_address(relayed_v6);
  deliver_signed(response.xor_mapped_address(mapped).lifetime(600));
  const auto allocated = take_event<Allocated>();
  ASSERT_TRUE(allocated);
  EXPECT_EQ(allocated->relayed, (std::vector{relayed, relayed_v6}));

  const Endpoint peer_v6 = *Endpoint::parse("[2001:db8::9]:4000");
  permit(peer_v6);
  stun::Builder data(stun::Class::indication, Method::data, {});
  deliver_unsigned(data.xor_peer_address(peer_v6).data(as_bytes("six")));
  const auto received = take_event<Received>();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->relayed, relayed_v6);
  EXPECT_EQ(received->peer, peer_v6);
}

TEST_F(ClientTest, TakesOneFamilyWhereTheOtherIsNotToBeHad) {
  config.both_families = true;
  begin();
  challenge(expect_request(Method::allocate));
  auto response = success(expect_request(Method::allocate));
  response.xor_relayed_address(relayed).address_error_code(IpFamily::v6, 440, "No IPv6");
  deliver_signed(response.xor_mapped_address(mapped).lifetime(600));
  const auto allocated = take_event<Allocated>();
  ASSERT_TRUE(allocated);
  EXPECT_EQ(allocated->relayed, std::vector{relayed});
}

TEST_F(ClientTest, LeavesToOthersWhatIsNotItsOwn) {
  allocate();
  stun::Builder check(stun::Class::request, Method::binding, {});
  EXPECT_FALSE(deliver_unsigned(check));
  stun::Builder response(stun::Class::success_response, Method::binding, {});
  EXPECT_FALSE(deliver_unsigned(response));
  stun::Builder keepalive(stun::Class::indication, Method::binding, {});
  EXPECT_FALSE(deliver_unsigned(keepalive));
  EXPECT_FALSE(deliver(testing::hex("16fefd00")));  // DTLS
  EXPECT_FALSE(deliver({}));

  stun::Builder data(stun::Class::indication, Method::data, {});
  const auto packet = data.xor_peer_address(peer).data(as_bytes("x")).finish();
  ASSERT_TRUE(packet);
  EXPECT_FALSE(client->handle_datagram(now, {flow, peer, local, packet->bytes()}));
  EXPECT_FALSE(client->handle_datagram(now, {FlowId{8}, server, local, packet->bytes()}));
  EXPECT_FALSE(client->poll_event());

  stun::Builder late(stun::Class::success_response, Method::allocate, {});
  EXPECT_TRUE(deliver_unsigned(late));
  EXPECT_EQ(client->stats().unexpected, 1U);
}

TEST_F(ClientTest, IsSilentOnceItIsLost) {
  allocate();
  client->handle_flow(now, flow, FlowFailed{std::make_error_code(std::errc::network_down)});
  EXPECT_EQ(loss(), Errc::connection_closed);
  EXPECT_EQ(send(peer, "x").error(), petrel::Errc::closed);
  client->permit(now, peer.address);
  client->handle_timeout(now + 1h);
  client->close(now);
  expect_silence();
  EXPECT_FALSE(client->poll_event());
  EXPECT_EQ(client->next_timeout(), std::nullopt);
  EXPECT_TRUE(client->relayed().empty());
}

TEST_F(ClientTest, MovesWithAllItHas) {
  allocate();
  Client moved = std::move(*client);
  EXPECT_EQ(moved.relayed(), std::vector{relayed});
  moved.permit(now, peer.address);
  EXPECT_TRUE(moved.poll_transmit());
}

// RFC 8489 9.2: newer servers.
class NewerServer : public ScriptedServer {
 protected:
  NewerServer() {
    nonce = stun::make_nonce({.password_algorithms = true, .username_anonymity = true}, "abc");
    offered = {PasswordAlgorithm::sha256, PasswordAlgorithm::md5};
    algorithm = PasswordAlgorithm::sha256;
  }
};

TEST_F(NewerServer, IsSpokenToWithSha256AndWithoutTheName) {
  begin();
  challenge(expect_request(Method::allocate));
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_TRUE(is_signed_by_user(request));
  EXPECT_EQ(request.view().password_algorithm(), PasswordAlgorithm::sha256);
  ASSERT_TRUE(request.view().password_algorithms());
  EXPECT_EQ(request.view().password_algorithms()->size(), 2U);
  EXPECT_FALSE(request.view().username());
  EXPECT_EQ(request.view().userhash(), stun::userhash("alice", "example.org"));
  grant(request);
  EXPECT_TRUE(take_event<Allocated>());
}

TEST_F(NewerServer, DecidesTheOrderOfItsAlgorithms) {
  offered = {static_cast<PasswordAlgorithm>(77), PasswordAlgorithm::md5, PasswordAlgorithm::sha256};
  algorithm = PasswordAlgorithm::md5;
  begin();
  challenge(expect_request(Method::allocate));
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_EQ(request.view().password_algorithm(), PasswordAlgorithm::md5);
  EXPECT_TRUE(is_signed_by_user(request));  // The key by MD5, the message by SHA-256.
}

TEST_F(NewerServer, IsNotToldANameWithoutNeed) {
  nonce = stun::make_nonce({.password_algorithms = true}, "abc");
  begin();
  challenge(expect_request(Method::allocate));
  const OwnedMessage request = expect_request(Method::allocate);
  EXPECT_EQ(request.view().username(), "alice");
  EXPECT_FALSE(request.view().userhash());
}

TEST_F(NewerServer, WhoseListSomebodyTookOutIsNotAnswered) {
  begin();
  offered.clear();
  challenge(expect_request(Method::allocate));
  EXPECT_EQ(loss(), Errc::weak_authentication);
  expect_silence();
}

TEST_F(NewerServer, WhoseAlgorithmsNobodyKnowsIsNotAnswered) {
  offered = {static_cast<PasswordAlgorithm>(77)};
  begin();
  challenge(expect_request(Method::allocate));
  EXPECT_EQ(loss(), Errc::weak_authentication);
}

TEST_F(NewerServer, IsNotSpokenToInAWeakerWayLater) {
  for (const auto& weaker : {std::vector<PasswordAlgorithm>{}, std::vector{PasswordAlgorithm::md5}}) {
    nonce = stun::make_nonce({.password_algorithms = true, .username_anonymity = true}, "abc");
    offered = {PasswordAlgorithm::sha256};
    begin();
    challenge(expect_request(Method::allocate));
    offered = weaker;
    if (weaker.empty()) nonce = "plain";
    challenge(expect_request(Method::allocate), 438);
    EXPECT_EQ(loss(), Errc::weak_authentication);
    expect_silence();
  }
}

TEST_F(NewerServer, WhoseNameProtectionSomebodyTookOutIsNotAnswered) {
  begin();
  challenge(expect_request(Method::allocate));
  nonce = stun::make_nonce({.password_algorithms = true}, "abc");
  challenge(expect_request(Method::allocate), 438);
  EXPECT_EQ(loss(), Errc::weak_authentication);
}

TEST_F(NewerServer, IsNotBelievedWhenItSignsTheOldWay) {
  begin();
  challenge(expect_request(Method::allocate));
  auto response = success(expect_request(Method::allocate));
  response.xor_relayed_address(relayed).xor_mapped_address(mapped).lifetime(600);
  crypto::HmacSha1Key sha1(key());
  const auto packet = response.finish({.integrity = &sha1});
  deliver(packet.value().bytes());
  EXPECT_FALSE(client->poll_event());
  EXPECT_EQ(client->stats().unauthentic, 1U);
}

}  // namespace
}  // namespace petrel::inline v0::turn

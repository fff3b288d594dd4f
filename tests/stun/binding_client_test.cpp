#include "petrel/stun/binding_client.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "petrel/stun/builder.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace std::chrono_literals;
using namespace petrel::testing;

static_assert(ProtocolCore<BindingClient>);

using ByteVector = std::vector<std::byte>;

constexpr TimePoint start{};
constexpr FlowId flow{7};
const Endpoint local = Endpoint::v4(10, 0, 0, 2, 5000);
const Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
const Endpoint other_server = Endpoint::v4(192, 0, 2, 2, 3478);
const Endpoint mapped = Endpoint::v4(203, 0, 113, 9, 61'000);

// A client whose first request was sent, and the hand that answers it.
class BindingClientTest : public ::testing::Test {
 protected:
  TransactionId take_request(const Endpoint& expected_server) {
    const auto transmit = client.poll_transmit();
    EXPECT_TRUE(transmit);
    if (!transmit) return {};
    EXPECT_EQ(transmit->flow, flow);
    EXPECT_EQ(transmit->destination, expected_server);
    const auto view = MessageView::parse(transmit->payload.bytes());
    EXPECT_TRUE(view && view->message_class() == Class::request && view->method() == Method::binding);
    return view ? view->id() : TransactionId{};
  }

  bool deliver(Builder& answer, const Endpoint& from = server, FlowId over = flow) {
    const auto packet = answer.finish();
    return client.handle_datagram(start + 20ms, {over, from, local, packet.value().bytes()});
  }

  // The error the client failed with, and its code.
  BindingFailed failure() {
    const auto event = client.poll_event();
    if (!event || !std::holds_alternative<BindingFailed>(*event)) return {};
    return std::get<BindingFailed>(*event);
  }

  void expect_still_waiting() {
    EXPECT_FALSE(client.poll_event());
    EXPECT_TRUE(client.next_timeout());
  }

  SeededRandom random{1};
  BindingClient client{start, {.flow = flow, .server = server, .software = "petrel"}, random};
};

TEST_F(BindingClientTest, ReportsTheAddressItsServerSaw) {
  Builder answer(Class::success_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer.xor_mapped_address(mapped)));

  const auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<MappedAddress>(*event));
  EXPECT_EQ(std::get<MappedAddress>(*event).address, mapped);
  EXPECT_EQ(std::get<MappedAddress>(*event).server, server);
  EXPECT_FALSE(client.poll_event());
  EXPECT_EQ(client.next_timeout(), std::nullopt);
}

TEST_F(BindingClientTest, TakesAPlainMappedAddressFromAnOldServer) {
  Builder answer(Class::success_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer.mapped_address(mapped)));
  const auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<MappedAddress>(*event));
}

TEST_F(BindingClientTest, SendsTheSameRequestSevenTimesAndThenGivesUp) {
  const TransactionId id = take_request(server);
  for (const Duration at : {500ms, 1500ms, 3500ms, 7500ms, 15'500ms, 31'500ms}) {
    EXPECT_EQ(client.next_timeout(), start + at);
    client.handle_timeout(start + at - 1ns);
    EXPECT_FALSE(client.poll_transmit());
    client.handle_timeout(start + at);
    EXPECT_EQ(take_request(server), id);
  }
  client.handle_timeout(start + 39'500ms - 1ns);
  EXPECT_FALSE(client.poll_event());
  client.handle_timeout(start + 39'500ms);
  EXPECT_EQ(failure().error, Errc::timed_out);
  EXPECT_EQ(client.next_timeout(), std::nullopt);
  EXPECT_FALSE(client.poll_transmit());
}

TEST_F(BindingClientTest, LeavesAnswersToOthersAlone) {
  TransactionId id = take_request(server);
  Builder other_flow(Class::success_response, Method::binding, id);
  EXPECT_FALSE(deliver(other_flow.xor_mapped_address(mapped), server, FlowId{8}));
  id[11] ^= std::byte{1};
  Builder other_id(Class::success_response, Method::binding, id);
  EXPECT_FALSE(deliver(other_id.xor_mapped_address(mapped)));
  EXPECT_FALSE(client.handle_datagram(start, {flow, server, local, as_bytes("not STUN at all, just text")}));
  EXPECT_FALSE(client.handle_datagram(start, {flow, server, local, {}}));
  expect_still_waiting();
}

TEST_F(BindingClientTest, DropsAnAnswerFromAnotherSource) {
  Builder answer(Class::success_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer.xor_mapped_address(mapped), other_server));
  EXPECT_EQ(client.stats().unexpected, 1U);
  expect_still_waiting();
}

TEST_F(BindingClientTest, DropsWhatIsNoBindingResponse) {
  const TransactionId id = take_request(server);
  for (const auto& [message_class, method] :
       {std::pair{Class::request, Method::binding}, std::pair{Class::indication, Method::binding},
        std::pair{Class::success_response, Method::allocate}}) {
    Builder answer(message_class, method, id);
    EXPECT_TRUE(deliver(answer.xor_mapped_address(mapped)));
  }
  EXPECT_EQ(client.stats().unexpected, 3U);
  expect_still_waiting();
}

TEST_F(BindingClientTest, DropsAnAnswerWithAWrongFingerprintOrAttribute) {
  const TransactionId id = take_request(server);
  Builder answer(Class::success_response, Method::binding, id);
  auto packet = answer.xor_mapped_address(mapped).finish().value();
  packet.data()[packet.size() - 1] ^= std::byte{1};
  EXPECT_TRUE(client.handle_datagram(start, {flow, server, local, packet.bytes()}));
  packet.data()[header_size + 3] = std::byte{0xff};
  EXPECT_TRUE(client.handle_datagram(start, {flow, server, local, packet.bytes()}));
  EXPECT_EQ(client.stats().malformed, 2U);
  expect_still_waiting();
}

TEST_F(BindingClientTest, AcceptsAnAnswerWithoutFingerprint) {
  Builder answer(Class::success_response, Method::binding, take_request(server));
  const auto packet = answer.xor_mapped_address(mapped).finish({.fingerprint = false}).value();
  EXPECT_TRUE(client.handle_datagram(start, {flow, server, local, packet.bytes()}));
  EXPECT_TRUE(client.poll_event());
}

TEST_F(BindingClientTest, FailsOnAnAnswerWithoutAnAddress) {
  Builder answer(Class::success_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer.software("empty")));
  EXPECT_EQ(failure().error, Errc::no_mapped_address);
}

TEST_F(BindingClientTest, FailsOnAnAnswerItCannotFullyUnderstand) {
  Builder answer(Class::success_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer.xor_mapped_address(mapped).attribute(AttributeType{0x7777}, {})));
  EXPECT_EQ(failure().error, Errc::unknown_attribute);
}

TEST_F(BindingClientTest, FailsWithTheServersErrorCode) {
  Builder answer(Class::error_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer.error_code(500, "Server Error")));
  const BindingFailed failed = failure();
  EXPECT_EQ(failed.error, Errc::refused);
  EXPECT_EQ(failed.code, 500);
}

TEST_F(BindingClientTest, FailsOnAnErrorWithoutACode) {
  Builder answer(Class::error_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer));
  EXPECT_EQ(failure().error, Errc::refused);
}

TEST_F(BindingClientTest, FailsWhenTheServerDoesNotUnderstandIt) {
  constexpr std::array unknown{AttributeType::software};
  Builder answer(Class::error_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(answer.error_code(420, "").unknown_attributes(unknown)));
  const BindingFailed failed = failure();
  EXPECT_EQ(failed.error, Errc::unknown_attribute);
  EXPECT_EQ(failed.code, 420);
}

TEST_F(BindingClientTest, FollowsARedirectionWithAFreshTransaction) {
  const TransactionId first = take_request(server);
  Builder redirect(Class::error_response, Method::binding, first);
  EXPECT_TRUE(deliver(redirect.error_code(300, "").alternate_server(other_server)));
  expect_still_waiting();
  const TransactionId second = take_request(other_server);
  EXPECT_NE(first, second);
  EXPECT_EQ(client.next_timeout(), start + 520ms);

  Builder answer(Class::success_response, Method::binding, second);
  EXPECT_TRUE(deliver(answer.xor_mapped_address(mapped), other_server));
  const auto event = client.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<MappedAddress>(*event));
  EXPECT_EQ(std::get<MappedAddress>(*event).server, other_server);
}

TEST_F(BindingClientTest, RefusesARedirectionInACircle) {
  Builder redirect(Class::error_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(redirect.error_code(300, "").alternate_server(other_server)));
  Builder back(Class::error_response, Method::binding, take_request(other_server));
  EXPECT_TRUE(deliver(back.error_code(300, "").alternate_server(server), other_server));
  EXPECT_EQ(failure().error, Errc::redirect_refused);
}

TEST_F(BindingClientTest, RefusesTheFifthRedirection) {
  Endpoint asked = server;
  for (int redirections = 0; redirections < 5; ++redirections) {
    Endpoint next = asked;
    ++next.port;
    Builder redirect(Class::error_response, Method::binding, take_request(asked));
    EXPECT_TRUE(deliver(redirect.error_code(300, "").alternate_server(next), asked));
    asked = next;
  }
  EXPECT_EQ(failure().error, Errc::redirect_refused);
}

TEST_F(BindingClientTest, RefusesUnusableAlternates) {
  for (const char* text : {"[2001:db8::1]:3478", "127.0.0.1:3478", "224.0.0.1:3478", "0.0.0.0:3478",
                           "192.0.2.2:0", "192.0.2.1:3478"}) {
    BindingClient fresh(start, {.flow = flow, .server = server}, random);
    const auto request = fresh.poll_transmit();
    const TransactionId id = MessageView::parse(request->payload.bytes()).value().id();
    Builder redirect(Class::error_response, Method::binding, id);
    const auto packet =
        redirect.error_code(300, "").alternate_server(*Endpoint::parse(text)).finish().value();
    EXPECT_TRUE(fresh.handle_datagram(start, {flow, server, local, packet.bytes()}));
    const auto event = fresh.poll_event();
    ASSERT_TRUE(event && std::holds_alternative<BindingFailed>(*event)) << text;
    EXPECT_EQ(std::get<BindingFailed>(*event).error, Errc::redirect_refused) << text;
  }
}

TEST_F(BindingClientTest, RefusesARedirectionToNowhere) {
  Builder redirect(Class::error_response, Method::binding, take_request(server));
  EXPECT_TRUE(deliver(redirect.error_code(300, "")));
  EXPECT_EQ(failure().error, Errc::redirect_refused);
}

TEST_F(BindingClientTest, IsDoneAfterItsOneEvent) {
  const TransactionId id = take_request(server);
  for (int i = 0; i < 2; ++i) {
    Builder answer(Class::success_response, Method::binding, id);
    EXPECT_EQ(deliver(answer.xor_mapped_address(mapped)), i == 0);
  }
  EXPECT_TRUE(client.poll_event());
  EXPECT_FALSE(client.poll_event());
  client.handle_timeout(start + 1h);
  EXPECT_FALSE(client.poll_transmit());
  EXPECT_FALSE(client.poll_event());
}

TEST_F(BindingClientTest, ATimeThatGoesBackIsClamped) {
  client.handle_timeout(start + 500ms);
  client.handle_timeout(start);
  EXPECT_EQ(client.next_timeout(), start + 1500ms);
}

TEST_F(BindingClientTest, ARequestThatCannotBeBuiltFailsAtOnce) {
  BindingClient wrong(start, {.flow = flow, .server = server, .software = std::string(600, 'a')}, random);
  const auto event = wrong.poll_event();
  ASSERT_TRUE(event && std::holds_alternative<BindingFailed>(*event));
  EXPECT_EQ(std::get<BindingFailed>(*event).error, Errc::attribute_too_long);
  EXPECT_EQ(wrong.next_timeout(), std::nullopt);
}

// ---- Over a stream, RFC 8489 6.2.2 ----------------------------------------------------------

class BindingOverStream : public ::testing::Test {
 protected:
  BindingOverStream() {
    id = MessageView::parse(client.poll_transmit().value().payload.bytes()).value().id();
  }
  ByteVector answer(const TransactionId& to) {
    Builder builder(Class::success_response, Method::binding, to);
    return to_vector(builder.xor_mapped_address(mapped).finish().value().bytes());
  }
  bool deliver(Bytes bytes) { return client.handle_datagram(start + 20ms, {flow, server, local, bytes}); }

  SeededRandom random{1};
  BindingClient client{start, {.flow = flow, .server = server, .over_stream = true}, random};
  TransactionId id{};
};

TEST_F(BindingOverStream, ReadsAnAnswerThatIsCutAnywhere) {
  const ByteVector bytes = answer(id);
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    BindingClient other(start, {.flow = flow, .server = server, .over_stream = true}, random);
    const ByteVector its =
        answer(MessageView::parse(other.poll_transmit().value().payload.bytes()).value().id());
    EXPECT_TRUE(other.handle_datagram(start, {flow, server, local, Bytes(its).first(cut)}));
    EXPECT_FALSE(other.poll_event());
    EXPECT_TRUE(other.handle_datagram(start, {flow, server, local, Bytes(its).subspan(cut)}));
    const auto event = other.poll_event();
    ASSERT_TRUE(event) << cut;
    EXPECT_EQ(std::get<MappedAddress>(*event).address, mapped);
  }
}

TEST_F(BindingOverStream, AsksOnceAndWaitsAsLongAsTheRfcSays) {
  EXPECT_EQ(client.next_timeout(), start + 39'500ms);
  client.handle_timeout(start + 39'500ms - 1ns);
  EXPECT_FALSE(client.poll_transmit());
  EXPECT_FALSE(client.poll_event());
  client.handle_timeout(start + 39'500ms);
  EXPECT_EQ(std::get<BindingFailed>(client.poll_event().value()).error, Errc::timed_out);
}

TEST_F(BindingOverStream, SkipsOtherMessagesInFrontOfItsAnswer) {
  ByteVector bytes = answer({});
  const ByteVector good = answer(id);
  bytes.insert(bytes.end(), good.begin(), good.end());
  EXPECT_TRUE(deliver(bytes));
  EXPECT_EQ(client.stats().unexpected, 1U);
  EXPECT_TRUE(client.poll_event());
  EXPECT_FALSE(deliver(good)) << "it is done";
}

TEST_F(BindingOverStream, FailsWhereSomethingElseIsSpoken) {
  EXPECT_TRUE(deliver(as_bytes("HTTP/1.1 400 Bad Request\r\n\r\n")));
  EXPECT_EQ(std::get<BindingFailed>(client.poll_event().value()).error, Errc::not_stun);
}

TEST_F(BindingOverStream, WaitsForNoMessageWithoutEnd) {
  EXPECT_TRUE(deliver(hex("0101 fffc 2112a442 000000000000000000000000")));
  EXPECT_EQ(std::get<BindingFailed>(client.poll_event().value()).error, Errc::not_stun);
}

TEST_F(BindingOverStream, FollowsNoRedirection) {
  Builder redirect(Class::error_response, Method::binding, id);
  redirect.error_code(300, "").alternate_server(other_server);
  EXPECT_TRUE(deliver(redirect.finish().value().bytes()));
  EXPECT_EQ(std::get<BindingFailed>(client.poll_event().value()).error, Errc::redirect_refused);
}

}  // namespace
}  // namespace petrel::inline v0::stun

#include "ice/check.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::ice {
namespace {

const Credentials ours{"ours", "0123456789012345678901"};
const Credentials theirs{"them", "abcdefghijklmnopqrstuv"};

stun::MessageView view(const PacketBuffer& packet) {
  return stun::MessageView::parse(packet.bytes()).value();
}

PacketBuffer check(Role role, bool use_candidate) {
  crypto::HmacSha1Key key(as_bytes(theirs.password));
  const CheckContent content{.id = {std::byte{7}},
                             .priority = 1862270975,
                             .role = role,
                             .tie_breaker = 42,
                             .use_candidate = use_candidate};
  return make_check(content, {ours, theirs, key}).value();
}

TEST(Check, SaysWhatTheReceiverNeeds) {
  const PacketBuffer packet = check(Role::controlling, true);
  const stun::MessageView request = view(packet);
  EXPECT_EQ(request.message_class(), stun::Class::request);
  EXPECT_EQ(request.username(), "them:ours");
  EXPECT_EQ(receiver_ufrag(request), "them");
  EXPECT_EQ(request.priority(), 1862270975u);
  EXPECT_EQ(request.ice_controlling(), 42u);
  EXPECT_EQ(request.ice_controlled(), std::nullopt);
  EXPECT_TRUE(request.use_candidate());
  EXPECT_TRUE(request.integrity_ok(as_bytes(theirs.password)));
  EXPECT_TRUE(request.fingerprint_ok());
}

TEST(Check, OfAControlledAgentSaysSo) {
  const PacketBuffer packet = check(Role::controlled, false);
  EXPECT_EQ(view(packet).ice_controlled(), 42u);
  EXPECT_EQ(view(packet).ice_controlling(), std::nullopt);
  EXPECT_FALSE(view(packet).use_candidate());
}

TEST(Check, IsTheSameMessageEachTimeItIsMade) {
  const PacketBuffer first = check(Role::controlling, false);
  const PacketBuffer second = check(Role::controlling, false);
  EXPECT_TRUE(equal(first.bytes(), second.bytes()));
}

TEST(CheckResponse, TellsTheSenderItsAddress) {
  crypto::HmacSha1Key key(as_bytes(ours.password));
  const PacketBuffer packet = make_success({std::byte{7}}, Endpoint::v4(192, 0, 2, 1, 5000), key).value();
  EXPECT_EQ(view(packet).message_class(), stun::Class::success_response);
  EXPECT_EQ(view(packet).id(), (stun::TransactionId{std::byte{7}}));
  EXPECT_EQ(view(packet).xor_mapped_address(), Endpoint::v4(192, 0, 2, 1, 5000));
  EXPECT_TRUE(view(packet).integrity_ok(as_bytes(ours.password)));
}

TEST(CheckResponse, RefusesWithoutIntegrityWhereThePasswordWasWrong) {
  const PacketBuffer request = check(Role::controlled, false);
  const PacketBuffer packet = make_refusal(view(request), {401, "Unauthenticated"}, nullptr).value();
  EXPECT_EQ(view(packet).message_class(), stun::Class::error_response);
  EXPECT_EQ(view(packet).error_code()->code, 401);
  EXPECT_FALSE(view(packet).has_integrity());
  EXPECT_TRUE(view(packet).fingerprint_ok());
}

TEST(CheckResponse, ListsTheAttributesThatWereNotUnderstood) {
  stun::Builder builder(stun::Class::request, stun::Method::binding, {});
  const PacketBuffer request = builder.attribute(stun::AttributeType{0x7ffe}, {}).finish().value();
  const PacketBuffer packet = make_refusal(view(request), {420, "Unknown Attribute"}, nullptr).value();
  const auto unknown = view(packet).unknown_attributes().value();
  ASSERT_EQ(unknown.size(), 1u);
  EXPECT_EQ(unknown[0], stun::AttributeType{0x7ffe});
}

TEST(CheckUsername, NamesTheReceiverBeforeTheColon) {
  const auto receiver = [](std::string_view name) {
    stun::Builder builder(stun::Class::request, stun::Method::binding, {});
    const PacketBuffer packet = builder.username(name).finish().value();
    return std::string(receiver_ufrag(view(packet)));
  };
  EXPECT_EQ(receiver("a:b"), "a");
  EXPECT_EQ(receiver("a:b:c"), "a");
  EXPECT_EQ(receiver("ab"), "");
  EXPECT_EQ(receiver(":b"), "");
}

}  // namespace
}  // namespace petrel::inline v0::ice

#include "ice/role.hpp"

#include <gtest/gtest.h>

#include "petrel/stun/builder.hpp"

namespace petrel::inline v0::ice {
namespace {

Conflict conflict(Role ours, std::uint64_t our_tie, Role theirs, std::uint64_t their_tie) {
  stun::Builder builder(stun::Class::request, stun::Method::binding, {});
  if (theirs == Role::controlling) {
    builder.ice_controlling(their_tie);
  } else {
    builder.ice_controlled(their_tie);
  }
  const PacketBuffer packet = builder.finish().value();
  return role_conflict(ours, our_tie, stun::MessageView::parse(packet.bytes()).value());
}

TEST(RoleConflict, IsNoneBetweenDifferentRoles) {
  EXPECT_EQ(conflict(Role::controlling, 1, Role::controlled, 2), Conflict::none);
  EXPECT_EQ(conflict(Role::controlled, 1, Role::controlling, 2), Conflict::none);
}

TEST(RoleConflict, LeavesControlToTheLargerTieBreaker) {
  EXPECT_EQ(conflict(Role::controlling, 2, Role::controlling, 1), Conflict::they_switch);
  EXPECT_EQ(conflict(Role::controlling, 1, Role::controlling, 2), Conflict::we_switch);
  EXPECT_EQ(conflict(Role::controlled, 2, Role::controlled, 1), Conflict::we_switch);
  EXPECT_EQ(conflict(Role::controlled, 1, Role::controlled, 2), Conflict::they_switch);
}

TEST(RoleConflict, IsDecidedForTheReceiverOnADraw) {
  EXPECT_EQ(conflict(Role::controlling, 1, Role::controlling, 1), Conflict::they_switch);
  EXPECT_EQ(conflict(Role::controlled, 1, Role::controlled, 1), Conflict::we_switch);
}

TEST(RoleConflict, NeedsARoleAttribute) {
  const PacketBuffer packet = stun::Builder(stun::Class::request, stun::Method::binding, {}).finish().value();
  const auto request = stun::MessageView::parse(packet.bytes()).value();
  EXPECT_EQ(role_conflict(Role::controlling, 1, request), Conflict::none);
  EXPECT_EQ(role_conflict(Role::controlled, 1, request), Conflict::none);
}

}  // namespace
}  // namespace petrel::inline v0::ice

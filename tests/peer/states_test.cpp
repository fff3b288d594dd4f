#include <gtest/gtest.h>

#include "petrel/peer/events.hpp"

namespace petrel::inline v0 {
namespace {

// The names of RTCPeerConnectionState and RTCIceGatheringState.
TEST(States, HaveTheNamesOfTheW3c) {
  EXPECT_EQ(to_string(ConnectionState::new_), "new");
  EXPECT_EQ(to_string(ConnectionState::connecting), "connecting");
  EXPECT_EQ(to_string(ConnectionState::connected), "connected");
  EXPECT_EQ(to_string(ConnectionState::disconnected), "disconnected");
  EXPECT_EQ(to_string(ConnectionState::failed), "failed");
  EXPECT_EQ(to_string(ConnectionState::closed), "closed");
  EXPECT_EQ(to_string(IceGatheringState::new_), "new");
  EXPECT_EQ(to_string(IceGatheringState::gathering), "gathering");
  EXPECT_EQ(to_string(IceGatheringState::complete), "complete");
}

}  // namespace
}  // namespace petrel::inline v0

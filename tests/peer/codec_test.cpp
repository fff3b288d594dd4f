#include "petrel/peer/codec.hpp"

#include <gtest/gtest.h>

namespace petrel {
namespace {

TEST(Codec, ParametersAreFoundWithoutRegardToCase) {
  Codec codec = h264();
  EXPECT_EQ(codec.parameter("Packetization-Mode"), "1");
  EXPECT_EQ(codec.parameter("absent"), std::nullopt);

  codec.set_parameter("PACKETIZATION-MODE", "0");
  codec.set_parameter("new", "x");

  EXPECT_EQ(codec.parameter("packetization-mode"), "0");
  EXPECT_EQ(codec.parameter("new"), "x");
  EXPECT_EQ(codec.parameters.size(), 4U);
}

TEST(Codec, IsDescribedForPeople) {
  EXPECT_EQ(describe(h264()), "H264/90000 42e01f (constrained baseline) mode 1");
  EXPECT_EQ(describe(h264({"640c28", 0})), "H264/90000 640c28 (constrained high) mode 0");
  EXPECT_EQ(describe(vp8()), "VP8/90000");
  EXPECT_EQ(describe(opus()), "opus/48000/2");
}

TEST(Direction, IsReversedAndIntersectedAsRfc3264Says) {
  using enum Direction;
  EXPECT_EQ(reversed(send_only), recv_only);
  EXPECT_EQ(reversed(send_recv), send_recv);
  EXPECT_EQ(reversed(inactive), inactive);
  EXPECT_EQ(intersection(send_recv, recv_only), recv_only);
  EXPECT_EQ(intersection(send_only, recv_only), inactive);
  EXPECT_EQ(to_string(recv_only), "recvonly");
  EXPECT_EQ(to_string(Kind::audio), "audio");
}

}  // namespace
}  // namespace petrel

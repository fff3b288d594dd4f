#include "io/udp_batch.hpp"

#include <gtest/gtest.h>
#include <netinet/udp.h>

#include <cstring>
#include <map>
#include <utility>
#include <vector>

namespace petrel::inline v0::io {
namespace {

const Endpoint one = Endpoint::v4(192, 0, 2, 1, 4000);
const Endpoint other = Endpoint::v4(192, 0, 2, 1, 4001);

Transmit transmit(std::size_t size, const Endpoint& to = one, std::uint8_t dscp = 0, Ecn ecn = Ecn::not_ect) {
  return {FlowId{1}, to, PacketBuffer::copy_of(std::vector<std::byte>(size)).value(), dscp, ecn};
}

std::vector<std::size_t> run_lengths(std::vector<Transmit> transmits, UdpSendBatch::Options options) {
  UdpSendBatch batch;
  std::vector<std::size_t> lengths;
  const std::size_t count = batch.fill(transmits, options);
  for (std::size_t i = 0; i < count; ++i) lengths.push_back(batch.run_length(i));
  return lengths;
}
std::vector<std::size_t> runs_of(std::initializer_list<std::size_t> sizes, std::size_t singly = 0) {
  std::vector<Transmit> transmits;
  for (const std::size_t size : sizes) transmits.push_back(transmit(size));
  return run_lengths(std::move(transmits), {.segment = true, .singly = singly});
}

// Control messages by level and type; each is an int or a 16-bit number.
std::map<std::pair<int, int>, int> controls(mmsghdr& message) {
  std::map<std::pair<int, int>, int> found;
  for (cmsghdr* each = CMSG_FIRSTHDR(&message.msg_hdr); each != nullptr;
       each = CMSG_NXTHDR(&message.msg_hdr, each)) {
    const std::size_t size = each->cmsg_len - CMSG_LEN(0);
    int value = 0;
    std::memcpy(&value, CMSG_DATA(each), size);
    found[{each->cmsg_level, each->cmsg_type}] = value;
  }
  return found;
}

using Lengths = std::vector<std::size_t>;

TEST(UdpSendBatch, MakesRunsOfEqualSizesWithAShorterEnd) {
  EXPECT_EQ(runs_of({100, 100, 100}), Lengths{3});
  EXPECT_EQ(runs_of({100, 100, 40}), Lengths{3});
  EXPECT_EQ(runs_of({100, 40, 40}), (Lengths{2, 1}));
  EXPECT_EQ(runs_of({100, 40, 100}), (Lengths{2, 1}));
  EXPECT_EQ(runs_of({40, 100, 100}), (Lengths{1, 2}));
  EXPECT_EQ(runs_of({0, 0}), (Lengths{1, 1})) << "an empty datagram is no end of a run";
  EXPECT_EQ(runs_of({100, 0}), (Lengths{1, 1}));
}

TEST(UdpSendBatch, MakesNoneWhereItShallNot) {
  std::vector<Transmit> transmits;
  for (int i = 0; i < 3; ++i) transmits.push_back(transmit(100));
  EXPECT_EQ(run_lengths(std::move(transmits), {}), (Lengths{1, 1, 1}));
  EXPECT_EQ(runs_of({100, 100, 100, 100}, 2), (Lengths{1, 1, 2}));
}

TEST(UdpSendBatch, PutsTogetherOnlyWhatHasOneWay) {
  std::vector<Transmit> transmits;
  transmits.push_back(transmit(100));
  transmits.push_back(transmit(100, other));
  transmits.push_back(transmit(100, other, 46));
  transmits.push_back(transmit(100, other, 46));
  transmits.push_back(transmit(100, other, 46, Ecn::ect1));
  EXPECT_EQ(run_lengths(std::move(transmits), {.segment = true}), (Lengths{1, 1, 2, 1}));
}

TEST(UdpSendBatch, TakesAsManyAsItHasRoomFor) {
  std::vector<Transmit> transmits;
  for (std::size_t i = 0; i < udp_batch_size + 1; ++i) transmits.push_back(transmit(1200));
  EXPECT_EQ(run_lengths(std::move(transmits), {.segment = true}), Lengths{udp_batch_size});
  // Nothing that a PacketBuffer holds makes a batch longer than one message may be.
  static_assert(udp_batch_size * PacketBuffer::capacity <= UdpSendBatch::max_run_bytes);
}

TEST(UdpSendBatch, SaysHowToCutAndHowToMark) {
  std::vector<Transmit> transmits;
  transmits.push_back(transmit(100, one, 46, Ecn::ect0));
  transmits.push_back(transmit(50, one, 46, Ecn::ect0));
  transmits.push_back(transmit(50));
  UdpSendBatch batch;
  ASSERT_EQ(batch.fill(transmits, {.segment = true}), 2u);
  EXPECT_EQ(controls(batch.messages()[0]), (std::map<std::pair<int, int>, int>{
                                               {{IPPROTO_IP, IP_TOS}, 46 << 2 | 2},
                                               {{IPPROTO_UDP, UDP_SEGMENT}, 100},
                                           }));
  EXPECT_TRUE(batch.is_marked(0));
  EXPECT_TRUE(controls(batch.messages()[1]).empty());
  EXPECT_EQ(batch.messages()[1].msg_hdr.msg_control, nullptr);
  EXPECT_FALSE(batch.is_marked(1));

  ASSERT_EQ(batch.fill(transmits, {.v4 = false, .mark = true}), 3u);
  EXPECT_EQ(controls(batch.messages()[0]),
            (std::map<std::pair<int, int>, int>{{{IPPROTO_IPV6, IPV6_TCLASS}, 46 << 2 | 2}}));
  ASSERT_EQ(batch.fill(transmits, {.mark = false}), 3u);
  EXPECT_TRUE(controls(batch.messages()[0]).empty());
  EXPECT_FALSE(batch.is_marked(0));
}

}  // namespace
}  // namespace petrel::inline v0::io

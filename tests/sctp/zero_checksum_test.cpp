#include "sctp/zero_checksum.hpp"

#include <gtest/gtest.h>

#include <set>

#include "sctp/chunks.hpp"
#include "sctp/crc32c.hpp"
#include "sctp/init_chunk.hpp"
#include "sctp/pipe.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::sctp {
namespace {

using namespace std::chrono_literals;
using testing::hex;

// --- The parameter ----------------------------------------------------------

// An INIT: tag, window, streams, TSN; Forward-TSN-Supported (RFC 3758 3.1), and three types of chunks
// (RFC 5061 4.2.7) in a parameter with a byte of padding.
const auto init = hex("01000020 01020304 00100000 000a000a 00000001 c0000004 80080007 c08241 00");
const auto with_parameter =
    hex("01000028 01020304 00100000 000a000a 00000001 c0000004 80080007 c08241 00 80010008 00000001");

std::vector<std::byte> with_length(std::vector<std::byte> chunk, std::size_t length) {
  chunk[2] = static_cast<std::byte>(length >> 8);
  chunk[3] = static_cast<std::byte>(length);
  return chunk;
}

TEST(ZeroChecksumParameter, IsAddedOnce) {
  EXPECT_FALSE(accepts_zero_checksum(init));
  auto chunk = init;
  ASSERT_TRUE(add_zero_checksum_parameter(chunk));
  EXPECT_EQ(chunk, with_parameter);
  EXPECT_TRUE(accepts_zero_checksum(chunk));
  EXPECT_TRUE(is_init_chunk(chunk));

  EXPECT_TRUE(add_zero_checksum_parameter(chunk));
  EXPECT_EQ(chunk, with_parameter);
}

TEST(ZeroChecksumParameter, ComesBehindPaddingThatTheLengthDoesNotCount) {
  const auto uncounted = with_length(init, 31);
  auto chunk = uncounted;
  ASSERT_TRUE(add_zero_checksum_parameter(chunk));
  EXPECT_EQ(chunk, with_parameter);

  chunk = uncounted;
  chunk.back() = std::byte{0xff};  // Nobody may look at it there, and everybody does once it is inside.
  ASSERT_TRUE(add_zero_checksum_parameter(chunk));
  EXPECT_EQ(chunk, with_parameter);

  chunk = uncounted;
  chunk.pop_back();  // Nor need it be there.
  ASSERT_TRUE(add_zero_checksum_parameter(chunk));
  EXPECT_EQ(chunk, with_parameter);
}

TEST(ZeroChecksumParameter, IsReadInAnyPlace) {
  EXPECT_TRUE(accepts_zero_checksum(
      hex("01000024 01020304 00100000 000a000a 00000001 80010008 00000001 c0000004 80080004")));
  EXPECT_TRUE(accepts_zero_checksum(hex("0200001c 01020304 00100000 000a000a 00000001 80010008 00000001")));
}

TEST(ZeroChecksumParameter, IsAnotherThing) {
  const std::string start = " 01020304 00100000 000a000a 00000001 ";
  // Another method (RFC 9653 8), none, a length that it has not, and another chunk.
  for (const std::string& chunk :
       {"0100001c" + start + "80010008 00000002", "0100001c" + start + "80010008 00000000",
        "01000018" + start + "80010004", "01000020" + start + "8001000c 00000001 00000001",
        "0300001c" + start + "80010008 00000001"}) {
    EXPECT_FALSE(accepts_zero_checksum(hex(chunk))) << chunk;
    auto bytes = hex(chunk);
    EXPECT_FALSE(add_zero_checksum_parameter(bytes))
        << chunk << ": it may be there once, and in these chunks";
    EXPECT_EQ(bytes, hex(chunk));
  }
}

TEST(ZeroChecksumParameter, IsNotReadFromHalfAChunk) {
  for (std::size_t size = 0; size < with_parameter.size(); ++size) {
    auto cut = testing::to_vector(Bytes(with_parameter).first(size));
    EXPECT_FALSE(accepts_zero_checksum(cut)) << size;
    EXPECT_FALSE(add_zero_checksum_parameter(cut)) << size;
    // The chunk says that it is as short as that, and a parameter in it is not whole.
    if (size < 20) continue;
    cut = with_length(cut, size);
    EXPECT_FALSE(accepts_zero_checksum(cut)) << size;
    const bool whole = size == 20 || size == 24 || size == 31 || size == 32;
    EXPECT_EQ(add_zero_checksum_parameter(cut), whole) << size;
  }
  auto longer = with_parameter;
  longer.resize(longer.size() + 4);
  EXPECT_FALSE(accepts_zero_checksum(longer));
}

TEST(ZeroChecksumParameter, LeavesAChunkAloneThatIsAsLongAsAChunkCanBe) {
  std::vector<std::byte> chunk = with_length(testing::to_vector(Bytes(init).first(20)), 0xffff);
  chunk.resize(0xffff);
  chunk[20] = std::byte{0xc1};  // One parameter, of which nothing is known.
  const std::size_t length = chunk.size() - 20;
  chunk[22] = static_cast<std::byte>(length >> 8);
  chunk[23] = static_cast<std::byte>(length);
  const auto before = chunk;
  EXPECT_FALSE(add_zero_checksum_parameter(chunk));
  EXPECT_EQ(chunk, before);
}

PacketBuffer packet_with(Bytes chunk) {
  std::vector<std::byte> packet(common_header_size);
  packet.insert(packet.end(), chunk.begin(), chunk.end());
  return PacketBuffer::copy_of(packet).value();
}

TEST(ZeroChecksum, IsOfferedWhereThePacketHasRoom) {
  ZeroChecksum short_line(true);
  PacketBuffer packet = packet_with(init);
  short_line.offer_in(packet, common_header_size + init.size() + zero_checksum_parameter_size - 1);
  EXPECT_EQ(packet.size(), common_header_size + init.size());
  EXPECT_FALSE(short_line.offered());

  short_line.offer_in(packet, common_header_size + init.size() + zero_checksum_parameter_size);
  EXPECT_TRUE(equal(packet.bytes().subspan(common_header_size), with_parameter));
  EXPECT_TRUE(short_line.offered());

  ZeroChecksum off(false);
  packet = packet_with(init);
  off.offer_in(packet, 1163);
  off.look_at_packet(packet_with(with_parameter).bytes());
  EXPECT_EQ(packet.size(), common_header_size + init.size());
  EXPECT_FALSE(off.offered());
  EXPECT_FALSE(off.peer_accepts());
}

TEST(ZeroChecksum, ExcusesZeroAloneAndOnlyOnceItWasOffered) {
  const auto unsigned_sack = hex("13881388 00000001 00000000 03000010 00000001 00010000 00000000");
  ZeroChecksum zero(true);
  EXPECT_FALSE(zero.excuses(unsigned_sack));
  auto chunk = init;
  zero.offer_in(chunk);
  EXPECT_TRUE(zero.excuses(unsigned_sack));
  EXPECT_FALSE(zero.excuses(hex("13881388 00000001 00000001 03000010 00000001 00010000 00000000")));
  EXPECT_FALSE(zero.excuses(hex("13881388 00000001 000000")));
}

TEST(ZeroChecksum, IsLeftOutButOfTheChunksThatNeedOne) {
  const std::string header = "13881388 00000001 00000000";
  ZeroChecksum zero(true);
  EXPECT_FALSE(zero.may_omit(hex(header + "0b000004"))) << "the peer has not said that it accepts it";
  zero.look_at_chunk(with_parameter);
  ASSERT_TRUE(zero.peer_accepts());
  // DATA, SACK, HEARTBEAT, SHUTDOWN, SHUTDOWN ACK, COOKIE ACK, I-DATA, RE-CONFIG, FORWARD-TSN.
  for (const char* chunk : {"00000004", "03000004", "04000004", "07000004", "08000004", "0b000004",
                            "40000004", "82000004", "c0000004", "0300000400000004"}) {
    EXPECT_TRUE(zero.may_omit(hex(header + chunk))) << chunk;
  }
  // INIT, INIT ACK, ABORT, ERROR, COOKIE ECHO, SHUTDOWN COMPLETE, ASCONF; with others, and half a chunk.
  for (const char* chunk : {"01000004", "02000004", "06000004", "09000004", "0a000004", "0e000004",
                            "c1000004", "0a00000400000004", "0300000406000004", "00000005", "0000"}) {
    EXPECT_FALSE(zero.may_omit(hex(header + chunk))) << chunk;
  }
}

// --- With usrsctp -----------------------------------------------------------

/// What was on the line, by the first chunk of each packet.
struct Line {
  std::set<std::uint8_t> signed_chunks;
  std::set<std::uint8_t> unsigned_chunks;
  std::size_t wrong = 0;

  explicit Line(Pipe& pipe) {
    pipe.tap_context = this;
    pipe.tap = [](void* context, Bytes packet, bool) {
      auto& line = *static_cast<Line*>(context);
      const auto first = std::to_integer<std::uint8_t>(packet[common_header_size]);
      const auto checksum = packet.subspan(checksum_offset, 4);
      const bool is_zero = std::ranges::all_of(checksum, [](std::byte b) { return b == std::byte{0}; });
      (is_zero ? line.unsigned_chunks : line.signed_chunks).insert(first);
      line.wrong += !is_zero && !checksum_ok(packet);
      return true;
    };
  }
};

constexpr AssociationConfig off{.zero_checksum = false};

void talk(Pipe& pipe) {
  const auto payload = filled(20'000, 1);
  ASSERT_EQ(*pipe.left.association.send(pipe.now, {.payload = payload}), payload.size());
  ASSERT_EQ(*pipe.right.association.send(pipe.now, {.payload = payload}), payload.size());
  ASSERT_TRUE(
      pipe.run_until([&] { return pipe.left.messages.size() == 1 && pipe.right.messages.size() == 1; }, 60s));
  EXPECT_EQ(pipe.right.messages[0].payload, payload);
  EXPECT_EQ(pipe.left.messages[0].payload, payload);
}

TEST(ZeroChecksum, IsUsedByTwoThatAgree) {
  Pipe pipe(1);
  const Line line(pipe);
  ASSERT_TRUE(pipe.connects());
  talk(pipe);
  pipe.left.association.shut_down(pipe.now);
  ASSERT_TRUE(pipe.run_until([&] { return pipe.left.over() && pipe.right.over(); }, 30s));

  EXPECT_EQ(line.wrong, 0u);
  EXPECT_TRUE(line.signed_chunks.contains(chunk_type::init));
  EXPECT_TRUE(line.signed_chunks.contains(chunk_type::cookie_echo));
  EXPECT_TRUE(line.signed_chunks.contains(chunk_type::shutdown_complete));
  for (const std::uint8_t chunk :
       {chunk_type::init, chunk_type::init_ack, chunk_type::cookie_echo, chunk_type::shutdown_complete}) {
    EXPECT_FALSE(line.unsigned_chunks.contains(chunk)) << int{chunk};
  }
  EXPECT_TRUE(line.unsigned_chunks.contains(chunk_type::sack));
  EXPECT_FALSE(line.signed_chunks.contains(chunk_type::sack));
  for (const End* end : {&pipe.left, &pipe.right}) {
    const AssociationStats stats = end->association.stats();
    EXPECT_TRUE(stats.accepts_zero_checksum);
    EXPECT_TRUE(stats.peer_accepts_zero_checksum);
    EXPECT_EQ(stats.packets_bad_checksum, 0u);
    EXPECT_GT(stats.packets_sent_zero_checksum, 10u);
    EXPECT_LT(stats.packets_sent_zero_checksum, stats.packets_sent);
    EXPECT_GT(stats.packets_received_zero_checksum, 10u);
  }
}

TEST(ZeroChecksum, IsNotUsedWhereOneSideIsWithout) {
  for (const bool left_is_without : {true, false}) {
    Pipe pipe(1, {}, left_is_without ? off : AssociationConfig{},
              left_is_without ? AssociationConfig{} : off);
    const Line line(pipe);
    ASSERT_TRUE(pipe.connects());
    talk(pipe);

    EXPECT_TRUE(line.unsigned_chunks.empty());
    EXPECT_EQ(line.wrong, 0u);
    const AssociationStats without = (left_is_without ? pipe.left : pipe.right).association.stats();
    EXPECT_FALSE(without.accepts_zero_checksum);
    EXPECT_FALSE(without.peer_accepts_zero_checksum);
    const AssociationStats with = (left_is_without ? pipe.right : pipe.left).association.stats();
    EXPECT_TRUE(with.accepts_zero_checksum);
    EXPECT_FALSE(with.peer_accepts_zero_checksum);
  }
}

TEST(ZeroChecksum, IsRefusedByWhoHasNotOfferedIt) {
  Pipe pipe(1, {}, AssociationConfig{}, off);
  ASSERT_TRUE(pipe.connects());
  ASSERT_TRUE(pipe.left.association.send(pipe.now, {.payload = as_bytes("hello")}));
  auto packet = pipe.left.association.poll_packet().value();
  omit_checksum(packet.writable());
  pipe.right.association.handle_packet(pipe.now, packet.bytes());
  EXPECT_EQ(pipe.right.association.stats().packets_bad_checksum, 1u);
  pipe.settle();
  EXPECT_TRUE(pipe.right.messages.empty());
}

TEST(ZeroChecksum, FitsTheShortestPackets) {
  AssociationConfig config{.mtu_bytes = 524};
  Pipe pipe(1, {}, config, config);
  ASSERT_TRUE(pipe.connects());
  talk(pipe);
  EXPECT_LE(pipe.longest_packet, 524u);
  EXPECT_TRUE(pipe.left.association.stats().peer_accepts_zero_checksum);
  EXPECT_TRUE(pipe.right.association.stats().peer_accepts_zero_checksum);
}

TEST(ZeroChecksum, IsAgreedOnThroughLossAndDuplicates) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Pipe pipe(seed, {.jitter = 30ms, .loss = 0.2, .duplication = 0.1});
    const Line line(pipe);
    ASSERT_TRUE(pipe.connects()) << seed;
    talk(pipe);
    EXPECT_EQ(line.wrong, 0u) << seed;
    EXPECT_TRUE(line.unsigned_chunks.contains(chunk_type::sack)) << seed;
    EXPECT_EQ(pipe.left.association.stats().packets_bad_checksum, 0u) << seed;
    EXPECT_EQ(pipe.right.association.stats().packets_bad_checksum, 0u) << seed;
  }
}

TEST(ZeroChecksum, IsAnnouncedWithTheChunkOfADescription) {
  Pipe pipe(1);
  const Line line(pipe);
  const auto left = pipe.left.association.announce(pipe.now);
  const auto right = pipe.right.association.announce(pipe.now);
  EXPECT_TRUE(accepts_zero_checksum(left));
  ASSERT_TRUE(pipe.left.association.connect(pipe.now, right, 1163));
  ASSERT_TRUE(pipe.right.association.connect(pipe.now, left, 1163));
  talk(pipe);

  EXPECT_TRUE(line.signed_chunks.empty()) << "there was no handshake";
  EXPECT_FALSE(line.unsigned_chunks.empty());

  Pipe other(1, {}, off);
  EXPECT_FALSE(accepts_zero_checksum(other.left.association.announce(other.now)));
}

// The end that is over signs what it still says, since the peer may have begun anew.
TEST(ZeroChecksum, IsNotUsedInAnAbort) {
  Pipe pipe(1);
  ASSERT_TRUE(pipe.connects());
  pipe.left.association.abort(pipe.now);
  const auto packet = pipe.left.association.poll_packet();
  ASSERT_TRUE(packet);
  EXPECT_TRUE(has_chunk(packet->bytes(), chunk_type::abort));
  EXPECT_TRUE(checksum_ok(packet->bytes()));
}

}  // namespace
}  // namespace petrel::inline v0::sctp

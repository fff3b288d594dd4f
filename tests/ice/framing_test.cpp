#include "ice/framing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::ice {
namespace {

using testing::hex;
using testing::to_vector;
using Frames = std::vector<std::vector<std::byte>>;

// A Binding indication, one byte, nothing, and what RTP begins with.
const std::string_view stream_text =
    "0014 0011 0000 2112a442 000102030405060708090a0b"
    "0001 ff"
    "0000"
    "0004 80600001";
const Frames expected{hex("0011 0000 2112a442 000102030405060708090a0b"), hex("ff"), hex("80600001")};

void take_all(Deframer& deframer, Bytes input, Frames& frames) {
  while (const auto frame = deframer.next(input)) frames.push_back(to_vector(*frame));
  EXPECT_TRUE(input.empty());
}

std::vector<std::byte> frame_of(std::size_t length, std::byte fill) {
  std::vector<std::byte> frame{static_cast<std::byte>(length >> 8), static_cast<std::byte>(length & 0xff)};
  frame.resize(frame.size() + length, fill);
  return frame;
}

TEST(Framing, PutsTheLengthBeforeThePacket) {
  const PacketBuffer frame = to_frame(PacketBuffer::copy_of(hex("80600001")).value());
  EXPECT_EQ(to_vector(frame.bytes()), hex("0004 80600001"));
  EXPECT_EQ(to_vector(to_frame(PacketBuffer()).bytes()), hex("0000"));
  const std::vector<std::byte> longest(PacketBuffer::capacity);
  EXPECT_EQ(to_vector(to_frame(PacketBuffer::copy_of(longest).value()).bytes()),
            frame_of(longest.size(), std::byte{}));
}

TEST(Framing, CutsAStreamIntoFrames) {
  Deframer deframer;
  Frames frames;
  take_all(deframer, hex(stream_text), frames);
  EXPECT_EQ(frames, expected);
  EXPECT_EQ(deframer.buffered(), 0U);
}

TEST(Framing, FindsTheSameWhereverTheStreamIsCut) {
  const auto stream = hex(stream_text);
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      Deframer deframer;
      Frames frames;
      take_all(deframer, Bytes(stream).first(first), frames);
      take_all(deframer, Bytes(stream).subspan(first, second - first), frames);
      take_all(deframer, Bytes(stream).subspan(second), frames);
      ASSERT_EQ(frames, expected) << first << " " << second;
    }
  }
}

TEST(Framing, WaitsForTheRestAtEveryTruncation) {
  const auto stream = hex(stream_text);
  const std::size_t ends[] = {0, 22, 25, 27, 33};
  for (std::size_t size = 0; size < stream.size(); ++size) {
    Deframer deframer;
    Frames frames;
    take_all(deframer, Bytes(stream).first(size), frames);
    const std::size_t begun = *(std::ranges::upper_bound(ends, size) - 1);
    EXPECT_EQ(deframer.buffered(), size - begun) << size;
    EXPECT_LT(frames.size(), expected.size());
  }
}

TEST(Framing, TakesTheLongestFrameAndSkipsALongerOne) {
  for (const std::size_t step : {1u, 7u, 1000u, 100'000u}) {
    std::vector<std::byte> stream = frame_of(max_frame_bytes, std::byte{1});
    for (const std::size_t length : {max_frame_bytes + 1, std::size_t{0xffff}}) {
      const auto too_long = frame_of(length, std::byte{2});
      stream.insert(stream.end(), too_long.begin(), too_long.end());
    }
    const auto last = frame_of(1, std::byte{3});
    stream.insert(stream.end(), last.begin(), last.end());

    Deframer deframer;
    Frames frames;
    for (Bytes rest = stream; !rest.empty(); rest = rest.subspan(std::min(step, rest.size()))) {
      take_all(deframer, rest.first(std::min(step, rest.size())), frames);
      EXPECT_LE(deframer.buffered(), frame_header_bytes + max_frame_bytes);
    }
    ASSERT_EQ(frames.size(), 2u) << step;
    EXPECT_EQ(frames[0], std::vector(max_frame_bytes, std::byte{1}));
    EXPECT_EQ(frames[1], std::vector(1, std::byte{3}));
    EXPECT_EQ(deframer.take_oversized(), 2u);
    EXPECT_EQ(deframer.take_oversized(), 0u);
  }
}

TEST(Framing, UndoesItself) {
  std::vector<std::byte> stream;
  for (const auto& packet : expected) {
    const PacketBuffer frame = to_frame(PacketBuffer::copy_of(packet).value());
    stream.insert(stream.end(), frame.bytes().begin(), frame.bytes().end());
  }
  Deframer deframer;
  Frames frames;
  take_all(deframer, stream, frames);
  EXPECT_EQ(frames, expected);
}

}  // namespace
}  // namespace petrel::inline v0::ice

#include "petrel/rtp/stream/send_stream.hpp"

#include <gtest/gtest.h>

#include "petrel/rtp/errc.hpp"
#include "rtp/session_pair.hpp"

namespace petrel::inline v0::rtp {
namespace {

using namespace std::chrono_literals;
using testing::access_unit;
using testing::SeededRandom;

constexpr TimePoint start{1000s};

struct Stream {
  SeededRandom random{1};
  SendStream stream{MediaId{1}, MediaKind::video, 90'000, Ssrc{10}, Ssrc{11}, random};

  Result<SendStream::Range> add(TimePoint now, bool key_frame, std::size_t size = 5000,
                                std::size_t room = 1000) {
    const auto frame = EncodedFrame::make(access_unit(random, key_frame, size),
                                          {.capture_time = now, .key_frame = key_frame});
    return stream.add_frame(now, testing::h264_payload(true), frame, 1100, room);
  }
};

TEST(SendStream, AFrameThatIsRefusedUsesUpNoNumber) {
  Stream it;
  const auto first = it.add(start, true);
  EXPECT_EQ(it.add(start, false, 5000, 2).error(), make_error_code(Errc::queue_full));
  EXPECT_EQ(it.add(start, false).error(), make_error_code(Errc::needs_key_frame));
  const auto next = it.add(start + 1s, true);

  ASSERT_TRUE(first && next);
  EXPECT_EQ(next->first, static_cast<std::uint16_t>(first->first + first->count));
}

TEST(SendStream, ThePacketIsTheSameAgainButForItsNumbers) {
  Stream it;
  const auto range = *it.add(start, true);
  const auto original = it.stream.transmit(start, range.first, ExtensionBlock());
  const auto again = it.stream.retransmit(start + 1s, range.first, PayloadType{97}, ExtensionBlock());

  ASSERT_TRUE(original && again);
  EXPECT_TRUE(
      equal(again->bytes().subspan(fixed_header_size + 2), original->bytes().subspan(fixed_header_size)));
  EXPECT_EQ(PacketView::parse(again->bytes())->header().ssrc, Ssrc{11});
}

TEST(SendStream, AnswersTheFirstNackAtOnceAndTheNextAfterMostOfARoundTrip) {
  Stream it;
  const auto range = *it.add(start, true);
  EXPECT_FALSE(it.stream.may_retransmit(start, range.first));  // Has not been sent.
  it.stream.transmit(start, range.first, ExtensionBlock());

  // That the peer missed it after 40 ms shows how long a round trip is at most.
  EXPECT_TRUE(it.stream.may_retransmit(start + 40ms, range.first));
  it.stream.retransmit(start + 40ms, range.first, PayloadType{97}, ExtensionBlock());
  EXPECT_FALSE(it.stream.may_retransmit(start + 70ms - 1ns, range.first));
  EXPECT_TRUE(it.stream.may_retransmit(start + 70ms, range.first));
  EXPECT_FALSE(it.stream.may_retransmit(start + 1s, static_cast<std::uint16_t>(range.first - 1)));
}

TEST(SendStream, ANackThatComesLateSaysNothingOfTheRoundTrip) {
  Stream it;
  const auto range = *it.add(start, true);
  it.stream.transmit(start, range.first, ExtensionBlock());

  EXPECT_TRUE(it.stream.may_retransmit(start + 1s, range.first));
  it.stream.retransmit(start + 1s, range.first, PayloadType{97}, ExtensionBlock());
  EXPECT_FALSE(it.stream.may_retransmit(start + 1s + 75ms - 1ns, range.first));
  EXPECT_TRUE(it.stream.may_retransmit(start + 1s + 75ms, range.first));
}

TEST(SendStream, AsksForKeyFramesNoFasterThanItsInterval) {
  Stream it;
  it.stream.want_key_frame(start);
  EXPECT_TRUE(it.stream.take_key_frame_request(start));
  it.stream.want_key_frame(start + 1ms);
  EXPECT_EQ(it.stream.next_timeout(), start + 200ms);
  EXPECT_FALSE(it.stream.take_key_frame_request(start + 200ms - 1ns));
  EXPECT_TRUE(it.stream.take_key_frame_request(start + 200ms));
}

TEST(SendStream, AKeyFrameAnswersTheRequestThatWaited) {
  Stream it;
  it.stream.want_key_frame(start);
  it.stream.take_key_frame_request(start);
  it.stream.want_key_frame(start + 1ms);
  it.add(start + 2ms, true).value();

  EXPECT_EQ(it.stream.next_timeout(), std::nullopt);
}

}  // namespace
}  // namespace petrel::inline v0::rtp

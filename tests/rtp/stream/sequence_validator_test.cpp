#include "petrel/rtp/stream/sequence_validator.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::rtp {
namespace {

using Verdict = SequenceValidator::Verdict;

TEST(SequenceValidator, CountsOnOverTheWrap) {
  SequenceValidator validator;
  const ExtendedSequence first = validator.accept(65534).sequence;

  EXPECT_EQ(validator.accept(65535).sequence, first + 1);
  EXPECT_EQ(validator.accept(0).sequence, first + 2);
  EXPECT_EQ(validator.accept(1).sequence, first + 3);
  EXPECT_EQ(validator.accept(65535).sequence, first + 1);  // Reordered back over the wrap.
  EXPECT_EQ(validator.highest(), first + 3);
}

TEST(SequenceValidator, FollowsAMillionPackets) {
  SequenceValidator validator;
  ExtendedSequence expected = validator.accept(0).sequence;
  for (std::uint32_t i = 1; i < 1'000'000; ++i) {
    const auto outcome = validator.accept(static_cast<std::uint16_t>(i & 0xffff));
    ASSERT_EQ(outcome.verdict, Verdict::accepted);
    ASSERT_EQ(outcome.sequence, ++expected);
  }
}

TEST(SequenceValidator, AcceptsWhatComesBeforeTheFirstPacket) {
  SequenceValidator validator;
  const ExtendedSequence first = validator.accept(0).sequence;

  EXPECT_EQ(validator.accept(65535).sequence, first - 1);
  EXPECT_GT(first - 1, 0);
}

TEST(SequenceValidator, AcceptsUpToTheLimitsAndNotBeyond) {
  {
    SequenceValidator validator;
    validator.accept(10'000);
    EXPECT_EQ(validator.accept(10'000 + 2999).verdict, Verdict::accepted);
  }
  {
    SequenceValidator validator;
    validator.accept(10'000);
    EXPECT_EQ(validator.accept(10'000 + 3000).verdict, Verdict::refused);
  }
  {
    SequenceValidator validator;
    validator.accept(10'000);
    EXPECT_EQ(validator.accept(10'000 - 511).verdict, Verdict::accepted);
    EXPECT_EQ(validator.accept(10'000 - 512).verdict, Verdict::refused);
  }
}

TEST(SequenceValidator, BelievesALeapWhenTheNextPacketConfirmsIt) {
  SequenceValidator validator;
  const ExtendedSequence before = validator.accept(100).sequence;

  EXPECT_EQ(validator.accept(40'000).verdict, Verdict::refused);
  const auto outcome = validator.accept(40'001);

  EXPECT_EQ(outcome.verdict, Verdict::restarted);
  EXPECT_GT(outcome.sequence, before);
  EXPECT_EQ(outcome.sequence & 0xffff, 40'001);
  EXPECT_EQ(validator.accept(40'002).sequence, outcome.sequence + 1);
}

TEST(SequenceValidator, ForgetsALeapThatWasNotConfirmed) {
  SequenceValidator validator;
  validator.accept(100);
  validator.accept(40'000);
  validator.accept(101);

  EXPECT_EQ(validator.accept(40'001).verdict, Verdict::refused);
}

}  // namespace
}  // namespace petrel::inline v0::rtp

#include "peer/codec_match.hpp"

#include <gtest/gtest.h>

namespace petrel {
namespace {

Codec video(const char* name, std::vector<CodecParameter> parameters = {}) {
  return {Kind::video, name, 90000, 1, std::move(parameters), {}, false};
}

TEST(CodecMatch, FollowsTheRulesOfEachFormat) {
  struct Row {
    Codec a;
    Codec b;
    bool same;
  };
  const Codec pcmu{Kind::audio, "PCMU", 8000, 1, {}, {}, false};
  const Row table[] = {
      {vp8(), video("vp8"), true},
      {vp8(), video("VP9"), false},
      {opus(), {Kind::audio, "OPUS", 48000, 2, {}, {}, false}, true},
      {opus(), {Kind::audio, "opus", 48000, 1, {}, {}, false}, false},
      {opus(), {Kind::audio, "opus", 16000, 2, {}, {}, false}, false},
      {pcmu, {Kind::audio, "PCMA", 8000, 1, {}, {}, false}, false},
      {h264({"42e01f", 1}), h264({"42c01f", 1}), true},   // Both are constrained baseline.
      {h264({"42e01f", 1}), h264({"4d801f", 1}), true},   // So is this one.
      {h264({"42e01f", 1}), h264({"42e034", 1}), true},   // The level is no part of it.
      {h264({"42e01f", 1}), h264({"42001f", 1}), false},  // Baseline is not.
      {h264({"42e01f", 1}), h264({"42e01f", 0}), false},
      {h264({"42e01f", 0}), video("H264", {{"profile-level-id", "42e01f"}}), true},  // An absent mode is 0.
      {h264({"42e01f", 1}), video("H264", {{"packetization-mode", "1"}}), true},     // As browsers read it.
      {h264({"64001f", 1}), h264({"640c1f", 1}), false},
      {h264({"zzzzzz", 1}), h264({"zzzzzz", 1}), false},
      {video("VP9"), video("VP9", {{"profile-id", "0"}}), true},
      {video("VP9"), video("VP9", {{"profile-id", "2"}}), false},
      {video("AV1", {{"profile", "1"}}), video("AV1"), false},
      {video("H265"), video("H265", {{"profile-id", "1"}}), true},
  };
  for (const Row& row : table) {
    EXPECT_EQ(same_codec(row.a, row.b), row.same) << describe(row.a) << " and " << describe(row.b);
    EXPECT_EQ(same_codec(row.b, row.a), row.same) << describe(row.b) << " and " << describe(row.a);
  }
}

TEST(CodecMatch, AnswersTheOfferedProfileWithOurOwnLevelWhereLevelsMayDiffer) {
  const Codec answer = answer_to(h264({"42c028", 1}), h264({"42e01f", 1}));
  EXPECT_EQ(answer.parameter("profile-level-id"), "42c01f");
}

TEST(CodecMatch, AnswersTheLowerLevelWhereLevelsMayNotDiffer) {
  Codec offered = h264({"42e015", 1});
  offered.set_parameter("level-asymmetry-allowed", "0");
  EXPECT_EQ(answer_to(offered, h264({"42e01f", 1})).parameter("profile-level-id"), "42e015");
  offered.set_parameter("profile-level-id", "42e034");
  EXPECT_EQ(answer_to(offered, h264({"42e01f", 1})).parameter("profile-level-id"), "42e01f");
}

TEST(CodecMatch, SendsAtTheReceiversLevel) {
  EXPECT_EQ(to_send(h264({"42e01f", 1}), h264({"42e028", 1})).parameter("profile-level-id"), "42e028");
  Codec strict = h264({"42e028", 1});
  strict.set_parameter("level-asymmetry-allowed", "0");
  EXPECT_EQ(to_send(h264({"42e01f", 1}), strict).parameter("profile-level-id"), "42e01f");
}

TEST(CodecMatch, KeepsTheFeedbackAndRetransmissionThatBothHave) {
  Codec offered = vp8();
  offered.feedback = {"transport-cc", "nack pli", "nack"};
  const Codec answer = answer_to(offered, vp8());
  EXPECT_EQ(answer.feedback, (std::vector<std::string>{"nack", "nack pli"}));
  EXPECT_TRUE(answer.retransmission);

  offered.retransmission = false;
  EXPECT_FALSE(answer_to(offered, vp8()).retransmission);
  EXPECT_FALSE(to_send(vp8(), offered).retransmission);
}

TEST(CodecMatch, NamesBothSides) {
  EXPECT_EQ(both_sides(std::vector{h264()}, std::vector<Codec>{}),
            "ours: H264/90000 42e01f (constrained baseline) mode 1; theirs: none");
}

}  // namespace
}  // namespace petrel

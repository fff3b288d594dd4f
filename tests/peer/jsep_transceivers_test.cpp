#include "peer/jsep_transceivers.hpp"

#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"

namespace petrel::jsep {
namespace {

using petrel::testing::Line;

Description described(const std::vector<Line>& lines) {
  std::string detail;
  return read_description({SdpType::offer, petrel::testing::description(lines)}, detail).value();
}

Transceiver video(Direction direction, bool answers_offers = true) {
  Transceiver made;
  made.state.direction = direction;
  made.answers_offers = answers_offers;
  return made;
}

TEST(Transceivers, TakeTheFirstThatFitsAnOffer) {
  Transceivers transceivers;
  transceivers.add(video(Direction::recv_only));         // Nothing to do for a peer that only receives.
  transceivers.add(video(Direction::send_recv, false));  // Not for offers.
  const auto wanted = transceivers.add(video(Direction::send_only));

  EXPECT_TRUE(transceivers.take_offer(described({{.direction = "recvonly"}}), {}).empty());

  ASSERT_NE(transceivers.on_line(0), nullptr);
  EXPECT_EQ(transceivers.on_line(0)->state.id, wanted);
  EXPECT_EQ(transceivers.on_line(0)->state.mid, "0");
}

TEST(Transceivers, AreMadeForWhatNoneFits) {
  Transceivers transceivers;
  const auto created = transceivers.take_offer(described({{}, petrel::testing::audio_line()}), {});
  ASSERT_EQ(created.size(), 2U);
  EXPECT_EQ(transceivers.on_line(1)->state.kind, Kind::audio);
  EXPECT_EQ(transceivers.on_line(1)->state.direction, Direction::recv_only);
  EXPECT_TRUE(transceivers.on_line(1)->state.made_by_peer);
}

TEST(Transceivers, AreNotMadeForRejectedOrForeignMLines) {
  Transceivers transceivers;
  EXPECT_TRUE(
      transceivers
          .take_offer(described({{.media = "video 0 UDP/TLS/RTP/SAVPF 96"},
                                 {.mid = "1", .media = "application 9 UDP/DTLS/SCTP webrtc-datachannel"}}),
                      {})
          .empty());
}

TEST(Transceivers, KeepWhatTheApplicationSetAcrossARestore) {
  Transceivers transceivers;
  const auto id = transceivers.add(video(Direction::send_recv));
  const Transceivers before = transceivers;
  const auto made = transceivers.take_offer(described({{}, {.mid = "1"}}), {});
  transceivers.find(id)->state.direction = Direction::inactive;

  EXPECT_EQ(transceivers.restore(before), made);

  EXPECT_EQ(transceivers.find(id)->state.direction, Direction::inactive);
  EXPECT_EQ(transceivers.find(id)->state.mid, std::nullopt);
  EXPECT_TRUE(transceivers.lines().empty());
}

}  // namespace
}  // namespace petrel::jsep

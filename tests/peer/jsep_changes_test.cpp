#include "peer/jsep_changes.hpp"

#include <gtest/gtest.h>

#include "peer/jsep_support.hpp"

namespace petrel::jsep {
namespace {

using namespace petrel::testing;

Description described(SdpType type, const std::string& text) {
  std::string detail;
  return read_description({type, text}, detail).value();
}

TEST(Changes, SendUnderTheirNumbersAndReceiveUnderOurs) {
  const auto local = described(SdpType::offer, description({{.codecs = "a=rtpmap:96 VP8/90000\n"}}));
  const auto remote = described(
      SdpType::answer,
      description({{.media = "video 9 UDP/TLS/RTP/SAVPF 120", .codecs = "a=rtpmap:120 VP8/90000\n"}}));
  Transceiver transceiver;

  const auto change = media_change({local, remote, false}, 0, transceiver, nullptr);

  EXPECT_EQ(change.send_codecs.at(0).payload_type, 120);
  EXPECT_EQ(change.receive_codecs.at(0).payload_type, 96);
}

TEST(Changes, LeaveRtxOutWhereOneSideHasNone) {
  const std::string with = "a=rtpmap:96 VP8/90000\na=rtpmap:97 rtx/90000\na=fmtp:97 apt=96\n";
  const auto local =
      described(SdpType::offer, description({{.media = "video 9 UDP/TLS/RTP/SAVPF 96 97", .codecs = with}}));
  const auto remote = described(SdpType::answer, description({Line{}}));
  Transceiver transceiver;
  transceiver.state.sender.rtx_ssrc = 5;

  const auto change = media_change({local, remote, false}, 0, transceiver, nullptr);

  EXPECT_EQ(change.send_codecs.at(0).rtx_payload_type, std::nullopt);
  EXPECT_EQ(change.receive_codecs.at(0).rtx_payload_type, std::nullopt);
  EXPECT_EQ(change.local.rtx_ssrc, std::nullopt);
}

TEST(Changes, TakeTheRoleFromTheAnswer) {
  struct Row {
    const char* offered;
    const char* answered;
    bool we_answered;
    DtlsRole ours;
  };
  const Row table[] = {
      {"actpass", "active", false, DtlsRole::server}, {"actpass", "passive", false, DtlsRole::client},
      {"actpass", "active", true, DtlsRole::client},  {"actpass", "passive", true, DtlsRole::server},
      {"active", "passive", true, DtlsRole::server},  {"passive", "active", true, DtlsRole::client},
  };
  for (const Row& row : table) {
    const auto offered = described(SdpType::offer, description({{.setup = row.offered}}));
    const auto answered = described(SdpType::answer, description({{.setup = row.answered}}));
    const Agreement agreement =
        row.we_answered ? Agreement{answered, offered, true} : Agreement{offered, answered, false};
    EXPECT_EQ(role_of(agreement, 0), row.ours) << row.offered << ' ' << row.answered;
  }
}

}  // namespace
}  // namespace petrel::jsep

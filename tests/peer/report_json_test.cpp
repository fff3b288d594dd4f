#include <gtest/gtest.h>

#include "petrel/peer/report.hpp"

namespace petrel::inline v0 {
namespace {

TEST(ReportJson, EscapesWhatServersSay) {
  ConnectionReport report;
  report.servers.push_back({.url = "turn:x",
                            .endpoint = {},
                            .local = {},
                            .outcome = ice::ServerOutcome::failed,
                            .asked = {},
                            .decided = {},
                            .error = {},
                            .text = "a \"quote\"\\ and\n\xff"});
  EXPECT_NE(to_json(report).find("\"text\":\"a \\\"quote\\\"\\\\ and\\u000a\\u00ff\""), std::string::npos)
      << to_json(report);
}

TEST(ReportJson, HasNullForStagesThatWereNotReached) {
  EXPECT_NE(to_json({}).find("\"ice_connected\":null"), std::string::npos);
  EXPECT_NE(to_json({}).find("\"cause\":\"no_local_description\""), std::string::npos);
  EXPECT_NE(to_json({}).find("\"sctp\":null,\"counters\":{"), std::string::npos);
}

TEST(ReportJson, HasTheAssociationOfDataChannels) {
  ConnectionReport report;
  report.sctp = sctp::AssociationStats{.packets_sent = 7, .peer_accepts_zero_checksum = true};
  const std::string json = to_json(report);
  EXPECT_NE(json.find("\"sctp\":{\"packets_sent\":7,"), std::string::npos) << json;
  EXPECT_NE(json.find("\"peer_accepts_zero_checksum\":true,"), std::string::npos) << json;
}

}  // namespace
}  // namespace petrel::inline v0

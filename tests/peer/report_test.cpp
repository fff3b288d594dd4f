#include "petrel/peer/report.hpp"

#include <gtest/gtest.h>

#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;

bool says(const ConnectionReport& report, std::string_view what) {
  return explain(report).find(what) != std::string::npos;
}

ConnectionReport described() {
  ConnectionReport report;
  report.state = ConnectionState::connecting;
  report.stages.local_description = TimePoint{};
  report.stages.remote_description = TimePoint{};
  report.ice.local_candidates.emplace_back();
  return report;
}

TEST(Report, NamesTheStageThatIsMissing) {
  ConnectionReport report;
  EXPECT_TRUE(says(report, "no local description"));
  report.stages.local_description = TimePoint{};
  EXPECT_TRUE(says(report, "description has not come"));
  report.stages.remote_description = TimePoint{};
  EXPECT_TRUE(says(report, "Gathering"));
  report.stages.gathered = TimePoint{};
  EXPECT_TRUE(says(report, "no network interface"));
}

TEST(Report, TellsWhyThereIsNoUsableCandidate) {
  ConnectionReport report = described();
  EXPECT_TRUE(says(report, "No usable candidate"));
  report.ice_counters.names_unresolved = 1;
  EXPECT_TRUE(says(report, ".local"));
}

TEST(Report, TellsSilenceFromOneWayTraffic) {
  ConnectionReport report = described();
  report.reason = PeerErrc::ice_failed;
  report.ice.remote_candidates.emplace_back();
  ice::PairReport pair;
  pair.requests_sent = 7;
  report.ice.pairs.push_back(pair);
  EXPECT_TRUE(says(report, "UDP between us is blocked"));
  EXPECT_TRUE(says(report, "No STUN server is configured"));

  report.ice.pairs[0].requests_received = 3;
  EXPECT_TRUE(says(report, "one way only"));

  report.ice_counters.wrong_integrity_dropped = 1;
  EXPECT_TRUE(says(report, "wrong password"));
}

TEST(Report, TellsHowItIsConnected) {
  ConnectionReport report = described();
  report.state = ConnectionState::connected;
  report.stages.dtls_connected = TimePoint{} + 34500us;
  ice::PairReport pair;
  pair.selected = true;
  pair.local.endpoint = Endpoint::v4(192, 0, 2, 1, 5000);
  pair.remote.endpoint = Endpoint::v4(192, 0, 2, 2, 6000);
  pair.round_trip = 2ms;
  report.ice.pairs.push_back(pair);
  EXPECT_EQ(explain(report),
            "Connected after 34.5 ms, host 192.0.2.1:5000 to host 192.0.2.2:6000, round trip 2.0 ms.");
  EXPECT_NE(to_string(report).find("DTLS connected: 34.5 ms"), std::string::npos);
  EXPECT_NE(to_string(report).find("first media sent: -"), std::string::npos);
  EXPECT_EQ(to_string(report).find("SCTP"), std::string::npos);
}

TEST(Report, CountsThePacketsOfDataChannels) {
  ConnectionReport report;
  report.sctp = sctp::AssociationStats{.packets_sent = 12,
                                       .packets_received = 9,
                                       .packets_sent_zero_checksum = 10,
                                       .smoothed_round_trip = 20ms};
  EXPECT_NE(
      to_string(report).find("SCTP: sent 12 packets, 10 of them without checksum; received 9 packets, 0 of "
                             "them without checksum; round trip 20.0 ms\n"),
      std::string::npos)
      << to_string(report);
}

TEST(Report, TellsALostRelayFromASilentPeer) {
  ConnectionReport report = described();
  report.state = ConnectionState::disconnected;
  ice::ServerReport& server = report.servers.emplace_back();
  server.url = "turn:turn.example:3478";
  server.outcome = ice::ServerOutcome::asked;
  server.text = "no answer";
  ice::PairReport pair;
  pair.local.type = ice::CandidateType::relay;
  report.ice.pairs.push_back(pair);
  EXPECT_TRUE(says(report, "the peer does not answer")) << "this relay never carried anything";

  report.ice.pairs[0].nominated = true;
  report.ice.pairs[0].outcome = ice::PairOutcome::socket_failed;
  EXPECT_TRUE(says(report, "through a relay, which is lost"));
  EXPECT_TRUE(says(report, "turn:turn.example:3478: no answer."));

  report.servers[0].outcome = ice::ServerOutcome::answered;
  EXPECT_TRUE(says(report, "the peer does not answer")) << "there is another relay of it";
}

TEST(Report, NamesWhoEndedIt) {
  ConnectionReport report = described();
  report.state = ConnectionState::closed;
  EXPECT_TRUE(says(report, "Closed by us"));
  report.reason = PeerErrc::peer_closed;
  EXPECT_TRUE(says(report, "The peer closed"));
  report.state = ConnectionState::failed;
  report.reason = PeerErrc::consent_expired;
  EXPECT_TRUE(says(report, "has not answered for 30 s"));
}

}  // namespace
}  // namespace petrel::inline v0

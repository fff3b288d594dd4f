#include "turn/report_text.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;

class ReportText : public ::testing::Test {
 protected:
  std::string text(int code = 0, std::string_view link_detail = {}) const {
    return describe_loss(config, report, code, 12'345ms, link_detail);
  }

  ClientConfig config{
      .flow = FlowId{7}, .server = Endpoint::v4(192, 0, 2, 1, 3478), .protocol = TransportProtocol::tcp};
  ClientReport report{.reached = Stage::allocating, .error = Errc::timed_out};
};

TEST_F(ReportText, TellsHowLongItWaitedForWhom) {
  EXPECT_EQ(text(), "no answer from 192.0.2.1:3478 by TCP in 12.3 s");
}

TEST_F(ReportText, TellsWhatACodeMeans) {
  report.error = Errc::quota_reached;
  EXPECT_EQ(text(486), "486 from 192.0.2.1:3478: quota reached");
  config.server_name = "turn.example.org";
  report.credentials_sent = true;
  EXPECT_EQ(text(508), "508 from turn.example.org after our credentials: no capacity left");
}

TEST_F(ReportText, GivesTheServersReasonWhereItHasNoneOfItsOwn) {
  report.error = Errc::refused;
  report.last_error_reason = "Too hot";
  EXPECT_EQ(text(599), "599 from 192.0.2.1:3478: Too hot");
  report.last_error_reason.clear();
  EXPECT_EQ(text(599), "599 from 192.0.2.1:3478");
}

TEST_F(ReportText, TellsWhatBrokeBelow) {
  report.reached = Stage::handshake;
  EXPECT_EQ(text(0, "the certificate expired"), "no TLS with 192.0.2.1:3478: the certificate expired");
  report.error = Errc::proxy_refused;
  EXPECT_EQ(text(0, "the proxy said no"), "no connection to 192.0.2.1:3478: the proxy said no");
  report.reached = Stage::allocated;
  EXPECT_EQ(text(0, "reset"), "no connection to 192.0.2.1:3478: reset");
}

TEST_F(ReportText, NamesTheErrorWhereACodeWouldMislead) {
  report.error = Errc::weak_authentication;
  EXPECT_EQ(text(401), "192.0.2.1:3478: " + make_error_code(Errc::weak_authentication).message());
}

TEST_F(ReportText, ShowsNothingThatATerminalObeys) {
  EXPECT_EQ(printable("a\x1b[2Jb\n\xff"), "a?[2Jb??");
  EXPECT_EQ(printable(std::string(500, 'x')).size(), 127U);
}

}  // namespace
}  // namespace petrel::inline v0::turn

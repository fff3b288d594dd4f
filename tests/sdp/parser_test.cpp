#include "petrel/sdp/parser.hpp"

#include <gtest/gtest.h>

#include "petrel/sdp/writer.hpp"
#include "sdp/captured.hpp"

namespace petrel::sdp {
namespace {

using petrel::testing::captured;
using petrel::testing::captured_names;
using petrel::testing::replaced;
using petrel::testing::replaced_all;

const std::string smallest = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

TEST(Parser, ReadsTheSessionLevelOfABrowsersOffer) {
  const auto session = parse(captured("chromium_call_offer"));

  ASSERT_TRUE(session);
  EXPECT_EQ(session->origin.username, "-");
  EXPECT_EQ(session->origin.session_version, "2");
  EXPECT_EQ(session->origin.address, "127.0.0.1");
  EXPECT_EQ(session->name, "-");
  EXPECT_EQ(session->timing, (Timing{0, 0}));
  EXPECT_EQ(value_of(session->attributes, "group"), "BUNDLE 0 1 2");
  EXPECT_TRUE(has(session->attributes, "extmap-allow-mixed"));
}

TEST(Parser, ReadsTheMediaSectionsOfABrowsersOffer) {
  const auto session = parse(captured("chromium_call_offer"));

  ASSERT_TRUE(session);
  ASSERT_EQ(session->media.size(), 3U);
  EXPECT_EQ(session->media[0].media, "audio");
  EXPECT_EQ(session->media[0].protocol, "UDP/TLS/RTP/SAVPF");
  EXPECT_EQ(session->media[0].formats.front(), "111");
  EXPECT_EQ(session->media[1].media, "video");
  EXPECT_EQ(session->media[2].media, "application");
  EXPECT_EQ(session->media[2].protocol, "UDP/DTLS/SCTP");
  EXPECT_EQ(session->media[2].formats, std::vector<std::string>{"webrtc-datachannel"});
  EXPECT_EQ(session->media[0].connection, (Connection{"IN", "IP4", "192.0.2.2"}));
}

TEST(Parser, ReadsAllThatBrowsersWrite) {
  for (const std::string& name : captured_names()) {
    ParseDetail detail;
    EXPECT_TRUE(parse(captured(name), &detail)) << name << " line " << detail.line << ": " << detail.what;
  }
}

TEST(Parser, TakesBareLineFeedsAndAMissingLastLineEnd) {
  const std::string text = captured("firefox_call_offer");
  const auto with_crlf = parse(text);
  std::string bare = replaced_all(text, "\r\n", "\n");
  bare.pop_back();

  const auto with_lf = parse(bare);

  ASSERT_TRUE(with_crlf);
  ASSERT_TRUE(with_lf);
  EXPECT_EQ(*with_crlf, *with_lf);
}

TEST(Parser, KeepsWhatItDoesNotKnowInItsOrder) {
  const auto session = parse(smallest + "a=x-one\r\na=rtpmap:1 a/1\r\na=x-two:a:b\r\ny=what\r\nk=clear\r\n");

  ASSERT_TRUE(session);
  EXPECT_EQ(session->attributes,
            (Attributes{{"x-one", std::nullopt}, {"rtpmap", "1 a/1"}, {"x-two", "a:b"}}));
  EXPECT_EQ(session->others, (std::vector<OtherLine>{{'y', "what"}, {'k', "clear"}}));
}

TEST(Parser, TellsAnEmptyValueFromNone) {
  const auto session = parse(smallest + "a=x\r\na=x:\r\n");

  ASSERT_TRUE(session);
  EXPECT_EQ(session->attributes, (Attributes{{"x", std::nullopt}, {"x", ""}}));
}

TEST(Parser, ReadsBandwidthPortCountAndSeveralTimings) {
  const auto session = parse(
      smallest + "t=1 2\r\nb=CT:5\r\nm=video 49170/2 RTP/AVP 31\r\nc=IN IP4 224.2.1.1/127/3\r\nb=AS:1\r\n");

  ASSERT_TRUE(session);
  EXPECT_EQ(session->others, (std::vector<OtherLine>{{'t', "1 2"}}));
  EXPECT_EQ(session->bandwidth, (std::vector<Bandwidth>{{"CT", 5}}));
  EXPECT_EQ(session->media[0].port, 49170);
  EXPECT_EQ(session->media[0].port_count, 2);
  EXPECT_EQ(session->media[0].bandwidth, (std::vector<Bandwidth>{{"AS", 1}}));
}

TEST(Parser, DoesWithoutTiming) { EXPECT_TRUE(parse("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n")); }

struct Bad {
  const char* text;
  Errc error;
  std::size_t line;
  std::size_t column;
  const char* what;
};

TEST(Parser, SaysWhereAndWhatIsWrong) {
  const std::string head = smallest;
  const Bad table[] = {
      {"", Errc::missing_line, 0, 0, "it is empty"},
      {"hello", Errc::malformed_line, 1, 1, "not a line of the form x=value"},
      {"v=1\r\n", Errc::unsupported_version, 1, 1, "the first line is not v=0"},
      {"s=-\r\n", Errc::unsupported_version, 1, 1, "the first line is not v=0"},
      {"v=0\r\nv=0\r\n", Errc::duplicate_line, 2, 1, "a second v= line"},
      {"v=0\r\ns=-\r\n", Errc::missing_line, 2, 0, "no o= line"},
      {"v=0\r\no=- 1 2 IN IP4 a\r\n", Errc::missing_line, 2, 0, "no s= line"},
      {"v=0\r\no=- 1 2 IN IP4\r\n", Errc::malformed_origin, 2, 3,
       "o= has six fields: user, id, version, network, type, address"},
      {"v=0\r\no=- 1 2 IN IP4 a b\r\n", Errc::malformed_origin, 2, 3,
       "o= has six fields: user, id, version, network, type, address"},
      {"v=0\r\ns=-\r\ns=-\r\n", Errc::duplicate_line, 3, 1, "a second s= line"},
      {"v=0\r\no=- 1 2 IN IP4 a\r\nm=audio 9 x 0\r\no=- 1 2 IN IP4 a\r\n", Errc::duplicate_line, 4, 1,
       "a second o= line"},
      {"v=0\r\nt=0\r\n", Errc::malformed_timing, 2, 3, "t= is two numbers"},
      {"v=0\r\nc=IN IP4\r\n", Errc::malformed_connection, 2, 3,
       "c= has three fields: network, type, address"},
      {"v=0\r\nb=AS:1.5\r\n", Errc::malformed_bandwidth, 2, 3, "b= is a type and a number"},
      {"v=0\r\nb=128\r\n", Errc::malformed_bandwidth, 2, 3, "b= is a type and a number"},
      {"v=0\r\nm=audio\r\n", Errc::malformed_media, 2, 3,
       "m= is media, port, protocol and at least one format"},
      {"v=0\r\nm=audio 9 RTP/AVP\r\n", Errc::malformed_media, 2, 3,
       "m= is media, port, protocol and at least one format"},
      {"v=0\r\nm=audio 65536 RTP/AVP 0\r\n", Errc::malformed_media, 2, 3,
       "m= is media, port, protocol and at least one format"},
      {"v=0\r\nm=audio 9/x RTP/AVP 0\r\n", Errc::malformed_media, 2, 3,
       "m= has a port count that is no number"},
      {"v=0\r\na=\r\n", Errc::malformed_attribute, 2, 3, "a= without a name"},
      {"v=0\r\na=:x\r\n", Errc::malformed_attribute, 2, 3, "a= without a name"},
      {"v=0\r\n\na=rtpmap:96 VP8\r\n", Errc::malformed_attribute, 3, 10,
       "a=rtpmap: not a payload type, an encoding and a clock rate"},
      {"v=0\r\na=mid\r\n", Errc::malformed_attribute, 2, 6, "a=mid: not a token"},
      {"v=0\r\na=x:a\rb\r\n", Errc::malformed_line, 2, 6, "NUL or CR within a line"},
      {"v=0\r\n =x\r\n", Errc::malformed_line, 2, 1, "not a line of the form x=value"},
      {"v=0\r\na\r\n", Errc::malformed_line, 2, 1, "not a line of the form x=value"},
  };
  for (const Bad& bad : table) {
    ParseDetail detail;
    const auto session = parse(bad.text, &detail);
    ASSERT_FALSE(session) << bad.text;
    EXPECT_EQ(session.error(), bad.error) << bad.text;
    EXPECT_EQ(detail.line, bad.line) << bad.text;
    EXPECT_EQ(detail.column, bad.column) << bad.text;
    EXPECT_EQ(detail.what, bad.what) << bad.text;
  }
}

TEST(Parser, RefusesNulWithinALine) {
  const std::string text = smallest + std::string("a=x:a\0b\r\n", 9);
  EXPECT_EQ(parse(text).error(), Errc::malformed_line);
}

TEST(Parser, TakesTheLargestDescriptionAndNoByteMore) {
  std::string text = smallest + "a=x:";
  text.append(max_session_bytes - text.size(), 'y');
  EXPECT_TRUE(parse(text));

  ParseDetail detail;
  const auto longer = parse(text + 'y', &detail);
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error(), Errc::too_long);
  EXPECT_EQ(detail.what, "262145 bytes; at most 262144");
}

TEST(Parser, RefusesAMegabyteByName) {
  std::string text = smallest;
  while (text.size() < 1'000'000) text += "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n";
  EXPECT_EQ(parse(text).error(), Errc::too_long);
}

TEST(Parser, CountsLines) {
  std::string text = smallest;
  for (std::size_t line = 4; line < max_lines; ++line) text += "a=x\n";
  EXPECT_TRUE(parse(text));

  EXPECT_EQ(parse(text + "a=x\n").error(), Errc::too_many_lines);
}

TEST(Parser, CountsMediaSections) {
  std::string text = smallest;
  for (std::size_t i = 0; i < max_media_sections; ++i) text += "m=audio 9 RTP/AVP 0\n";
  EXPECT_TRUE(parse(text));

  EXPECT_EQ(parse(text + "m=audio 9 RTP/AVP 0\n").error(), Errc::too_many_media_sections);
}

TEST(Parser, ReadsABrowsersOfferOfTwentyKilobytes) {
  std::string text = captured("chromium_call_offer");
  const std::string media =
      text.substr(text.find("m=video"), text.find("m=application") - text.find("m=video"));
  while (text.size() < 20'000) text += media;

  const auto session = parse(text);

  ASSERT_TRUE(session);
  EXPECT_GT(session->media.size(), 4U);
}

TEST(Parser, SurvivesEveryTruncation) {
  const std::string text = captured("firefox_video_recvonly_offer");
  const std::size_t head = text.find("s=-") + 2;
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto session = parse(std::string_view(text).substr(0, size));
    if (size < head) {
      EXPECT_FALSE(session) << size;
    }
    if (session) {
      const auto again = parse(write(*session));
      ASSERT_TRUE(again) << size;
      EXPECT_EQ(*again, *session) << size;
    }
  }
}

TEST(Parser, ReadsEveryTruncationAtALineEnd) {
  const std::string text = captured("firefox_call_offer");
  for (auto end = text.find("t=0 0"); end != std::string::npos; end = text.find('\n', end + 1)) {
    EXPECT_TRUE(parse(std::string_view(text).substr(0, end))) << end;
  }
}

}  // namespace
}  // namespace petrel::sdp

#include "petrel/sdp/writer.hpp"

#include <gtest/gtest.h>

#include "petrel/sdp/parser.hpp"
#include "sdp/captured.hpp"

namespace petrel::sdp {
namespace {

using petrel::testing::captured;
using petrel::testing::captured_names;

TEST(Writer, WritesWhatBrowsersWroteToTheByte) {
  for (const std::string& name : captured_names()) {
    const std::string text = captured(name);
    const auto session = parse(text);
    ASSERT_TRUE(session) << name;
    EXPECT_EQ(write(*session), text) << name;
  }
}

TEST(Writer, PutsEachLineInItsPlace) {
  Session session;
  session.origin = {"u", "1", "2", "IN", "IP6", "::1"};
  session.name = "call";
  session.timing = {3, 4};
  session.connection = Connection{};
  session.bandwidth = {{"AS", 500}};
  session.others = {{'k', "clear"}, {'i', "about"}, {'r', "1 2"}};
  session.attributes = {{"x", std::nullopt}, {"y", ""}, {"z", "1"}};
  MediaSection media;
  media.media = "video";
  media.port = 5000;
  media.port_count = std::uint16_t{2};
  media.protocol = "RTP/AVP";
  media.formats = {"96", "97"};
  media.others = {{'i', "camera"}};
  media.bandwidth = {{"TIAS", 1}};
  session.media = {media};

  EXPECT_EQ(
      write(session),
      "v=0\r\no=u 1 2 IN IP6 ::1\r\ns=call\r\ni=about\r\nc=IN IP4 0.0.0.0\r\nb=AS:500\r\nt=3 4\r\nk=clear\r\n"
      "r=1 2\r\na=x\r\na=y:\r\na=z:1\r\n"
      "m=video 5000/2 RTP/AVP 96 97\r\ni=camera\r\nb=TIAS:1\r\n");
}

TEST(Writer, IsStableOverWhatNoBrowserWrites) {
  const std::string_view text =
      "v=0\no=  a 1   2 IN IP4 h\ns=\nz=1\nc=IN IP4 a\nc=IN IP4 b\ni=late\nt=5 6\nt=7 8\nb=X-YZ:9\n"
      "m=audio   1   RTP/AVP  0  8 \ny=?\nc=IN IP4 c\nc=IN IP4 d\na=recvonly\n";
  const auto once = parse(text);
  ASSERT_TRUE(once);

  const auto twice = parse(write(*once));

  ASSERT_TRUE(twice);
  EXPECT_EQ(write(*twice), write(*once));
}

}  // namespace
}  // namespace petrel::sdp

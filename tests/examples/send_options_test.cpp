#include "send/options.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "petrel/base/base64.hpp"
#include "send/description_line.hpp"

namespace transfer {
namespace {

std::variant<Options, shared::EarlyExit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "petrel-send");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}
Options parsed(std::vector<const char*> arguments) { return std::get<Options>(parse(std::move(arguments))); }

TEST(SendOptions, AFileIsSentFromARoomOfOurOwn) {
  const Options options = parsed({"film.mp4"});
  EXPECT_EQ(options.file, "film.mp4");
  EXPECT_FALSE(options.folder || options.room || options.paste || options.serve);
  EXPECT_EQ(options.server.listen_endpoint.to_string(), "127.0.0.1:8085");
}

TEST(SendOptions, AFolderToReceiveIntoIsThePresentOneUnlessNamed) {
  EXPECT_EQ(parsed({"--receive"}).folder, ".");
  EXPECT_EQ(parsed({"--receive", "/"}).folder, "/");
  EXPECT_EQ(parsed({"--receive", "--paste"}).folder, ".");
}

TEST(SendOptions, ARoomTakesTheToken) {
  const Options options = parsed({"a", "--room", "http://h:1/room/x", "--token", "word"});
  EXPECT_EQ(petrel::http::to_string(*options.room), "ws://h:1/room/x?token=word");
  EXPECT_EQ(
      petrel::http::to_string(*parsed({"a", "--room", "ws://h/room/x?token=t", "--token", "word"}).room),
      "ws://h/room/x?token=t");
}

TEST(SendOptions, WhatCannotBeMeantIsOneLineOfUsage) {
  for (const std::vector<const char*>& arguments : {std::vector<const char*>{},
                                                    {"a", "--serve"},
                                                    {"a", "--receive", "."},
                                                    {"a", "--room", "x"},
                                                    {"a", "--paste", "--room", "ws://h/room/x"},
                                                    {"--serve", "--paste"},
                                                    {"--receive", "/none/such"},
                                                    {"a", "--listen", "0.0.0.0:8085"}}) {
    const auto result = parse(arguments);
    ASSERT_TRUE(std::holds_alternative<shared::EarlyExit>(result))
        << (arguments.empty() ? "" : arguments.back());
    const auto& exit = std::get<shared::EarlyExit>(result);
    EXPECT_EQ(exit.code, 2);
    EXPECT_EQ(std::ranges::count(exit.text, '\n'), 1) << exit.text;
  }
}

TEST(DescriptionLine, ComesBackAsItWas) {
  const petrel::SessionDescription answer{petrel::SdpType::answer, "v=0\r\ns=-\r\n"};
  const std::string line = to_line(answer);
  EXPECT_EQ(line.find('\n'), line.npos);
  // Wrapped and indented by a window.
  const std::string wrapped = "  " + line.substr(0, 20) + "\r\n " + line.substr(20) + "\n";
  const auto back = from_line(wrapped);
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->type == petrel::SdpType::answer);
  EXPECT_EQ(back->sdp, answer.sdp);
}

TEST(DescriptionLine, WhatIsCutShortOrAnythingElseIsNone) {
  const std::string line = to_line({petrel::SdpType::offer, "v=0\r\n"});
  for (std::size_t size = 0; size < line.size(); ++size)
    EXPECT_FALSE(from_line(line.substr(0, size))) << size;
  for (const char* text :
       {"", "hello", R"({"type":"pranswer","sdp":"v=0"})", R"({"type":"offer","sdp":1})", "[]"}) {
    EXPECT_FALSE(from_line(text));
    EXPECT_FALSE(from_line(petrel::base64_encode(petrel::as_bytes(text))));
  }
  EXPECT_FALSE(from_line(std::string(max_line_bytes + 1, 'A')));
}

}  // namespace
}  // namespace transfer

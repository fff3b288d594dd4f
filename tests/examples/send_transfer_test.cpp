#include "send/transfer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "shared/hexadecimal.hpp"

namespace transfer {
namespace {

std::string digest(std::string_view content) {
  return shared::hexadecimal(petrel::crypto::sha256(petrel::as_bytes(content)));
}

std::string content_of(std::size_t size) {
  std::string content(size, '\0');
  for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<char>(i * 7 + i / 251);
  return content;
}

// Both ends and a file between them, without a channel.
struct Pair {
  explicit Pair(std::string content_)
      : content(std::move(content_)), sender({"a.bin", content.size(), digest(content)}) {}

  // Until nothing moves. The owner's part is done here too: what there is, is hashed; what comes, is kept.
  void run(std::size_t most_pieces = 1'000'000) {
    for (bool moved = true; moved;) {
      moved = false;
      while (const auto text = sender.poll_text()) {
        moved = true;
        receiver.handle_text(*text);
      }
      if (receiver.offer() && !receiver.accepted() && !receiver.outcome()) {
        receiver.handle_existing(petrel::as_bytes(arrived));
        receiver.accept();
        moved = true;
      }
      if (most_pieces > 0) {
        if (const auto piece = sender.poll_piece()) {
          --most_pieces;
          moved = true;
          const std::string_view bytes = std::string_view(content).substr(piece->offset, piece->size);
          if (receiver.handle_binary(petrel::as_bytes(bytes))) arrived += bytes;
        }
      }
      if (receiver.whole() && !receiver.outcome()) receiver.finish();
      while (const auto text = receiver.poll_text()) {
        moved = true;
        sender.handle_text(*text);
      }
    }
  }

  std::string content;
  std::string arrived;
  Sender sender;
  Receiver receiver;
};

TEST(Transfer, FilesOfEverySizeArrive) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, piece_bytes - 1, piece_bytes,
                                 piece_bytes + 1, std::size_t{3'000'000}}) {
    Pair pair(content_of(size));
    pair.run();
    ASSERT_TRUE(pair.sender.outcome() && pair.receiver.outcome()) << size;
    EXPECT_TRUE(pair.sender.outcome()->ok() && pair.receiver.outcome()->ok()) << size;
    EXPECT_TRUE(pair.arrived == pair.content) << size;
    EXPECT_EQ(pair.sender.delivered(), size);
  }
}

TEST(Transfer, GoesOnWhereTheLastConnectionStopped) {
  Pair first(content_of(1'000'000));
  first.run(4);
  EXPECT_FALSE(first.sender.outcome());
  ASSERT_EQ(first.arrived.size(), 4 * piece_bytes);

  Pair second(first.content);
  second.arrived = first.arrived;
  second.run();
  EXPECT_EQ(second.sender.began_at(), 4 * piece_bytes);
  ASSERT_TRUE(second.receiver.outcome() && second.receiver.outcome()->ok());
  EXPECT_TRUE(second.arrived == second.content);
}

TEST(Transfer, AFileThatIsThereAlreadyIsOnlyChecked) {
  Pair pair(content_of(200'000));
  pair.arrived = pair.content;
  pair.run();
  ASSERT_TRUE(pair.sender.outcome() && pair.receiver.outcome());
  EXPECT_TRUE(pair.sender.outcome()->ok());
  EXPECT_EQ(pair.arrived.size(), pair.content.size());
}

TEST(Transfer, AWrongByteIsFoundAndBothEndsHearOfIt) {
  Pair pair(content_of(200'000));
  pair.arrived = pair.content.substr(0, 1000);
  pair.arrived[500] ^= 1;
  pair.run();
  ASSERT_TRUE(pair.sender.outcome() && pair.receiver.outcome());
  EXPECT_TRUE(pair.receiver.corrupt());
  EXPECT_FALSE(pair.receiver.outcome()->ok());
  EXPECT_TRUE(pair.sender.outcome()->by_peer);
  EXPECT_NE(pair.sender.outcome()->failure.find("SHA-256"), std::string::npos);
}

TEST(Transfer, TheSenderRunsAheadByAWindowOnly) {
  Sender sender({"a", 100 * window_bytes, std::string(64, '0')});
  EXPECT_FALSE(sender.poll_piece());
  sender.handle_text(to_text(Accept{0}));
  std::uint64_t sent = 0;
  while (const auto piece = sender.poll_piece()) sent += piece->size;
  EXPECT_EQ(sent, window_bytes);
  sender.handle_text(to_text(Got{report_bytes}));
  while (const auto piece = sender.poll_piece()) sent += piece->size;
  EXPECT_EQ(sent, window_bytes + report_bytes);
}

TEST(Transfer, TheSenderBelievesNoNonsense) {
  const std::string sha(64, 'a');
  const std::vector<std::vector<std::string>> cases{
      {"hello"},
      {R"({"accept":{"from":11}})"},
      {R"({"accept":{"from":0}})", R"({"accept":{"from":0}})"},
      {R"({"got":1})"},
      {R"({"accept":{"from":5}})", R"({"got":4})"},
      {R"({"accept":{"from":0}})", R"({"got":1})"},
      {R"({"done":{"sha256":")" + sha + R"("}})"},
      {to_text(Offer{"b", 1, sha})},
  };
  for (const auto& texts : cases) {
    Sender sender({"a", 10, sha});
    EXPECT_TRUE(sender.poll_text());
    for (const std::string& text : texts) sender.handle_text(text);
    ASSERT_TRUE(sender.outcome()) << texts.back();
    EXPECT_FALSE(sender.outcome()->ok());
    const auto told = sender.poll_text();
    ASSERT_TRUE(told);
    EXPECT_TRUE(std::holds_alternative<Failed>(*parse_message(*told)));
    EXPECT_FALSE(sender.poll_piece());
  }
}

TEST(Transfer, TheReceiverTakesNoMoreThanWasOffered) {
  const std::string content = content_of(10);
  Receiver receiver;
  EXPECT_FALSE(receiver.handle_binary(petrel::as_bytes(content)));
  EXPECT_FALSE(receiver.outcome()->ok());

  Receiver other;
  other.handle_text(to_text(Offer{"a", 9, digest(content)}));
  other.accept();
  EXPECT_FALSE(other.handle_binary(petrel::as_bytes(content)));
  EXPECT_FALSE(other.outcome()->ok());
}

TEST(Transfer, AFailureOfThisEndIsToldWithoutItsPaths) {
  Receiver receiver;
  receiver.handle_text(to_text(Offer{"a", 9, std::string(64, '0')}));
  receiver.fail("in/a: no space", "there is no space");
  EXPECT_EQ(receiver.outcome()->failure, "in/a: no space");
  const auto told = parse_message(receiver.poll_text().value());
  EXPECT_EQ(std::get<Failed>(*told).reason, "there is no space");
}

TEST(TransferMessage, EveryMessageComesBackAsItWas) {
  const std::string sha(64, 'f');
  const std::vector<Message> messages{Offer{"ä \"b\".txt", max_file_bytes, sha}, Accept{7}, Got{8}, Done{sha},
                                      Failed{"why"}};
  for (const Message& message : messages) EXPECT_EQ(parse_message(to_text(message)), message);
}

TEST(TransferMessage, WhatIsCutShortIsNone) {
  const std::string text = to_text(Offer{"name", 12, std::string(64, '1')});
  for (std::size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_message(text.substr(0, size)));
}

TEST(TransferMessage, WhatIsOutOfItsRangeIsNone) {
  for (const char* text : {"", "1", "[]", "{}", R"({"got":-1})", R"({"got":1.5})",
                           R"({"got":9007199254740992})", R"({"accept":{}})", R"({"name":"a","size":1})",
                           R"({"name":"a","size":1,"sha256":"ABC"})", R"({"failed":3})"}) {
    EXPECT_FALSE(parse_message(text)) << text;
  }
  EXPECT_FALSE(
      parse_message(to_text(Offer{std::string(max_offered_name_bytes + 1, 'a'), 1, std::string(64, '1')})));
  EXPECT_FALSE(parse_message(std::string(max_message_bytes + 1, ' ')));
}

TEST(SafeName, KeepsOrdinaryNames) {
  for (const char* name : {"a.txt", "Ünïcode ☂.tar.gz", "no ending", "a..b"})
    EXPECT_EQ(safe_name(name), name);
}

TEST(SafeName, LeadsNowhere) {
  EXPECT_EQ(safe_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(safe_name("C:\\Users\\me\\a.doc"), "a.doc");
  EXPECT_EQ(safe_name(".."), "__");
  EXPECT_EQ(safe_name("."), "_");
  EXPECT_EQ(safe_name("/"), "file");
  EXPECT_EQ(safe_name(""), "file");
  EXPECT_EQ(safe_name(".bashrc"), "_bashrc");
  EXPECT_EQ(safe_name("-rf"), "_rf");
  EXPECT_EQ(safe_name("a\nb\x1b[31m\x7f"), "a_b_[31m_");
  EXPECT_EQ(safe_name(std::string_view("a\0b", 3)), "a_b");
  EXPECT_EQ(safe_name("a\xe2\x80\xae"
                      "gpj.exe"),
            "a_gpj.exe");  // U+202E turns what follows round.
  EXPECT_EQ(safe_name("a\xff\xc3"), "a__");
}

TEST(SafeName, CutsLongNamesBetweenCharactersAndKeepsTheEnding) {
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ü";
  const std::string name = safe_name(umlauts + ".jpeg");
  EXPECT_LE(name.size(), 200u);
  EXPECT_TRUE(name.ends_with("ü.jpeg"));
}

}  // namespace
}  // namespace transfer

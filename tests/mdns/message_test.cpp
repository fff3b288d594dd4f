#include "petrel/mdns/message.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::mdns {
namespace {

using testing::hex;

const Name name = *Name::from_text("0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f.local");
constexpr const char* name_bytes =
    "24 30623564396236652d336334362d346135392d623163642d306131623263336434653566 05 6c6f63616c 00";
constexpr const char* pointer_bytes = "c00c";  // To the first name behind the header.

// Written from RFC 1035 4 and RFC 6762 18, field by field.
std::vector<std::byte> message_of(std::initializer_list<std::string_view> parts) {
  std::vector<std::byte> message;
  for (const std::string_view part : parts) {
    const auto bytes = hex(part);
    message.insert(message.end(), bytes.begin(), bytes.end());
  }
  return message;
}
std::vector<std::byte> query_bytes() {
  return message_of({"0000 0000 0001 0000 0000 0000", name_bytes, "0001 0001"});
}
std::vector<std::byte> response_bytes() {
  return message_of({"0000 8400 0000 0001 0000 0001", name_bytes, "0001 8001 00000078 0004 c0000201",  //
                     pointer_bytes, "001c 8001 00000078 0010 20010db8000000000000000000000001"});
}

TEST(MdnsMessage, ReadsAQuestion) {
  const Message message = parse(query_bytes()).value();
  EXPECT_FALSE(message.response);
  ASSERT_EQ(message.questions.size(), 1u);
  EXPECT_EQ(message.questions[0], (Question{name, RecordType::a}));
  EXPECT_TRUE(message.addresses.empty());
}

TEST(MdnsMessage, ReadsAQuestionForAUnicastAnswer) {
  const Message message = parse(message_of({"1234 0000 0002 0000 0000 0000", name_bytes, "001c 8001",
                                            pointer_bytes, "00ff 00ff"}))
                              .value();
  EXPECT_EQ(message.id, 0x1234);
  ASSERT_EQ(message.questions.size(), 2u);
  EXPECT_EQ(message.questions[0], (Question{name, RecordType::aaaa, true}));
  EXPECT_EQ(message.questions[1], (Question{name, RecordType::any}));
}

TEST(MdnsMessage, ReadsAnswersAndAdditionalRecords) {
  const Message message = parse(response_bytes()).value();
  EXPECT_TRUE(message.response);
  ASSERT_EQ(message.addresses.size(), 2u);
  EXPECT_EQ(message.addresses[0], (AddressRecord{name, IpAddress::v4(192, 0, 2, 1), 120, true}));
  EXPECT_EQ(message.addresses[1], (AddressRecord{name, *IpAddress::parse("2001:db8::1"), 120, true}));
}

TEST(MdnsMessage, TakesOnlyTheAnswersOfAQuery) {
  // RFC 6762 8.2: the authority section of a probe holds wishes; an additional record (an OPT mostly) no
  // answers.
  const Message message =
      parse(message_of({"0000 0000 0000 0001 0001 0001", name_bytes, "0001 0001 0000003c 0004 c0000201",
                        pointer_bytes, "0001 0001 00000078 0004 c0000202", pointer_bytes,
                        "0001 0001 00000078 0004 c0000203"}))
          .value();
  ASSERT_EQ(message.addresses.size(), 1u);
  EXPECT_EQ(message.addresses[0], (AddressRecord{name, IpAddress::v4(192, 0, 2, 1), 60, false}));
}

TEST(MdnsMessage, LeavesOutWhatIsNoAddress) {
  const Message message =
      parse(message_of({"0000 8400 0001 0003 0000 0000", name_bytes, "000c 0001",  // PTR
                        pointer_bytes, "0010 8001 00001194 0005 0474657374",       // TXT
                        pointer_bytes, "0001 0003 00000078 0004 c0000201",         // A of class CH
                        pointer_bytes, "0001 0001 00000078 0004 c0000202"}))
          .value();
  EXPECT_TRUE(message.questions.empty());
  ASSERT_EQ(message.addresses.size(), 1u);
  EXPECT_EQ(message.addresses[0].address, IpAddress::v4(192, 0, 2, 2));
}

TEST(MdnsMessage, RefusesEveryTruncation) {
  for (const auto& whole : {query_bytes(), response_bytes()}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto message = parse(Bytes(whole).first(size));
      ASSERT_FALSE(message) << size;
      EXPECT_TRUE(message.error() == Errc::truncated || message.error() == Errc::bad_name) << message.error();
    }
  }
}

TEST(MdnsMessage, RefusesAddressesOfAWrongSize) {
  EXPECT_EQ(parse(message_of({"0000 8400 0000 0001 0000 0000 00", "0001 8001 00000078 0003 c00002"})).error(),
            Errc::truncated);
  EXPECT_EQ(
      parse(message_of({"0000 8400 0000 0001 0000 0000 00", "001c 8001 00000078 0004 c0000201"})).error(),
      Errc::truncated);
}

TEST(MdnsMessage, RefusesOtherOpcodesAndResponseCodes) {
  EXPECT_EQ(parse(hex("0000 2800 0000 0000 0000 0000")).error(), Errc::not_a_query);
  EXPECT_EQ(parse(hex("0000 8403 0000 0000 0000 0000")).error(), Errc::not_a_query);
  EXPECT_TRUE(parse(hex("0000 8780 0000 0000 0000 0000"))) << "other flags are ignored, RFC 6762 18.5";
}

TEST(MdnsMessage, RefusesMoreThanItsLimits) {
  std::vector<std::byte> questions = hex("0000 0000 0040 0000 0000 0000");
  std::vector<std::byte> records = hex("0000 8400 0000 0040 0000 0000");
  for (std::size_t i = 0; i < 64; ++i) {
    for (const std::byte b : hex("00 0001 0001")) questions.push_back(b);
    for (const std::byte b : hex("00 0001 0001 00000078 0004 c0000201")) records.push_back(b);
  }
  EXPECT_EQ(parse(questions)->questions.size(), max_questions);
  EXPECT_EQ(parse(records)->addresses.size(), max_addresses);
  questions[5] = records[7] = std::byte{0x41};
  for (const std::byte b : hex("00 0001 0001")) questions.push_back(b);
  for (const std::byte b : hex("00 0001 0001 00000078 0004 c0000201")) records.push_back(b);
  EXPECT_EQ(parse(questions).error(), Errc::too_many_records);
  EXPECT_EQ(parse(records).error(), Errc::too_many_records);

  std::vector<std::byte> longest = hex("0000 0000 0000 0000 0000 0000");
  longest.resize(max_message_bytes);
  EXPECT_TRUE(parse(longest)) << "what follows the counted records is nothing of ours";
  longest.emplace_back();
  EXPECT_EQ(parse(longest).error(), petrel::Errc::too_long);
}

TEST(MdnsMessage, IsWrittenAsItIsRead) {
  EXPECT_TRUE(equal(write({.questions = {{name, RecordType::a}}})->bytes(), query_bytes()));
  const Message response{.response = true,
                         .addresses = {{name, IpAddress::v4(192, 0, 2, 1), 120, true},
                                       {name, *IpAddress::parse("2001:db8::1"), 10, false}}};
  const PacketBuffer packet = write(response).value();
  EXPECT_TRUE(
      equal(packet.bytes(),
            message_of({"0000 8400 0000 0002 0000 0000", name_bytes, "0001 8001 00000078 0004 c0000201",
                        name_bytes, "001c 0001 0000000a 0010 20010db8000000000000000000000001"})));
  EXPECT_EQ(parse(packet.bytes()).value(), response);
  const Message question{.id = 7, .questions = {{name, RecordType::aaaa, true}, {name, RecordType::any}}};
  EXPECT_EQ(parse(write(question)->bytes()).value(), question);
}

TEST(MdnsMessage, IsNotWrittenIfItIsLongerThanAPacket) {
  Message message{.response = true};
  while (message.addresses.size() < 25)
    message.addresses.push_back({name, IpAddress::v4(192, 0, 2, 1), 120, true});
  EXPECT_TRUE(write(message));
  message.addresses.push_back(message.addresses.front());
  EXPECT_EQ(write(message).error(), petrel::Errc::too_long);
  message.addresses.assign(max_addresses + 1, {Name(), IpAddress::v4(192, 0, 2, 1), 120, true});
  EXPECT_EQ(write(message).error(), petrel::Errc::too_long);
}

}  // namespace
}  // namespace petrel::inline v0::mdns

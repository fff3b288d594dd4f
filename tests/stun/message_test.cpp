#include "petrel/stun/message.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "petrel/crypto/crc32.hpp"
#include "petrel/stun/builder.hpp"
#include "stun/vectors.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace petrel::testing;

using ByteVector = std::vector<std::byte>;

constexpr std::string_view id_text = "0102030405060708090a0b0c";

// A Binding request with these attributes, written out as digits.
ByteVector message_with(std::string_view attributes) {
  const ByteVector body = hex(attributes);
  ByteVector message = hex("0001 0000 2112a442");
  message[2] = static_cast<std::byte>(body.size() >> 8);
  message[3] = static_cast<std::byte>(body.size() & 0xff);
  const ByteVector id = hex(id_text);
  message.insert(message.end(), id.begin(), id.end());
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

std::error_code parse_error(const ByteVector& message) {
  const auto parsed = MessageView::parse(message);
  return parsed ? std::error_code{} : parsed.error();
}

// Runs every getter; what they return must lie inside the message.
void use_every_getter(const MessageView& view) {
  const auto inside = [&view](Bytes part) {
    return part.empty() || (part.data() >= view.bytes().data() &&
                            part.data() + part.size() <= view.bytes().data() + view.bytes().size());
  };
  const auto text_inside = [&inside](const std::optional<std::string_view>& text) {
    return !text || inside(as_bytes(*text));
  };
  EXPECT_TRUE(text_inside(view.username()) && text_inside(view.realm()) && text_inside(view.nonce()) &&
              text_inside(view.software()) && text_inside(view.alternate_domain()));
  EXPECT_TRUE(inside(view.data().value_or(Bytes{})));
  EXPECT_TRUE(inside(as_bytes(view.error_code().value_or(ErrorCode{}).reason)));
  for (const Attribute& attribute : view.attributes()) EXPECT_TRUE(inside(attribute.value));
  static_cast<void>(view.fingerprint_ok());
  static_cast<void>(view.integrity_ok(as_bytes("key")));
  static_cast<void>(view.integrity_sha256_ok(as_bytes("key")));
  static_cast<void>(view.xor_mapped_address());
  static_cast<void>(view.password_algorithms());
}

TEST(Message, EveryTruncationIsRefused) {
  for (const ByteVector& sample : {sample_request(), sample_ipv6_response(), sample_sha256_request()}) {
    for (std::size_t size = 0; size < sample.size(); ++size) {
      const auto parsed = MessageView::parse(Bytes(sample).first(size));
      ASSERT_FALSE(parsed) << size;
      EXPECT_EQ(parsed.error(), Errc::truncated) << size;
      EXPECT_FALSE(looks_like_stun(Bytes(sample).first(size))) << size;
    }
    EXPECT_TRUE(MessageView::parse(sample));
    EXPECT_TRUE(looks_like_stun(sample));
  }
}

TEST(Message, EveryTruncationWithAFittingLengthKeepsItsGettersInside) {
  for (const ByteVector& sample : {sample_request(), sample_ipv6_response(), sample_sha256_request()}) {
    for (std::size_t size = header_size; size <= sample.size(); size += 4) {
      ByteVector cut(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(size));
      cut[2] = static_cast<std::byte>((size - header_size) >> 8);
      cut[3] = static_cast<std::byte>((size - header_size) & 0xff);
      if (const auto view = MessageView::parse(cut)) use_every_getter(*view);
    }
  }
}

TEST(Message, EveryChangedByteBreaksFingerprintAndAllBeforeItIntegrity) {
  const ByteVector sample = sample_request();
  const std::size_t fingerprint = sample.size() - 8;
  for (std::size_t at = 0; at < sample.size(); ++at) {
    ByteVector changed = sample;
    changed[at] ^= std::byte{1};
    const auto view = MessageView::parse(changed);
    if (!view) continue;
    EXPECT_FALSE(view->fingerprint_ok()) << at;
    EXPECT_EQ(view->integrity_ok(as_bytes(short_term_password)), at >= fingerprint) << at;
  }
}

TEST(Message, HeaderFieldsAreEachChecked) {
  ByteVector message = message_with("");
  EXPECT_FALSE(parse_error(message));

  ByteVector top_bits = message;
  top_bits[0] = std::byte{0x40};
  EXPECT_EQ(parse_error(top_bits), Errc::not_stun);
  ByteVector cookie = message;
  cookie[7] ^= std::byte{1};
  EXPECT_EQ(parse_error(cookie), Errc::not_stun);
  ByteVector uneven = message;
  uneven[3] = std::byte{2};
  EXPECT_EQ(parse_error(uneven), Errc::bad_length);
  ByteVector more = message;
  more.resize(more.size() + 4);
  EXPECT_EQ(parse_error(more), Errc::bad_length);
  for (const ByteVector& bad : {top_bits, cookie, uneven, more}) EXPECT_FALSE(looks_like_stun(bad));
}

TEST(Message, AnAttributeMayNotReachBeyondTheMessage) {
  EXPECT_EQ(parse_error(message_with("0024 0005 6e0001ff")), Errc::bad_attribute);
  EXPECT_EQ(parse_error(message_with("0024 ffff 6e0001ff")), Errc::bad_attribute);
  EXPECT_FALSE(parse_error(message_with("0024 0003 6e0001ff")));
}

TEST(Message, ClassAndMethodBitsAreUnwoven) {
  ByteVector message = message_with("");
  const auto read = [&message](std::uint8_t high, std::uint8_t low) {
    message[0] = std::byte{high};
    message[1] = std::byte{low};
    return MessageView::parse(message).value();
  };
  EXPECT_EQ(read(0x00, 0x17).message_class(), Class::indication);
  EXPECT_EQ(read(0x00, 0x17).method(), Method::data);
  EXPECT_EQ(read(0x01, 0x13).message_class(), Class::error_response);
  EXPECT_EQ(read(0x01, 0x13).method(), Method::allocate);
  EXPECT_EQ(read(0x3e, 0xef).message_class(), Class::request);
  EXPECT_EQ(static_cast<unsigned>(read(0x3e, 0xef).method()), 0xfffU);
}

TEST(Message, OnlyTheFirstOfEqualAttributesCounts) {
  const auto message = message_with("0024 0004 00000001 0024 0004 00000002");
  EXPECT_EQ(MessageView::parse(message).value().priority(), 1U);
}

TEST(Message, PaddingIsIgnored) {
  const auto message = message_with("0006 0001 61 ff00aa");
  EXPECT_EQ(MessageView::parse(message).value().username(), "a");
}

TEST(Message, AttributesBehindIntegrityAreIgnored) {
  ByteVector message = message_with(
      "0024 0004 00000001"
      "0008 0014 0000000000000000000000000000000000000000"
      "0025 0000"
      "0033 0000"
      "001c 0020 0000000000000000000000000000000000000000000000000000000000000000"
      "0008 0014 0000000000000000000000000000000000000000"
      "8028 0004 00000000");
  const MessageView view = MessageView::parse(message).value();

  EXPECT_EQ(view.priority(), 1U);
  EXPECT_FALSE(view.use_candidate());
  EXPECT_TRUE(view.unknown_required().empty());
  EXPECT_TRUE(view.has_integrity());
  EXPECT_TRUE(view.has_integrity_sha256());
  EXPECT_TRUE(view.has_fingerprint());
  EXPECT_EQ(std::ranges::distance(view.attributes().begin(), view.attributes().end()), 1);
}

TEST(Message, IntegrityBehindItsSha256SiblingIsIgnored) {
  const auto message = message_with(
      "001c 0010 00000000000000000000000000000000"
      "0008 0014 0000000000000000000000000000000000000000");
  EXPECT_FALSE(MessageView::parse(message).value().has_integrity());
}

TEST(Message, FingerprintMustBeLast) {
  ByteVector sample = sample_request();
  const ByteVector more = hex("8022 0000");
  sample.insert(sample.end(), more.begin(), more.end());
  sample[3] = std::byte{0x5c};
  // Right for its place, with the length that it was made under.
  const std::uint32_t crc = crypto::crc32(Bytes(sample).first(sample.size() - 12)) ^ 0x5354554eU;
  for (std::size_t i = 0; i < 4; ++i) {
    sample[sample.size() - 8 + i] = static_cast<std::byte>((crc >> (24 - 8 * i)) & 0xff);
  }
  EXPECT_FALSE(MessageView::parse(sample).value().fingerprint_ok());
}

TEST(Message, UnknownRequiredTypesAreListedOnceAndBounded) {
  const auto message = message_with("7fff 0000 8fff 0000 7fff 0000 0002 0001 aa000000");
  const AttributeTypeList unknown = MessageView::parse(message).value().unknown_required();
  ASSERT_EQ(unknown.size(), 2U);
  EXPECT_EQ(static_cast<unsigned>(unknown[0]), 0x7fffU);
  EXPECT_EQ(static_cast<unsigned>(unknown[1]), 0x0002U);

  const auto flood = message_with(
      "7001 0000 7002 0000 7003 0000 7004 0000 7005 0000 7006 0000 7007 0000 7008 0000 7009 0000 700a 0000");
  EXPECT_EQ(MessageView::parse(flood).value().unknown_required().size(), max_unknown_attributes);
}

TEST(Message, IntegrityNeedsTheRightKeyAndTheRightSize) {
  const ByteVector sample = sample_request();
  const MessageView view = MessageView::parse(sample).value();
  EXPECT_FALSE(view.integrity_ok(as_bytes("VOkJxbRl1RmTxUk/WvJxBT")));
  EXPECT_FALSE(view.integrity_ok({}));
  EXPECT_FALSE(view.integrity_sha256_ok(as_bytes(short_term_password)));

  const auto short_value = message_with("0008 0010 00000000000000000000000000000000");
  EXPECT_FALSE(MessageView::parse(short_value).value().integrity_ok(as_bytes(short_term_password)));
}

TEST(Message, AMessageWithoutIntegrityIsNeverGenuine) {
  const auto message = message_with("");
  const MessageView view = MessageView::parse(message).value();
  EXPECT_FALSE(view.integrity_ok(as_bytes("key")));
  EXPECT_FALSE(view.integrity_sha256_ok(as_bytes("key")));
  EXPECT_FALSE(view.fingerprint_ok());
}

// RFC 8489 14.6: 16 to 32 bytes in steps of four.
TEST(Message, Sha256IntegrityMayBeCutButNotTooShort) {
  crypto::HmacSha256Key key(as_bytes("secret"));
  for (std::size_t size = 4; size <= 36; size += 2) {
    ByteVector message = message_with("");
    const std::size_t padded = (size + 3) / 4 * 4;
    message[3] = static_cast<std::byte>(4 + size);
    crypto::Sha256Digest digest = key.compute(message);
    message[3] = static_cast<std::byte>(4 + padded);
    const ByteVector type = hex("001c 0000");
    message.insert(message.end(), type.begin(), type.end());
    message.back() = static_cast<std::byte>(size);
    for (std::size_t i = 0; i < padded; ++i) message.push_back(digest[i % digest.size()]);

    const bool allowed = size >= 16 && size <= 32 && size % 4 == 0;
    EXPECT_EQ(MessageView::parse(message).value().integrity_sha256_ok(key), allowed) << size;
  }
}

TEST(Message, AbsentAttributesReadAsNothing) {
  const auto message = message_with("");
  const MessageView view = MessageView::parse(message).value();
  EXPECT_FALSE(view.mapped_address() || view.xor_mapped_address() || view.alternate_server());
  EXPECT_FALSE(view.alternate_domain() || view.software() || view.error_code() || view.unknown_attributes());
  EXPECT_FALSE(view.username() || view.userhash() || view.realm() || view.nonce());
  EXPECT_FALSE(view.password_algorithms() || view.password_algorithm());
  EXPECT_FALSE(view.priority() || view.use_candidate() || view.ice_controlled() || view.ice_controlling());
  EXPECT_FALSE(view.channel_number() || view.lifetime() || view.xor_peer_address() || view.data());
  EXPECT_FALSE(view.xor_relayed_address() || view.requested_address_family() || view.even_port());
  EXPECT_FALSE(view.additional_address_family() || view.address_error_code() || view.requested_transport());
  EXPECT_FALSE(view.dont_fragment() || view.reservation_token() || view.icmp() || view.connection_id());
  EXPECT_FALSE(view.change_request() || view.response_port() || view.response_origin() ||
               view.other_address());
}

// RFC 6062 6: by hand from its numbers, which are 0x000c, 0x002a and so on.
constexpr std::string_view connection_attempt =
    "001c 0014 2112a442 000102030405060708090a0b"
    "0012 0008 0001 3a9a ea12d54b"
    "002a 0004 89abcdef";

TEST(Message, ReadsAConnectionAttempt) {
  const auto bytes = hex(connection_attempt);
  const auto view = MessageView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->message_class(), Class::indication);
  EXPECT_EQ(view->method(), Method::connection_attempt);
  EXPECT_EQ(view->connection_id(), 0x89abcdefu);
  EXPECT_EQ(view->xor_peer_address(), Endpoint::v4(203, 0, 113, 9, 7048));
  EXPECT_TRUE(view->unknown_required().empty());

  Builder builder(Class::indication, Method::connection_attempt, view->id());
  builder.xor_peer_address(*view->xor_peer_address()).connection_id(*view->connection_id());
  EXPECT_TRUE(equal(builder.finish({.fingerprint = false}).value().bytes(), bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(MessageView::parse(Bytes(bytes).first(size))) << size;
  }
}

struct WrongValue {
  std::string_view attribute;
  bool (*present)(const MessageView&);
};

// Each value is wrong once: too short, too long, or a number its field does not have.
TEST(Message, WrongValuesReadAsNothing) {
  const WrongValue cases[] = {
      {"0001 0008 0003 0001 01020304", [](const MessageView& m) { return m.mapped_address().has_value(); }},
      {"0001 0004 0001 0001", [](const MessageView& m) { return m.mapped_address().has_value(); }},
      {"0020 0009 0001 0001 01020304 05000000",
       [](const MessageView& m) { return m.xor_mapped_address().has_value(); }},
      {"0020 0008 0002 0001 01020304",
       [](const MessageView& m) { return m.xor_mapped_address().has_value(); }},
      {"8023 0002 0001 0000", [](const MessageView& m) { return m.alternate_server().has_value(); }},
      {"0009 0003 0000 0400", [](const MessageView& m) { return m.error_code().has_value(); }},
      {"0009 0004 0000 0200", [](const MessageView& m) { return m.error_code().has_value(); }},
      {"0009 0004 0000 0700", [](const MessageView& m) { return m.error_code().has_value(); }},
      {"0009 0004 0000 0464", [](const MessageView& m) { return m.error_code().has_value(); }},
      {"000a 0003 7fff 7f00", [](const MessageView& m) { return m.unknown_attributes().has_value(); }},
      {"001e 0004 00000000", [](const MessageView& m) { return m.userhash().has_value(); }},
      {"8002 0002 00020000", [](const MessageView& m) { return m.password_algorithms().has_value(); }},
      {"8002 0004 0002 0001", [](const MessageView& m) { return m.password_algorithms().has_value(); }},
      {"8002 0006 0002 0000 0001 0000",
       [](const MessageView& m) { return m.password_algorithms().has_value(); }},
      {"001d 0004 0002 0004", [](const MessageView& m) { return m.password_algorithm().has_value(); }},
      {"0003 0003 00000600", [](const MessageView& m) { return m.change_request().has_value(); }},
      {"0003 0008 00000006 00000006", [](const MessageView& m) { return m.change_request().has_value(); }},
      {"0027 0001 13000000", [](const MessageView& m) { return m.response_port().has_value(); }},
      {"0027 0006 13880000 00000000", [](const MessageView& m) { return m.response_port().has_value(); }},
      {"802b 0004 0001 0001", [](const MessageView& m) { return m.response_origin().has_value(); }},
      {"802c 0008 0003 0001 01020304", [](const MessageView& m) { return m.other_address().has_value(); }},
      {"0024 0003 00000000", [](const MessageView& m) { return m.priority().has_value(); }},
      {"0024 0008 00000000 00000000", [](const MessageView& m) { return m.priority().has_value(); }},
      {"0025 0001 00000000", [](const MessageView& m) { return m.use_candidate(); }},
      {"8029 0004 00000000", [](const MessageView& m) { return m.ice_controlled().has_value(); }},
      {"802a 0004 00000000", [](const MessageView& m) { return m.ice_controlling().has_value(); }},
      {"000c 0002 40000000", [](const MessageView& m) { return m.channel_number().has_value(); }},
      {"000d 0002 40000000", [](const MessageView& m) { return m.lifetime().has_value(); }},
      {"0012 0008 0000 0001 01020304", [](const MessageView& m) { return m.xor_peer_address().has_value(); }},
      {"0016 0008 0004 0001 01020304",
       [](const MessageView& m) { return m.xor_relayed_address().has_value(); }},
      {"0017 0004 03000000", [](const MessageView& m) { return m.requested_address_family().has_value(); }},
      {"8000 0001 02000000", [](const MessageView& m) { return m.additional_address_family().has_value(); }},
      {"8001 0004 0300 0428", [](const MessageView& m) { return m.address_error_code().has_value(); }},
      {"0018 0002 80000000", [](const MessageView& m) { return m.even_port().has_value(); }},
      {"0019 0001 11000000", [](const MessageView& m) { return m.requested_transport().has_value(); }},
      {"001a 0004 00000000", [](const MessageView& m) { return m.dont_fragment(); }},
      {"0022 0004 00000000", [](const MessageView& m) { return m.reservation_token().has_value(); }},
      {"8004 0004 00000000", [](const MessageView& m) { return m.icmp().has_value(); }},
      {"002a 0002 0001 0000", [](const MessageView& m) { return m.connection_id().has_value(); }},
  };
  for (const WrongValue& wrong : cases) {
    const auto message = message_with(wrong.attribute);
    const auto view = MessageView::parse(message);
    ASSERT_TRUE(view) << wrong.attribute;
    EXPECT_FALSE(wrong.present(*view)) << wrong.attribute;
    use_every_getter(*view);
  }
}

TEST(Message, TextsOverTheirLimitReadAsNothing) {
  for (const auto& [type, limit] : {std::pair<AttributeType, std::size_t>{AttributeType::username, 513},
                                    {AttributeType::realm, 763},
                                    {AttributeType::nonce, 763},
                                    {AttributeType::software, 763}}) {
    for (const std::size_t size : {limit, limit + 1}) {
      const ByteVector value(size, std::byte{'a'});
      Builder builder(Class::request, Method::binding, {});
      const auto packet = builder.attribute(type, value).finish();
      const MessageView view = MessageView::parse(packet.value().bytes()).value();
      const bool read = view.username() || view.realm() || view.nonce() || view.software();
      EXPECT_EQ(read, size == limit) << static_cast<unsigned>(type) << ' ' << size;
    }
  }
}

TEST(Message, PasswordAlgorithmsSkipParametersWithTheirPadding) {
  const auto message = message_with("8002 000d 0007 0001 aa000000 0002 0000 00 000000");
  EXPECT_FALSE(MessageView::parse(message).value().password_algorithms());
  const auto good = message_with("8002 000c 0007 0001 aa000000 0002 0000");
  const auto algorithms = MessageView::parse(good).value().password_algorithms();
  ASSERT_TRUE(algorithms);
  ASSERT_EQ(algorithms->size(), 2U);
  EXPECT_EQ((*algorithms)[1], PasswordAlgorithm::sha256);
  const auto unpadded = message_with("8002 0005 0007 0001 aa 000000");
  EXPECT_TRUE(MessageView::parse(unpadded).value().password_algorithms());
}

TEST(Message, SeveralPeerAddressesAreReadByIndex) {
  Builder builder(Class::request, Method::create_permission, {});
  builder.xor_peer_address(Endpoint::v4(192, 0, 2, 1, 1)).xor_peer_address(Endpoint::v4(192, 0, 2, 2, 2));
  const auto packet = builder.finish();
  const MessageView view = MessageView::parse(packet.value().bytes()).value();
  EXPECT_EQ(view.xor_peer_address(0), Endpoint::v4(192, 0, 2, 1, 1));
  EXPECT_EQ(view.xor_peer_address(1), Endpoint::v4(192, 0, 2, 2, 2));
  EXPECT_EQ(view.xor_peer_address(2), std::nullopt);
}

}  // namespace
}  // namespace petrel::inline v0::stun

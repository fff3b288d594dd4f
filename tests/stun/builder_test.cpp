#include "petrel/stun/builder.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "petrel/base/errc.hpp"
#include "petrel/stun/message.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace petrel::testing;

constexpr TransactionId id{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{0xff}};
const Endpoint ipv4 = Endpoint::v4(198, 51, 100, 7, 40'000);
const Endpoint ipv6 = *Endpoint::parse("[2001:db8::7]:443");

// Builds with `set`, parses the packet, and hands the view to `check`.
template <class Set, class Check>
void round_trip(Set set, Check check) {
  Builder builder(Class::success_response, Method::allocate, id);
  set(builder);
  const auto packet = builder.finish();
  ASSERT_TRUE(packet);
  const auto view = MessageView::parse(packet->bytes());
  ASSERT_TRUE(view);
  EXPECT_TRUE(view->fingerprint_ok());
  check(*view);
}

std::error_code error_of(Builder& builder) {
  const auto packet = builder.finish();
  return packet ? std::error_code{} : packet.error();
}

TEST(Builder, WritesTheHeader) {
  Builder builder(Class::error_response, Method::channel_bind, id);
  const auto packet = builder.finish({.fingerprint = false});
  ASSERT_TRUE(packet);
  EXPECT_EQ(to_vector(packet->bytes()), hex("0119 0000 2112a442 010203ff0000000000000000"));
}

TEST(Builder, EveryClassAndMethodComesBack) {
  for (const Class message_class :
       {Class::request, Class::indication, Class::success_response, Class::error_response}) {
    for (unsigned method = 0; method <= 0xfff; ++method) {
      Builder builder(message_class, static_cast<Method>(method), id);
      const auto packet = builder.finish();
      const MessageView view = MessageView::parse(packet.value().bytes()).value();
      ASSERT_EQ(view.message_class(), message_class);
      ASSERT_EQ(static_cast<unsigned>(view.method()), method);
      ASSERT_EQ(view.id(), id);
    }
  }
}

TEST(Builder, AddressesComeBack) {
  for (const Endpoint& endpoint : {ipv4, ipv6}) {
    round_trip(
        [&](Builder& b) {
          b.mapped_address(endpoint).xor_mapped_address(endpoint).alternate_server(endpoint);
          b.xor_peer_address(endpoint).xor_relayed_address(endpoint);
          b.response_origin(endpoint).other_address(endpoint);
        },
        [&](const MessageView& m) {
          EXPECT_EQ(m.mapped_address(), endpoint);
          EXPECT_EQ(m.xor_mapped_address(), endpoint);
          EXPECT_EQ(m.alternate_server(), endpoint);
          EXPECT_EQ(m.xor_peer_address(), endpoint);
          EXPECT_EQ(m.xor_relayed_address(), endpoint);
          EXPECT_EQ(m.response_origin(), endpoint);
          EXPECT_EQ(m.other_address(), endpoint);
        });
  }
}

TEST(Builder, ChangesAndPortsComeBack) {
  for (const ChangeRequest change : {ChangeRequest{}, {.address = true}, {.port = true}, {true, true}}) {
    round_trip([&](Builder& b) { b.change_request(change).response_port(40000); },
               [&](const MessageView& m) {
                 EXPECT_EQ(m.change_request(), change);
                 EXPECT_EQ(m.response_port(), 40000);
               });
  }
}

TEST(Builder, TextsOfEveryPaddingComeBack) {
  for (const std::string text : {"", "a", "ab", "abc", "abcd", "abcde"}) {
    round_trip(
        [&](Builder& b) { b.username(text).realm(text).nonce(text).software(text).alternate_domain(text); },
        [&](const MessageView& m) {
          EXPECT_EQ(m.username(), text);
          EXPECT_EQ(m.realm(), text);
          EXPECT_EQ(m.nonce(), text);
          EXPECT_EQ(m.software(), text);
          EXPECT_EQ(m.alternate_domain(), text);
        });
  }
}

TEST(Builder, PaddingIsZero) {
  Builder builder(Class::request, Method::binding, id);
  const auto packet = builder.username("a").finish({.fingerprint = false});
  EXPECT_EQ(to_vector(packet.value().bytes().subspan(header_size)), hex("0006 0001 61 000000"));
}

TEST(Builder, ErrorsComeBack) {
  constexpr std::array unknown{AttributeType{0x7001}, AttributeType{0x7002}, AttributeType{0x7003}};
  round_trip(
      [&](Builder& b) {
        b.error_code(420, "Unknown Attribute").unknown_attributes(unknown);
        b.address_error_code(IpFamily::v6, 440, "no");
        b.icmp({.type = 3, .code = 4, .data = 1280});
      },
      [&](const MessageView& m) {
        EXPECT_EQ(m.error_code()->code, 420);
        EXPECT_EQ(m.error_code()->reason, "Unknown Attribute");
        ASSERT_EQ(m.unknown_attributes()->size(), 3U);
        EXPECT_EQ((*m.unknown_attributes())[2], unknown[2]);
        EXPECT_EQ(m.address_error_code()->family, IpFamily::v6);
        EXPECT_EQ(m.address_error_code()->error.code, 440);
        EXPECT_EQ(m.icmp(), (IcmpError{3, 4, 1280}));
      });
}

TEST(Builder, EveryErrorCodeComesBack) {
  for (int code = 300; code <= 699; ++code) {
    round_trip([&](Builder& b) { b.error_code(code, ""); },
               [&](const MessageView& m) { EXPECT_EQ(m.error_code()->code, code); });
  }
}

TEST(Builder, CredentialAttributesComeBack) {
  UserHash hash{};
  hash[31] = std::byte{7};
  constexpr std::array offered{PasswordAlgorithm::sha256, PasswordAlgorithm::md5};
  round_trip(
      [&](Builder& b) {
        b.userhash(hash).password_algorithms(offered).password_algorithm(PasswordAlgorithm::md5);
      },
      [&](const MessageView& m) {
        EXPECT_EQ(m.userhash(), hash);
        ASSERT_EQ(m.password_algorithms()->size(), 2U);
        EXPECT_EQ((*m.password_algorithms())[0], PasswordAlgorithm::sha256);
        EXPECT_EQ((*m.password_algorithms())[1], PasswordAlgorithm::md5);
        EXPECT_EQ(m.password_algorithm(), PasswordAlgorithm::md5);
      });
}

TEST(Builder, IceAttributesComeBack) {
  round_trip(
      [](Builder& b) {
        b.priority(0xfedcba98).use_candidate().ice_controlled(0x0123456789abcdefULL);
        b.ice_controlling(0xfedcba9876543210ULL);
      },
      [](const MessageView& m) {
        EXPECT_EQ(m.priority(), 0xfedcba98U);
        EXPECT_TRUE(m.use_candidate());
        EXPECT_EQ(m.ice_controlled(), 0x0123456789abcdefULL);
        EXPECT_EQ(m.ice_controlling(), 0xfedcba9876543210ULL);
      });
}

TEST(Builder, TurnAttributesComeBack) {
  const ReservationToken token{std::byte{1}, std::byte{2}};
  const auto payload = hex("0102030405");
  for (const bool flag : {false, true}) {
    round_trip(
        [&](Builder& b) {
          b.channel_number(0x4fff).lifetime(600).data(payload).requested_transport(17).even_port(flag);
          b.requested_address_family(flag ? IpFamily::v6 : IpFamily::v4).reservation_token(token);
          b.additional_address_family(IpFamily::v6).dont_fragment();
        },
        [&](const MessageView& m) {
          EXPECT_EQ(m.channel_number(), 0x4fff);
          EXPECT_EQ(m.lifetime(), 600U);
          EXPECT_EQ(to_vector(*m.data()), payload);
          EXPECT_EQ(m.requested_transport(), 17);
          EXPECT_EQ(m.even_port(), flag);
          EXPECT_EQ(m.requested_address_family(), flag ? IpFamily::v6 : IpFamily::v4);
          EXPECT_EQ(m.additional_address_family(), IpFamily::v6);
          EXPECT_TRUE(m.dont_fragment());
          EXPECT_EQ(m.reservation_token(), token);
        });
  }
}

TEST(Builder, AnUnlistedAttributeGoesAsItIs) {
  const auto value = hex("aabbcc");
  round_trip([&](Builder& b) { b.attribute(AttributeType{0xc057}, value); },
             [&](const MessageView& m) { EXPECT_EQ(to_vector(*m.find(AttributeType{0xc057})), value); });
}

TEST(Builder, SealsWithBothIntegritiesAndTheFingerprintLast) {
  crypto::HmacSha1Key sha1(as_bytes("secret"));
  crypto::HmacSha256Key sha256(as_bytes("secret"));
  Builder builder(Class::request, Method::binding, id);
  const auto packet = builder.username("me").finish({.integrity = &sha1, .integrity_sha256 = &sha256});
  const MessageView view = MessageView::parse(packet.value().bytes()).value();

  EXPECT_TRUE(view.integrity_ok(as_bytes("secret")));
  EXPECT_TRUE(view.integrity_ok(sha1));
  EXPECT_TRUE(view.integrity_sha256_ok(as_bytes("secret")));
  EXPECT_TRUE(view.integrity_sha256_ok(sha256));
  EXPECT_TRUE(view.fingerprint_ok());
  EXPECT_FALSE(view.integrity_ok(as_bytes("Secret")));
  EXPECT_FALSE(view.integrity_sha256_ok(as_bytes("Secret")));
}

TEST(Builder, AMessageMayFillThePacketButNotExceedIt) {
  constexpr std::size_t room = PacketBuffer::capacity - header_size - 4 - 8;  // DATA header, FINGERPRINT
  const std::vector<std::byte> fits(room);
  const std::vector<std::byte> exceeds(room + 1);

  Builder full(Class::indication, Method::send, id);
  const auto packet = full.data(fits).finish();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->size(), PacketBuffer::capacity);

  Builder over(Class::indication, Method::send, id);
  EXPECT_EQ(error_of(over.data(exceeds)), Errc::message_too_long);
}

TEST(Builder, EveryKindOfOverflowIsAnError) {
  crypto::HmacSha1Key key(as_bytes("secret"));
  const std::vector<std::byte> huge(70'000);
  const std::vector<AttributeType> types(40'000);
  const std::vector<PasswordAlgorithm> algorithms(40'000);
  const auto failing = [](auto set) {
    Builder builder(Class::request, Method::binding, id);
    set(builder);
    return error_of(builder);
  };
  EXPECT_EQ(failing([&](Builder& b) { b.data(huge); }), Errc::message_too_long);
  EXPECT_EQ(failing([&](Builder& b) { b.unknown_attributes(types); }), Errc::message_too_long);
  EXPECT_EQ(failing([&](Builder& b) { b.password_algorithms(algorithms); }), Errc::message_too_long);
  EXPECT_EQ(failing([](Builder& b) {
              for (int i = 0; i < 1000; ++i) b.priority(1);
            }),
            Errc::message_too_long);
  EXPECT_EQ(failing([](Builder& b) {
              for (int i = 0; i < 1000; ++i) b.xor_peer_address(ipv6);
            }),
            Errc::message_too_long);

  Builder sealed(Class::request, Method::binding, id);
  sealed.data(Bytes(huge).first(PacketBuffer::capacity - header_size - 4 - 20));
  const auto packet = sealed.finish({.integrity = &key});
  ASSERT_FALSE(packet);
  EXPECT_EQ(packet.error(), Errc::message_too_long);
}

TEST(Builder, TextsOverTheSendingLimitAreRefused) {
  const std::string longest(508, 'a');
  const std::string too_long(509, 'a');
  round_trip([&](Builder& b) { b.username(longest); },
             [&](const MessageView& m) { EXPECT_EQ(m.username(), longest); });
  for (const auto set : {&Builder::username, &Builder::realm, &Builder::nonce, &Builder::software}) {
    Builder builder(Class::request, Method::binding, id);
    EXPECT_EQ(error_of((builder.*set)(too_long)), Errc::attribute_too_long);
  }
  Builder reason(Class::error_response, Method::binding, id);
  EXPECT_EQ(error_of(reason.error_code(400, too_long)), Errc::attribute_too_long);
  Builder domain(Class::error_response, Method::binding, id);
  EXPECT_EQ(error_of(domain.alternate_domain(std::string(256, 'a'))), Errc::attribute_too_long);
}

TEST(Builder, NumbersOutOfRangeAreRefusedAndTheFirstErrorStays) {
  for (const int code : {-1, 0, 299, 700}) {
    Builder builder(Class::error_response, Method::binding, id);
    builder.error_code(code, "").username(std::string(600, 'a'));
    EXPECT_EQ(error_of(builder), Errc::bad_value) << code;
  }
  Builder type(Class::indication, Method::data, id);
  EXPECT_EQ(error_of(type.icmp({.type = 128})), Errc::bad_value);
  Builder code(Class::indication, Method::data, id);
  EXPECT_EQ(error_of(code.icmp({.code = 512})), Errc::bad_value);
}

TEST(Builder, CannotBeFinishedTwice) {
  Builder builder(Class::request, Method::binding, id);
  EXPECT_TRUE(builder.finish());
  EXPECT_EQ(error_of(builder), petrel::Errc::wrong_state);
}

}  // namespace
}  // namespace petrel::inline v0::stun

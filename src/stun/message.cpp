#include "petrel/stun/message.hpp"

#include <algorithm>
#include <array>

#include "petrel/base/assert.hpp"
#include "petrel/crypto/crc32.hpp"
#include "stun/address.hpp"
#include "stun/attribute_table.hpp"

namespace petrel::inline v0::stun {
namespace {

constexpr std::size_t attribute_header_size = 4;
constexpr std::size_t id_offset = 8;

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

bool contains(const AttributeTypeList& types, AttributeType type) {
  return std::ranges::find(types, type) != types.end();
}

std::optional<std::uint32_t> as_u32(const std::optional<Bytes>& value) {
  if (!value) return std::nullopt;
  return ByteReader(*value).u32();
}

std::optional<std::uint64_t> as_u64(const std::optional<Bytes>& value) {
  if (!value) return std::nullopt;
  return ByteReader(*value).u64();
}

std::optional<std::string_view> as_optional_text(const std::optional<Bytes>& value) {
  if (!value) return std::nullopt;
  return as_text(*value);
}

std::optional<IpFamily> as_family(const std::optional<Bytes>& value) {
  if (!value) return std::nullopt;
  return family_of_code(ByteReader(*value).u8());
}

// RFC 8489 14.8: two bytes that do not matter here, the class in three bits, the
// number in a byte, the reason.
std::optional<ErrorCode> read_error_code(Bytes value) {
  ByteReader reader(value);
  reader.skip(2);
  const int hundreds = reader.u8() & 0x07;
  const int rest = reader.u8();
  if (!reader.ok() || hundreds < 3 || hundreds > 6 || rest > 99) return std::nullopt;
  return ErrorCode{hundreds * 100 + rest, as_text(reader.rest())};
}

// The start of the bytes that an integrity attribute at `offset` protects: the message
// type, and the length as if the message ended with that attribute (RFC 8489 14.5).
std::array<std::byte, 4> protected_start(Bytes message, std::size_t offset, std::size_t value_size) {
  const std::size_t length = offset + attribute_header_size + value_size - header_size;
  return {message[0], message[1], static_cast<std::byte>(length >> 8), static_cast<std::byte>(length & 0xff)};
}

}  // namespace

//   0                   1                   2                   3
//  |0 0|     message type          |           length              |
//  |                 magic cookie, 0x2112a442                      |
//  |                 transaction id, 96 bits                       |   RFC 8489 5
bool looks_like_stun(Bytes datagram) {
  ByteReader reader(datagram);
  const std::uint16_t type = reader.u16();
  const std::uint16_t length = reader.u16();
  const std::uint32_t cookie = reader.u32();
  return reader.ok() && (type & 0xc000) == 0 && cookie == magic_cookie && length % 4 == 0 &&
         datagram.size() == header_size + length;
}

void AttributeRange::Iterator::read() {
  if (rest_.empty()) return;
  ByteReader reader(rest_);
  current_.type = static_cast<AttributeType>(reader.u16());
  const std::size_t size = reader.u16();
  current_.value = reader.bytes(size);
  PETREL_ASSERT(reader.ok());  // parse() looked at every attribute.
}

AttributeRange::Iterator& AttributeRange::Iterator::operator++() {
  rest_ = rest_.subspan(attribute_header_size + padded(current_.value.size()));
  read();
  return *this;
}

Result<MessageView> MessageView::parse(Bytes datagram) {
  ByteReader reader(datagram);
  const std::uint16_t type = reader.u16();
  const std::uint16_t length = reader.u16();
  const std::uint32_t cookie = reader.u32();
  reader.skip(TransactionId{}.size());
  if (!reader.ok()) return Errc::truncated;
  if ((type & 0xc000) != 0 || cookie != magic_cookie) return Errc::not_stun;
  if (length % 4 != 0) return Errc::bad_length;
  if (reader.remaining() < length) return Errc::truncated;
  if (reader.remaining() > length) return Errc::bad_length;

  MessageView message(datagram);
  // RFC 8489 5: the class bits C1 and C0 stand between the method bits M11-M7, M6-M4 and M3-M0.
  message.class_ = static_cast<Class>(((type >> 7) & 0x2) | ((type >> 4) & 0x1));
  message.method_ = static_cast<Method>((type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80));
  if (!message.read_attributes()) return Errc::bad_attribute;
  return message;
}

bool MessageView::read_attributes() {
  ByteReader reader(bytes_.subspan(header_size));
  std::size_t covered_end = header_size;
  while (reader.remaining() > 0) {
    const std::size_t offset = bytes_.size() - reader.remaining();
    const auto type = static_cast<AttributeType>(reader.u16());
    const std::size_t size = reader.u16();
    reader.skip(padded(size));
    if (!reader.ok()) return false;

    // RFC 8489 14.5, 14.6: behind MESSAGE-INTEGRITY only MESSAGE-INTEGRITY-SHA256 and
    // FINGERPRINT count, behind MESSAGE-INTEGRITY-SHA256 only FINGERPRINT.
    if (type == AttributeType::fingerprint) {
      if (!fingerprint_) fingerprint_ = offset;
    } else if (integrity_sha256_) {
      continue;
    } else if (type == AttributeType::message_integrity_sha256) {
      integrity_sha256_ = offset;
    } else if (integrity_) {
      continue;
    } else if (type == AttributeType::message_integrity) {
      integrity_ = offset;
    } else if (comprehension_required(type) && find_row(type) == nullptr &&
               !contains(unknown_required_, type)) {
      unknown_required_.push(type);
    }
    if (!integrity_ && !integrity_sha256_) covered_end = bytes_.size() - reader.remaining();
  }
  covered_ = bytes_.first(covered_end).subspan(header_size);
  return true;
}

TransactionId MessageView::id() const {
  TransactionId id;
  std::ranges::copy(bytes_.subspan(id_offset, id.size()), id.begin());
  return id;
}

std::optional<Bytes> MessageView::find(AttributeType type) const {
  for (const Attribute& attribute : attributes()) {
    if (attribute.type == type) return attribute.value;
  }
  return std::nullopt;
}

std::optional<Bytes> MessageView::sized(AttributeType type) const {
  const AttributeRow* row = find_row(type);
  PETREL_ASSERT(row != nullptr);
  const auto value = find(type);
  if (!value || value->size() < row->min_size || value->size() > row->max_size) return std::nullopt;
  return value;
}

std::optional<Endpoint> MessageView::plain_address(AttributeType type) const {
  const auto value = find(type);
  return value ? read_address(*value) : std::nullopt;
}

std::optional<Endpoint> MessageView::xor_address(AttributeType type, std::size_t index) const {
  for (const Attribute& attribute : attributes()) {
    if (attribute.type != type) continue;
    if (index-- == 0) return read_xor_address(attribute.value, id());
  }
  return std::nullopt;
}

std::optional<Endpoint> MessageView::mapped_address() const {
  return plain_address(AttributeType::mapped_address);
}
std::optional<Endpoint> MessageView::xor_mapped_address() const {
  return xor_address(AttributeType::xor_mapped_address, 0);
}
std::optional<Endpoint> MessageView::alternate_server() const {
  return plain_address(AttributeType::alternate_server);
}
std::optional<std::string_view> MessageView::alternate_domain() const {
  return as_optional_text(sized(AttributeType::alternate_domain));
}
std::optional<std::string_view> MessageView::software() const {
  return as_optional_text(sized(AttributeType::software));
}

std::optional<ErrorCode> MessageView::error_code() const {
  const auto value = sized(AttributeType::error_code);
  return value ? read_error_code(*value) : std::nullopt;
}

std::optional<AttributeTypeList> MessageView::unknown_attributes() const {
  const auto value = sized(AttributeType::unknown_attributes);
  if (!value || value->size() % 2 != 0) return std::nullopt;
  AttributeTypeList types;
  for (ByteReader reader(*value); reader.remaining() > 0;)
    types.push(static_cast<AttributeType>(reader.u16()));
  return types;
}

std::optional<std::string_view> MessageView::username() const {
  return as_optional_text(sized(AttributeType::username));
}

std::optional<UserHash> MessageView::userhash() const {
  const auto value = sized(AttributeType::userhash);
  if (!value) return std::nullopt;
  UserHash hash;
  std::ranges::copy(*value, hash.begin());
  return hash;
}

std::optional<std::string_view> MessageView::realm() const {
  return as_optional_text(sized(AttributeType::realm));
}
std::optional<std::string_view> MessageView::nonce() const {
  return as_optional_text(sized(AttributeType::nonce));
}

std::optional<PasswordAlgorithmList> MessageView::password_algorithms() const {
  const auto value = sized(AttributeType::password_algorithms);
  if (!value) return std::nullopt;
  PasswordAlgorithmList algorithms;
  ByteReader reader(*value);
  while (reader.remaining() > 0) {
    const auto algorithm = static_cast<PasswordAlgorithm>(reader.u16());
    const std::size_t parameters_size = reader.u16();
    // The padding of the last entry may be left to the attribute's own.
    reader.skip(std::min(padded(parameters_size), std::max(parameters_size, reader.remaining())));
    if (!reader.ok()) return std::nullopt;
    algorithms.push(algorithm);
  }
  return algorithms;
}

std::optional<PasswordAlgorithm> MessageView::password_algorithm() const {
  const auto value = sized(AttributeType::password_algorithm);
  if (!value) return std::nullopt;
  ByteReader reader(*value);
  const auto algorithm = static_cast<PasswordAlgorithm>(reader.u16());
  reader.skip(reader.u16());
  if (!reader.ok()) return std::nullopt;
  return algorithm;
}

std::optional<std::uint32_t> MessageView::priority() const { return as_u32(sized(AttributeType::priority)); }
bool MessageView::use_candidate() const { return sized(AttributeType::use_candidate).has_value(); }
std::optional<std::uint64_t> MessageView::ice_controlled() const {
  return as_u64(sized(AttributeType::ice_controlled));
}
std::optional<std::uint64_t> MessageView::ice_controlling() const {
  return as_u64(sized(AttributeType::ice_controlling));
}

std::optional<std::uint16_t> MessageView::channel_number() const {
  const auto value = sized(AttributeType::channel_number);
  if (!value) return std::nullopt;
  return ByteReader(*value).u16();
}

std::optional<std::uint32_t> MessageView::lifetime() const { return as_u32(sized(AttributeType::lifetime)); }
std::optional<Endpoint> MessageView::xor_peer_address(std::size_t index) const {
  return xor_address(AttributeType::xor_peer_address, index);
}
std::optional<Endpoint> MessageView::xor_relayed_address(std::size_t index) const {
  return xor_address(AttributeType::xor_relayed_address, index);
}
std::optional<Bytes> MessageView::data() const { return sized(AttributeType::data); }
std::optional<IpFamily> MessageView::requested_address_family() const {
  return as_family(sized(AttributeType::requested_address_family));
}
std::optional<IpFamily> MessageView::additional_address_family() const {
  return as_family(sized(AttributeType::additional_address_family));
}

std::optional<AddressError> MessageView::address_error_code() const {
  const auto value = sized(AttributeType::address_error_code);
  if (!value) return std::nullopt;
  const auto family = family_of_code(ByteReader(*value).u8());
  const auto error = read_error_code(*value);
  if (!family || !error) return std::nullopt;
  return AddressError{*family, *error};
}

std::optional<bool> MessageView::even_port() const {
  const auto value = sized(AttributeType::even_port);
  if (!value) return std::nullopt;
  return (ByteReader(*value).u8() & 0x80) != 0;
}

std::optional<std::uint8_t> MessageView::requested_transport() const {
  const auto value = sized(AttributeType::requested_transport);
  if (!value) return std::nullopt;
  return ByteReader(*value).u8();
}

bool MessageView::dont_fragment() const { return sized(AttributeType::dont_fragment).has_value(); }

std::optional<ReservationToken> MessageView::reservation_token() const {
  const auto value = sized(AttributeType::reservation_token);
  if (!value) return std::nullopt;
  ReservationToken token;
  std::ranges::copy(*value, token.begin());
  return token;
}

std::optional<IcmpError> MessageView::icmp() const {
  const auto value = sized(AttributeType::icmp);
  if (!value) return std::nullopt;
  ByteReader reader(*value);
  reader.skip(2);
  const std::uint16_t type_and_code = reader.u16();
  return IcmpError{static_cast<std::uint8_t>(type_and_code >> 9),
                   static_cast<std::uint16_t>(type_and_code & 0x1ff), reader.u32()};
}

std::optional<std::uint32_t> MessageView::connection_id() const {
  return as_u32(sized(AttributeType::connection_id));
}

std::optional<ChangeRequest> MessageView::change_request() const {
  const auto flags = as_u32(sized(AttributeType::change_request));
  if (!flags) return std::nullopt;
  return ChangeRequest{.address = (*flags & change_address_flag) != 0,
                       .port = (*flags & change_port_flag) != 0};
}

std::optional<std::uint16_t> MessageView::response_port() const {
  const auto value = sized(AttributeType::response_port);
  if (!value) return std::nullopt;
  return ByteReader(*value).u16();
}

std::optional<Endpoint> MessageView::response_origin() const {
  return plain_address(AttributeType::response_origin);
}
std::optional<Endpoint> MessageView::other_address() const {
  return plain_address(AttributeType::other_address);
}

bool MessageView::integrity_ok(Bytes key) const {
  if (!integrity_) return false;
  crypto::HmacSha1Key prepared(key);
  return integrity_ok(prepared);
}

bool MessageView::integrity_ok(crypto::HmacSha1Key& key) const {
  if (!integrity_) return false;
  const Attribute attribute = *AttributeRange::Iterator(bytes_.subspan(*integrity_));
  if (attribute.value.size() != crypto::Sha1Digest{}.size()) return false;
  const auto start = protected_start(bytes_, *integrity_, attribute.value.size());
  const auto expected = key.compute(start, bytes_.first(*integrity_).subspan(start.size()));
  return crypto::equal_in_constant_time(expected, attribute.value);
}

bool MessageView::integrity_sha256_ok(Bytes key) const {
  if (!integrity_sha256_) return false;
  crypto::HmacSha256Key prepared(key);
  return integrity_sha256_ok(prepared);
}

bool MessageView::integrity_sha256_ok(crypto::HmacSha256Key& key) const {
  if (!integrity_sha256_) return false;
  const Attribute attribute = *AttributeRange::Iterator(bytes_.subspan(*integrity_sha256_));
  const std::size_t size = attribute.value.size();
  // RFC 8489 14.6: at least 16 bytes and a multiple of 4, so that cutting it does not make it guessable.
  if (size < 16 || size > crypto::Sha256Digest{}.size() || size % 4 != 0) return false;
  const auto start = protected_start(bytes_, *integrity_sha256_, size);
  const auto expected = key.compute(start, bytes_.first(*integrity_sha256_).subspan(start.size()));
  return crypto::equal_in_constant_time(Bytes(expected).first(size), attribute.value);
}

bool MessageView::fingerprint_ok() const {
  if (!fingerprint_) return false;
  const Attribute attribute = *AttributeRange::Iterator(bytes_.subspan(*fingerprint_));
  // RFC 8489 14.7: it is the last attribute, so the length field needs no adjusting.
  if (attribute.value.size() != 4 || *fingerprint_ + 8 != bytes_.size()) return false;
  return ByteReader(attribute.value).u32() == (crypto::crc32(bytes_.first(*fingerprint_)) ^ fingerprint_mask);
}

}  // namespace petrel::inline v0::stun

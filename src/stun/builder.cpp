#include "petrel/stun/builder.hpp"

#include <array>
#include <utility>

#include "petrel/base/errc.hpp"
#include "petrel/crypto/crc32.hpp"
#include "petrel/stun/message.hpp"
#include "stun/address.hpp"

namespace petrel::inline v0::stun {
namespace {

constexpr std::size_t attribute_header_size = 4;
constexpr std::size_t length_offset = 2;

// RFC 8489 14.3, 14.8, 14.9, 14.10, 14.14: what may be sent is less than what may be received.
constexpr std::size_t max_username = 508;
constexpr std::size_t max_text = 508;
constexpr std::size_t max_domain = 255;

// RFC 8489 5; the mirror of MessageView::parse.
std::uint16_t message_type(Class message_class, Method method) {
  const auto m = static_cast<unsigned>(method);
  const auto c = static_cast<unsigned>(message_class);
  return static_cast<std::uint16_t>((m & 0xf) | ((m & 0x70) << 1) | ((m & 0xf80) << 2) | ((c & 1) << 4) |
                                    ((c & 2) << 7));
}

}  // namespace

Builder::Builder(Class message_class, Method method, const TransactionId& id)
    : writer_((packet_.resize(PacketBuffer::capacity), packet_.writable())), id_(id) {
  writer_.u16(message_type(message_class, method));
  writer_.u16(0);
  writer_.u32(magic_cookie);
  writer_.bytes(id);
}

void Builder::fail(std::error_code error) {
  if (!error_) error_ = error;
}

void Builder::open(AttributeType type, std::size_t size) {
  writer_.u16(static_cast<std::uint16_t>(type));
  writer_.u16(static_cast<std::uint16_t>(size));
}

void Builder::pad() { writer_.zeros((4 - writer_.size() % 4) % 4); }

Builder& Builder::attribute(AttributeType type, Bytes value) {
  if (value.size() > writer_.room()) {
    fail(Errc::message_too_long);
    return *this;
  }
  open(type, value.size());
  writer_.bytes(value);
  pad();
  return *this;
}

Builder& Builder::text(AttributeType type, std::string_view text, std::size_t max_size) {
  if (text.size() > max_size) {
    fail(Errc::attribute_too_long);
    return *this;
  }
  return attribute(type, as_bytes(text));
}

Builder& Builder::address(AttributeType type, const Endpoint& endpoint) {
  open(type, 4 + endpoint.address.size());
  write_address(writer_, endpoint);
  return *this;
}

Builder& Builder::word(AttributeType type, std::uint32_t value) {
  open(type, 4);
  writer_.u32(value);
  return *this;
}

Builder& Builder::double_word(AttributeType type, std::uint64_t value) {
  open(type, 8);
  writer_.u64(value);
  return *this;
}

Builder& Builder::error(AttributeType type, std::uint8_t family, int code, std::string_view reason) {
  if (code < 300 || code > 699) {
    fail(Errc::bad_value);
    return *this;
  }
  if (reason.size() > max_text) {
    fail(Errc::attribute_too_long);
    return *this;
  }
  open(type, 4 + reason.size());
  writer_.u8(family);
  writer_.u8(0);
  writer_.u8(static_cast<std::uint8_t>(code / 100));
  writer_.u8(static_cast<std::uint8_t>(code % 100));
  writer_.bytes(as_bytes(reason));
  pad();
  return *this;
}

Builder& Builder::mapped_address(const Endpoint& endpoint) {
  return address(AttributeType::mapped_address, endpoint);
}
Builder& Builder::xor_mapped_address(const Endpoint& endpoint) {
  return address(AttributeType::xor_mapped_address, masked(endpoint, id_));
}
Builder& Builder::alternate_server(const Endpoint& endpoint) {
  return address(AttributeType::alternate_server, endpoint);
}
Builder& Builder::alternate_domain(std::string_view name) {
  return text(AttributeType::alternate_domain, name, max_domain);
}
Builder& Builder::software(std::string_view name) { return text(AttributeType::software, name, max_text); }
Builder& Builder::error_code(int code, std::string_view reason) {
  return error(AttributeType::error_code, 0, code, reason);
}

Builder& Builder::unknown_attributes(std::span<const AttributeType> types) {
  if (types.size() * 2 > writer_.room()) {
    fail(Errc::message_too_long);
    return *this;
  }
  open(AttributeType::unknown_attributes, types.size() * 2);
  for (const AttributeType type : types) writer_.u16(static_cast<std::uint16_t>(type));
  pad();
  return *this;
}

Builder& Builder::username(std::string_view name) {
  return text(AttributeType::username, name, max_username);
}
Builder& Builder::userhash(const UserHash& hash) { return attribute(AttributeType::userhash, hash); }
Builder& Builder::realm(std::string_view name) { return text(AttributeType::realm, name, max_text); }
Builder& Builder::nonce(std::string_view value) { return text(AttributeType::nonce, value, max_text); }

Builder& Builder::password_algorithms(std::span<const PasswordAlgorithm> algorithms) {
  if (algorithms.size() * 4 > writer_.room()) {
    fail(Errc::message_too_long);
    return *this;
  }
  open(AttributeType::password_algorithms, algorithms.size() * 4);
  for (const PasswordAlgorithm algorithm : algorithms) {
    writer_.u16(static_cast<std::uint16_t>(algorithm));
    writer_.u16(0);  // Neither algorithm has parameters (RFC 8489 18.5.1).
  }
  return *this;
}

Builder& Builder::password_algorithm(PasswordAlgorithm algorithm) {
  return word(AttributeType::password_algorithm, static_cast<std::uint32_t>(algorithm) << 16);
}

Builder& Builder::priority(std::uint32_t priority) { return word(AttributeType::priority, priority); }
Builder& Builder::use_candidate() { return attribute(AttributeType::use_candidate, {}); }
Builder& Builder::ice_controlled(std::uint64_t tie_breaker) {
  return double_word(AttributeType::ice_controlled, tie_breaker);
}
Builder& Builder::ice_controlling(std::uint64_t tie_breaker) {
  return double_word(AttributeType::ice_controlling, tie_breaker);
}

Builder& Builder::channel_number(std::uint16_t channel) {
  return word(AttributeType::channel_number, std::uint32_t{channel} << 16);
}
Builder& Builder::lifetime(std::uint32_t seconds) { return word(AttributeType::lifetime, seconds); }
Builder& Builder::xor_peer_address(const Endpoint& endpoint) {
  return address(AttributeType::xor_peer_address, masked(endpoint, id_));
}
Builder& Builder::xor_relayed_address(const Endpoint& endpoint) {
  return address(AttributeType::xor_relayed_address, masked(endpoint, id_));
}
Builder& Builder::data(Bytes payload) { return attribute(AttributeType::data, payload); }
Builder& Builder::requested_address_family(IpFamily family) {
  return word(AttributeType::requested_address_family, std::uint32_t{code_of_family(family)} << 24);
}
Builder& Builder::additional_address_family(IpFamily family) {
  return word(AttributeType::additional_address_family, std::uint32_t{code_of_family(family)} << 24);
}
Builder& Builder::address_error_code(IpFamily family, int code, std::string_view reason) {
  return error(AttributeType::address_error_code, code_of_family(family), code, reason);
}

Builder& Builder::even_port(bool reserve_next) {
  const std::array value{reserve_next ? std::byte{0x80} : std::byte{0}};
  return attribute(AttributeType::even_port, value);
}

Builder& Builder::requested_transport(std::uint8_t ip_protocol) {
  return word(AttributeType::requested_transport, std::uint32_t{ip_protocol} << 24);
}
Builder& Builder::dont_fragment() { return attribute(AttributeType::dont_fragment, {}); }
Builder& Builder::reservation_token(const ReservationToken& token) {
  return attribute(AttributeType::reservation_token, token);
}

Builder& Builder::icmp(const IcmpError& error) {
  if (error.type > 0x7f || error.code > 0x1ff) {
    fail(Errc::bad_value);
    return *this;
  }
  const std::uint32_t type_and_code = (std::uint32_t{error.type} << 9) | error.code;
  return double_word(AttributeType::icmp, (std::uint64_t{type_and_code} << 32) | error.data);
}

Builder& Builder::connection_id(std::uint32_t id) { return word(AttributeType::connection_id, id); }

Builder& Builder::change_request(ChangeRequest change) {
  return word(AttributeType::change_request,
              (change.address ? change_address_flag : 0) | (change.port ? change_port_flag : 0));
}
Builder& Builder::response_port(std::uint16_t port) {
  return word(AttributeType::response_port, std::uint32_t{port} << 16);
}
Builder& Builder::response_origin(const Endpoint& endpoint) {
  return address(AttributeType::response_origin, endpoint);
}
Builder& Builder::other_address(const Endpoint& endpoint) {
  return address(AttributeType::other_address, endpoint);
}

void Builder::set_length(std::size_t pending) {
  writer_.patch_u16(length_offset, static_cast<std::uint16_t>(writer_.size() - header_size + pending));
}

Result<PacketBuffer> Builder::finish(Seal seal) {
  if (error_) return error_;

  // RFC 8489 14.5 to 14.7: each covers what stands before it, under a length that already counts it.
  const auto seal_with = [this](AttributeType type, auto& key) {
    using Digest = decltype(key.compute({}));
    set_length(attribute_header_size + Digest{}.size());
    const Digest digest = key.compute(writer_.written());
    attribute(type, digest);
  };
  if (seal.integrity != nullptr) seal_with(AttributeType::message_integrity, *seal.integrity);
  if (seal.integrity_sha256 != nullptr) {
    seal_with(AttributeType::message_integrity_sha256, *seal.integrity_sha256);
  }
  if (seal.fingerprint) {
    set_length(attribute_header_size + 4);
    word(AttributeType::fingerprint, crypto::crc32(writer_.written()) ^ fingerprint_mask);
  }
  set_length(0);

  if (!writer_.ok()) fail(Errc::message_too_long);
  if (error_) return error_;
  packet_.resize(writer_.size());
  error_ = petrel::Errc::wrong_state;
  return std::move(packet_);
}

}  // namespace petrel::inline v0::stun

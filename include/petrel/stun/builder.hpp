#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <system_error>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/stun/attributes.hpp"
#include "petrel/stun/errc.hpp"

namespace petrel::inline v0::stun {

/// What goes behind the attributes of a message. Keys are borrowed for the call to finish().
struct Seal {
  crypto::HmacSha1Key* integrity = nullptr;           ///< Adds MESSAGE-INTEGRITY.
  crypto::HmacSha256Key* integrity_sha256 = nullptr;  ///< Adds MESSAGE-INTEGRITY-SHA256, 32 bytes of it.
  bool fingerprint = true;  ///< Adds FINGERPRINT, which ICE requires (RFC 8445 7.1).
};

/// Writes one STUN message into one packet, attributes in the order of the calls.
///
/// The first thing that does not fit, or that its attribute does not allow, makes the
/// builder fail, and it stays failed: chain the setters and test what finish() returns.
///
///   Builder request(Class::request, Method::binding, id);
///   request.username("peer:us").priority(priority).ice_controlling(tie_breaker);
///   Result<PacketBuffer> packet = request.finish({.integrity = &remote_key});
class PETREL_API Builder {
 public:
  Builder(Class message_class, Method method, const TransactionId& id);

  /// Any attribute, as it is; also how PASSWORD-ALGORITHMS goes back to its server unchanged.
  Builder& attribute(AttributeType type, Bytes value);

  Builder& mapped_address(const Endpoint& endpoint);
  Builder& xor_mapped_address(const Endpoint& endpoint);
  Builder& alternate_server(const Endpoint& endpoint);
  Builder& alternate_domain(std::string_view name);
  Builder& software(std::string_view text);
  Builder& error_code(int code, std::string_view reason);  ///< 300 to 699
  Builder& unknown_attributes(std::span<const AttributeType> types);

  Builder& username(std::string_view name);
  Builder& userhash(const UserHash& hash);
  Builder& realm(std::string_view text);
  Builder& nonce(std::string_view text);
  Builder& password_algorithms(std::span<const PasswordAlgorithm> algorithms);
  Builder& password_algorithm(PasswordAlgorithm algorithm);

  // ICE, RFC 8445 16.1.
  Builder& priority(std::uint32_t priority);
  Builder& use_candidate();
  Builder& ice_controlled(std::uint64_t tie_breaker);
  Builder& ice_controlling(std::uint64_t tie_breaker);

  // TURN, RFC 8656 18.
  Builder& channel_number(std::uint16_t channel);
  Builder& lifetime(std::uint32_t seconds);
  Builder& xor_peer_address(const Endpoint& endpoint);
  Builder& xor_relayed_address(const Endpoint& endpoint);
  Builder& data(Bytes payload);
  Builder& requested_address_family(IpFamily family);
  Builder& additional_address_family(IpFamily family);
  Builder& address_error_code(IpFamily family, int code, std::string_view reason);
  Builder& even_port(bool reserve_next);
  Builder& requested_transport(std::uint8_t ip_protocol);
  Builder& dont_fragment();
  Builder& reservation_token(const ReservationToken& token);
  Builder& icmp(const IcmpError& error);  ///< type up to 127, code up to 511

  Builder& connection_id(std::uint32_t id);  ///< RFC 6062 6.2.1

  // NAT behaviour discovery, RFC 5780 7.
  Builder& change_request(ChangeRequest change);
  Builder& response_port(std::uint16_t port);
  Builder& response_origin(const Endpoint& endpoint);
  Builder& other_address(const Endpoint& endpoint);

  /// The message. Errc::message_too_long over PacketBuffer::capacity, attribute_too_long or bad_value as
  /// the setters found. A builder can be finished once.
  Result<PacketBuffer> finish(Seal seal = {});

 private:
  void fail(std::error_code error);
  void open(AttributeType type, std::size_t size);
  void pad();
  Builder& text(AttributeType type, std::string_view text, std::size_t max_size);
  Builder& address(AttributeType type, const Endpoint& endpoint);
  Builder& word(AttributeType type, std::uint32_t value);
  Builder& double_word(AttributeType type, std::uint64_t value);
  Builder& error(AttributeType type, std::uint8_t family, int code, std::string_view reason);
  void set_length(std::size_t pending);

  PacketBuffer packet_;
  ByteWriter writer_;
  TransactionId id_;
  std::error_code error_;
};

}  // namespace petrel::inline v0::stun

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "petrel/base/bytes.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::stun {

/// The 96 bits that match a response to its request. Unpredictable: draw them from a RandomSource.
using TransactionId = std::array<std::byte, 12>;

/// RFC 8489 5: the two class bits of the message type.
enum class Class : std::uint8_t { request, indication, success_response, error_response };

/// The 12 method bits. A message may carry a number that is not listed here.
enum class Method : std::uint16_t {
  binding = 0x001,
  allocate = 0x003,  // From here on: TURN, RFC 8656 17.
  refresh = 0x004,
  send = 0x006,
  data = 0x007,
  create_permission = 0x008,
  channel_bind = 0x009,
  connect = 0x00a,  // From here on: TCP allocations, RFC 6062 6.1.
  connection_bind = 0x00b,
  connection_attempt = 0x00c,
};

/// Attribute types of RFC 8489 18.3, RFC 8656 18, RFC 8445 16.1, RFC 5780 7 and RFC 6062 6.2. Below 0x8000 a
/// receiver that does not know the type may not process the message.
enum class AttributeType : std::uint16_t {
  mapped_address = 0x0001,
  change_request = 0x0003,
  username = 0x0006,
  message_integrity = 0x0008,
  error_code = 0x0009,
  unknown_attributes = 0x000a,
  channel_number = 0x000c,
  lifetime = 0x000d,
  xor_peer_address = 0x0012,
  data = 0x0013,
  realm = 0x0014,
  nonce = 0x0015,
  xor_relayed_address = 0x0016,
  requested_address_family = 0x0017,
  even_port = 0x0018,
  requested_transport = 0x0019,
  dont_fragment = 0x001a,
  message_integrity_sha256 = 0x001c,
  password_algorithm = 0x001d,
  userhash = 0x001e,
  xor_mapped_address = 0x0020,
  reservation_token = 0x0022,
  priority = 0x0024,
  use_candidate = 0x0025,
  response_port = 0x0027,
  connection_id = 0x002a,
  additional_address_family = 0x8000,
  address_error_code = 0x8001,
  password_algorithms = 0x8002,
  alternate_domain = 0x8003,
  icmp = 0x8004,
  software = 0x8022,
  alternate_server = 0x8023,
  fingerprint = 0x8028,
  ice_controlled = 0x8029,
  ice_controlling = 0x802a,
  response_origin = 0x802b,
  other_address = 0x802c,
};

/// Must a receiver understand this type (RFC 8489 14)?
constexpr bool comprehension_required(AttributeType type) {
  return static_cast<std::uint16_t>(type) < 0x8000;
}

/// One attribute as it stands in the message; `value` is without padding and borrowed from it.
struct Attribute {
  AttributeType type{};
  Bytes value;
};

/// At most N values in place, so that parsing allocates nothing. push() past the end drops.
template <class T, std::size_t N>
class BoundedList {
 public:
  void push(const T& value) {
    if (size_ < N) values_[size_++] = value;
  }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T& operator[](std::size_t index) const { return values_[index]; }
  const T* begin() const { return values_.data(); }
  const T* end() const { return values_.data() + size_; }

 private:
  std::array<T, N> values_{};
  std::size_t size_ = 0;
};

/// More unknown types than this in one message are not worth an answer that lists them.
constexpr std::size_t max_unknown_attributes = 8;
using AttributeTypeList = BoundedList<AttributeType, max_unknown_attributes>;

/// RFC 8489 14.8. `reason` is for people, and never to be trusted.
struct ErrorCode {
  int code = 0;  ///< 300 to 699.
  std::string_view reason;
};

/// The codes that petrel itself acts upon or answers with.
namespace error_code {
constexpr int try_alternate = 300;
constexpr int bad_request = 400;
constexpr int unauthenticated = 401;
constexpr int forbidden = 403;
constexpr int unknown_attribute = 420;
constexpr int allocation_mismatch = 437;
constexpr int stale_nonce = 438;
constexpr int address_family_not_supported = 440;
constexpr int wrong_credentials = 441;
constexpr int unsupported_transport_protocol = 442;
constexpr int peer_address_family_mismatch = 443;
constexpr int connection_already_exists = 446;
constexpr int connection_timeout_or_failure = 447;
constexpr int allocation_quota_reached = 486;
constexpr int role_conflict = 487;
constexpr int server_error = 500;
constexpr int insufficient_capacity = 508;
}  // namespace error_code

/// RFC 8489 18.5. A message may carry a number that is not listed here.
enum class PasswordAlgorithm : std::uint16_t { md5 = 1, sha256 = 2 };

/// What REQUESTED-TRANSPORT says (RFC 8656 18.8, RFC 6062 4.1): IP's numbers.
namespace relay_protocol {
constexpr std::uint8_t tcp = 6;
constexpr std::uint8_t udp = 17;
}  // namespace relay_protocol

/// There are two algorithms; a list that names more than this holds nothing for us behind them.
constexpr std::size_t max_password_algorithms = 8;
using PasswordAlgorithmList = BoundedList<PasswordAlgorithm, max_password_algorithms>;

/// RFC 8656 18.12, of an allocation that was granted for one of two families.
struct AddressError {
  IpFamily family{};
  ErrorCode error;
};

/// RFC 8656 18.13: why the server could not deliver a packet. The picture there has
/// 7 bits of type and 9 of code.
struct IcmpError {
  std::uint8_t type = 0;
  std::uint16_t code = 0;
  std::uint32_t data = 0;  ///< The next hop's MTU for "too big", else 0.

  friend bool operator==(const IcmpError&, const IcmpError&) = default;
};

/// RFC 5780 7.2: where the answer is to come from, seen from where the request went.
struct ChangeRequest {
  bool address = false;
  bool port = false;

  friend bool operator==(ChangeRequest, ChangeRequest) = default;
};

using ReservationToken = std::array<std::byte, 8>;
using UserHash = std::array<std::byte, 32>;

}  // namespace petrel::inline v0::stun

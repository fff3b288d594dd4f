#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/stun/attributes.hpp"
#include "petrel/stun/errc.hpp"

namespace petrel::inline v0::stun {

constexpr std::uint32_t magic_cookie = 0x2112a442;
constexpr std::size_t header_size = 20;

/// Could this be STUN at all? Looks at the header only: the leading zero bits, the
/// magic cookie and the length (RFC 8489 5). For telling protocols on one port apart.
PETREL_API bool looks_like_stun(Bytes datagram);

/// Walks over the attributes of a message in their order; made by MessageView::attributes().
class AttributeRange {
 public:
  class Iterator {
   public:
    using value_type = Attribute;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(Bytes rest) : rest_(rest) { read(); }

    const Attribute& operator*() const { return current_; }
    const Attribute* operator->() const { return &current_; }
    PETREL_API Iterator& operator++();
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.rest_.size() == b.rest_.size(); }

   private:
    PETREL_API void read();

    Bytes rest_;
    Attribute current_;
  };

  /// `attributes` has been checked: every attribute ends inside of it, padding included.
  explicit AttributeRange(Bytes attributes) : attributes_(attributes) {}
  Iterator begin() const { return Iterator(attributes_); }
  Iterator end() const { return Iterator(attributes_.last(0)); }

 private:
  Bytes attributes_;
};

/// A STUN message (RFC 8489 5), read where it lies.
///
/// A view: it and everything it returns live as long as the bytes it was parsed from.
/// parse() checks the structure; each getter checks its own attribute and answers
/// nullopt when it is absent or not what its type allows. Of repeated attributes the
/// first counts (RFC 8489 14). What follows MESSAGE-INTEGRITY is not protected by it and
/// not returned (14.5). Nothing here says that the sender is genuine: ask integrity_ok().
class MessageView {
 public:
  /// One whole message; bytes after it are an error. Errc::truncated, not_stun, bad_length or bad_attribute.
  PETREL_API static Result<MessageView> parse(Bytes datagram);

  Class message_class() const { return class_; }
  Method method() const { return method_; }
  PETREL_API TransactionId id() const;
  /// The bytes that were parsed.
  Bytes bytes() const { return bytes_; }

  /// The attributes that count: up to the first MESSAGE-INTEGRITY or MESSAGE-INTEGRITY-SHA256.
  AttributeRange attributes() const { return AttributeRange(covered_); }
  /// The raw value of the first attribute of this type, of any length.
  PETREL_API std::optional<Bytes> find(AttributeType type) const;
  /// Comprehension-required types that petrel does not know: answer 420 to a request,
  /// drop an indication, fail the transaction of a response (RFC 8489 6.3).
  const AttributeTypeList& unknown_required() const { return unknown_required_; }

  PETREL_API std::optional<Endpoint> mapped_address() const;
  PETREL_API std::optional<Endpoint> xor_mapped_address() const;
  PETREL_API std::optional<Endpoint> alternate_server() const;
  PETREL_API std::optional<std::string_view> alternate_domain() const;
  PETREL_API std::optional<std::string_view> software() const;
  PETREL_API std::optional<ErrorCode> error_code() const;
  /// The first max_unknown_attributes of the list.
  PETREL_API std::optional<AttributeTypeList> unknown_attributes() const;

  PETREL_API std::optional<std::string_view> username() const;
  PETREL_API std::optional<UserHash> userhash() const;
  PETREL_API std::optional<std::string_view> realm() const;
  PETREL_API std::optional<std::string_view> nonce() const;
  /// The list that the server offers, in its order of preference, without parameters.
  PETREL_API std::optional<PasswordAlgorithmList> password_algorithms() const;
  PETREL_API std::optional<PasswordAlgorithm> password_algorithm() const;

  // ICE, RFC 8445 16.1.
  PETREL_API std::optional<std::uint32_t> priority() const;
  PETREL_API bool use_candidate() const;
  PETREL_API std::optional<std::uint64_t> ice_controlled() const;   ///< The tie-breaker.
  PETREL_API std::optional<std::uint64_t> ice_controlling() const;  ///< The tie-breaker.

  // TURN, RFC 8656 18.
  PETREL_API std::optional<std::uint16_t> channel_number() const;
  PETREL_API std::optional<std::uint32_t> lifetime() const;  ///< Seconds.
  /// The peer address at `index`; CreatePermission may name several.
  PETREL_API std::optional<Endpoint> xor_peer_address(std::size_t index = 0) const;
  /// The relayed address at `index`; an answer to ADDITIONAL-ADDRESS-FAMILY has two.
  PETREL_API std::optional<Endpoint> xor_relayed_address(std::size_t index = 0) const;
  PETREL_API std::optional<Bytes> data() const;
  PETREL_API std::optional<IpFamily> requested_address_family() const;
  PETREL_API std::optional<IpFamily> additional_address_family() const;
  PETREL_API std::optional<AddressError> address_error_code() const;
  PETREL_API std::optional<bool> even_port() const;                    ///< true: reserve the next port too.
  PETREL_API std::optional<std::uint8_t> requested_transport() const;  ///< An IP protocol number; 17 is UDP.
  PETREL_API bool dont_fragment() const;
  PETREL_API std::optional<ReservationToken> reservation_token() const;
  PETREL_API std::optional<IcmpError> icmp() const;

  PETREL_API std::optional<std::uint32_t> connection_id() const;  ///< RFC 6062 6.2.1

  // NAT behaviour discovery, RFC 5780 7.
  PETREL_API std::optional<ChangeRequest> change_request() const;
  PETREL_API std::optional<std::uint16_t> response_port() const;
  PETREL_API std::optional<Endpoint> response_origin() const;
  PETREL_API std::optional<Endpoint> other_address() const;

  bool has_integrity() const { return integrity_.has_value(); }
  bool has_integrity_sha256() const { return integrity_sha256_.has_value(); }
  bool has_fingerprint() const { return fingerprint_.has_value(); }

  /// Is there a MESSAGE-INTEGRITY, and was it made with this key? Constant time in the digest.
  PETREL_API bool integrity_ok(Bytes key) const;
  PETREL_API bool integrity_ok(crypto::HmacSha1Key& key) const;
  /// The same for MESSAGE-INTEGRITY-SHA256, which may be cut to 16, 20, 24 or 28 bytes (RFC 8489 14.6).
  PETREL_API bool integrity_sha256_ok(Bytes key) const;
  PETREL_API bool integrity_sha256_ok(crypto::HmacSha256Key& key) const;
  /// Is there a FINGERPRINT, is it the last attribute, and is it right (RFC 8489 14.7)?
  PETREL_API bool fingerprint_ok() const;

 private:
  explicit MessageView(Bytes bytes) : bytes_(bytes) {}
  bool read_attributes();
  std::optional<Endpoint> plain_address(AttributeType type) const;
  std::optional<Endpoint> xor_address(AttributeType type, std::size_t index) const;
  std::optional<Bytes> sized(AttributeType type) const;

  Bytes bytes_;
  Bytes covered_;  // The attributes that count.
  Class class_{};
  Method method_{};
  AttributeTypeList unknown_required_;
  // Offsets into bytes_ of the attribute headers.
  std::optional<std::size_t> integrity_;
  std::optional<std::size_t> integrity_sha256_;
  std::optional<std::size_t> fingerprint_;
};

}  // namespace petrel::inline v0::stun

#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/bytes.hpp"
#include "petrel/base/random.hpp"

namespace petrel::inline v0::mdns {

/// A domain name, in lower case: names are equal whatever their case (RFC 6762 16).
///
/// Kept as it is on the wire, without compression, so that no byte in a label, not even a dot,
/// makes it look like another name.
class Name {
 public:
  static constexpr std::size_t max_label_size = 63;  // RFC 1035 2.3.4
  static constexpr std::size_t max_wire_size = 255;  // RFC 1035 2.3.4, with all length octets.

  Name() = default;  ///< The root.

  /// "printer.local", with or without the last dot. nullopt for labels that are empty or too long.
  PETREL_API static std::optional<Name> from_text(std::string_view text);
  /// `<uuid>.local` with a random UUID of version 4 (RFC 9562 5.4), which nobody else has.
  PETREL_API static Name random(RandomSource& random);

  /// Whether it is `<uuid>.local`, in the form of RFC 9562 4: the only names that ICE candidates
  /// carry, and the only ones that this module asks for or answers to.
  PETREL_API bool is_uuid_local() const;

  /// "printer.local". Characters other than letters, digits, '-' and '_' come as \DDD (RFC 1035 5.1).
  PETREL_API std::string to_string() const;
  /// Length-prefixed labels and the root's zero octet.
  Bytes wire() const { return as_bytes(wire_); }

  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  friend std::optional<Name> read_name(Bytes message, std::size_t& offset);  // src/mdns/read_name.hpp

  std::string wire_ = std::string(1, '\0');
};

}  // namespace petrel::inline v0::mdns

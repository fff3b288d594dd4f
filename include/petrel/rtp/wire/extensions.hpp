#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"

namespace petrel::inline v0::rtp {

/// The two forms of header extension, RFC 8285 4.2 and 4.3. The two-byte form may only
/// be sent where it was negotiated: by an identifier above 14, or by a=extmap-allow-mixed.
enum class ExtensionForm : std::uint8_t {
  one_byte,  ///< Identifiers 1 to 14, values of 1 to 16 bytes.
  two_byte,  ///< Identifiers 1 to 255, values of 0 to 255 bytes.
};

struct ExtensionElement {
  std::uint8_t id = 0;
  Bytes value;
};

/// The header extensions of one packet, read in place. Borrows the packet.
///
/// An element that runs over the end of the block ends the reading: what came before it
/// counts. So does identifier 15 of the one-byte form, as RFC 8285 4.2 demands. A block
/// of neither form (RFC 3550 5.3.1 leaves it to profiles) has no elements.
class PETREL_API ExtensionsView {
 public:
  ExtensionsView() = default;
  /// `profile` is the 16-bit field before the length, `block` what the length covers.
  ExtensionsView(std::uint16_t profile, Bytes block);

  /// The value of the first element with this identifier.
  std::optional<Bytes> find(std::uint8_t id) const;
  bool empty() const { return begin() == end(); }

  /// Goes through the elements in order; padding is skipped.
  class PETREL_API Iterator {
   public:
    using value_type = ExtensionElement;
    using difference_type = std::ptrdiff_t;
    using reference = const ExtensionElement&;
    using pointer = const ExtensionElement*;
    using iterator_category = std::input_iterator_tag;

    Iterator(std::optional<ExtensionForm> form, Bytes rest);
    const ExtensionElement& operator*() const { return element_; }
    const ExtensionElement* operator->() const { return &element_; }
    Iterator& operator++() {
      advance();
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.element_.id == b.element_.id && a.rest_.size() == b.rest_.size();
    }

   private:
    void advance();

    ExtensionForm form_ = ExtensionForm::one_byte;
    ExtensionElement element_;  ///< Identifier 0, which no element has, at the end.
    Bytes rest_;
  };
  Iterator begin() const { return {form_, block_}; }
  Iterator end() const { return {form_, {}}; }

 private:
  std::optional<ExtensionForm> form_;
  Bytes block_;
};

/// The header extensions of a packet to be written: filled by add(), written by write_packet().
///
/// Holds its bytes itself, so a block is filled per packet without allocation.
class PETREL_API ExtensionBlock {
 public:
  // mid (16), rid (16), two times and two numbers take 50 bytes in the two-byte form; a packet
  // that gives more than this to extensions is a mistake.
  static constexpr std::size_t max_size = 128;
  static constexpr std::size_t header_size = 4;  // Profile and length, RFC 3550 5.3.1.

  explicit ExtensionBlock(ExtensionForm form = ExtensionForm::one_byte) : form_(form) {}

  /// Errc::bad_extension if the form cannot carry this identifier or this many bytes,
  /// Errc::no_room beyond `max_size`.
  Result<void> add(std::uint8_t id, Bytes value);

  bool empty() const { return size_ == 0; }
  /// On the wire: 0 if empty, else a multiple of 4 that includes the 4-byte header of the block.
  constexpr std::size_t wire_size() const { return size_ == 0 ? 0 : header_size + (size_ + 3) / 4 * 4; }
  /// Writes wire_size() bytes. False, and nothing useful is written, if they do not fit.
  bool write(ByteWriter& out) const;

 private:
  ExtensionForm form_;
  std::array<std::byte, max_size> bytes_{};
  std::size_t size_ = 0;
};

/// Overwrites an element of a packet that is already written, for values that are known
/// only as the packet leaves: abs-send-time, and the transport-wide number after pacing.
///
/// False, and the packet is untouched, if it has no element `id` of exactly this size.
PETREL_API bool overwrite_extension(std::span<std::byte> packet, std::uint8_t id, Bytes value);

}  // namespace petrel::inline v0::rtp

#include "petrel/rtp/wire/extensions.hpp"

#include <algorithm>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0::rtp {
namespace {

constexpr std::uint16_t one_byte_profile = 0xbede;  // RFC 8285 4.2
constexpr std::uint16_t two_byte_profile =
    0x1000;                                    // RFC 8285 4.3; its last four bits are for the application.
constexpr std::uint8_t last_one_byte_id = 14;  // 15 is reserved, RFC 8285 4.2.
constexpr std::size_t longest_one_byte_value = 16;
constexpr std::size_t longest_two_byte_value = 255;

std::optional<ExtensionForm> form_of(std::uint16_t profile) {
  if (profile == one_byte_profile) return ExtensionForm::one_byte;
  if ((profile & 0xfff0) == two_byte_profile) return ExtensionForm::two_byte;
  return std::nullopt;
}

bool can_carry(ExtensionForm form, std::uint8_t id, std::size_t size) {
  if (id == 0) return false;  // That is padding.
  if (form == ExtensionForm::two_byte) return size <= longest_two_byte_value;
  return id <= last_one_byte_id && size >= 1 && size <= longest_one_byte_value;
}

}  // namespace

ExtensionsView::ExtensionsView(std::uint16_t profile, Bytes block) : form_(form_of(profile)), block_(block) {}

std::optional<Bytes> ExtensionsView::find(std::uint8_t id) const {
  for (const ExtensionElement& element : *this) {
    if (element.id == id) return element.value;
  }
  return std::nullopt;
}

ExtensionsView::Iterator::Iterator(std::optional<ExtensionForm> form, Bytes rest) {
  if (!form) return;
  form_ = *form;
  rest_ = rest;
  advance();
}

void ExtensionsView::Iterator::advance() {
  element_ = {};
  const auto is_padding = [](std::byte b) { return b == std::byte{0}; };
  const auto start = std::ranges::find_if_not(rest_, is_padding);
  ByteReader reader(rest_.subspan(static_cast<std::size_t>(start - rest_.begin())));
  rest_ = {};
  if (reader.remaining() == 0) return;

  std::uint8_t id = reader.u8();
  std::size_t size = 0;
  if (form_ == ExtensionForm::two_byte) {
    size = reader.u8();
  } else {
    size = std::size_t{id & 0x0fu} + 1;
    id >>= 4;
    // RFC 8285 4.2: 15 ends the processing, and so does 0 with a length.
    if (id == 0 || id > last_one_byte_id) return;
  }
  const Bytes value = reader.bytes(size);
  if (!reader.ok()) return;
  element_ = {id, value};
  rest_ = reader.rest();
}

Result<void> ExtensionBlock::add(std::uint8_t id, Bytes value) {
  if (!can_carry(form_, id, value.size())) return Errc::bad_extension;

  ByteWriter out(std::span<std::byte>(bytes_).subspan(size_));
  if (form_ == ExtensionForm::one_byte) {
    out.u8(static_cast<std::uint8_t>(unsigned{id} << 4 | (value.size() - 1)));
  } else {
    out.u8(id);
    out.u8(static_cast<std::uint8_t>(value.size()));
  }
  out.bytes(value);
  if (!out.ok()) return Errc::no_room;
  size_ += out.size();
  return {};
}

bool ExtensionBlock::write(ByteWriter& out) const {
  if (empty()) return out.ok();
  const std::size_t padded = wire_size() - header_size;
  out.u16(form_ == ExtensionForm::one_byte ? one_byte_profile : two_byte_profile);
  out.u16(static_cast<std::uint16_t>(padded / 4));
  out.bytes(Bytes(bytes_).first(size_));
  out.zeros(padded - size_);
  return out.ok();
}

bool overwrite_extension(std::span<std::byte> packet, std::uint8_t id, Bytes value) {
  const auto view = PacketView::parse(packet);
  if (!view) return false;
  const auto old = view->extensions().find(id);
  if (!old || old->size() != value.size()) return false;
  const auto offset = static_cast<std::size_t>(old->data() - packet.data());
  std::ranges::copy(value, packet.subspan(offset, value.size()).begin());
  return true;
}

}  // namespace petrel::inline v0::rtp

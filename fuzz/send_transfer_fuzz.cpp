#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "send/transfer.hpp"

// The input is messages: a byte for the kind and which end hears it, two for the size, and so many bytes.
//
// Properties: whatever is read is written back to what reads the same; a name stays in its folder; neither
// end takes or gives more than was offered; nothing comes behind the end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  petrel::ByteReader input(std::as_bytes(std::span(data, size)));
  const transfer::Offer offered{"a", 200'000, std::string(64, 'a')};
  transfer::Sender sender(offered);
  transfer::Receiver receiver;
  std::uint64_t next = 0;
  while (input.remaining() > 0) {
    const std::uint8_t kind = input.u8();
    const std::uint16_t length = input.u16();
    const petrel::Bytes bytes = input.bytes(std::min<std::size_t>(length, input.remaining()));
    const std::string_view text = petrel::as_text(bytes);
    if (const auto message = transfer::parse_message(text)) {
      if (transfer::parse_message(transfer::to_text(*message)) != message) std::abort();
    }
    const std::string name = transfer::safe_name(text);
    if (name.empty() || name.size() > 255 || name.front() == '.' || name.find('/') != name.npos) std::abort();
    if (transfer::safe_name(name) != name) std::abort();

    const bool was_over = sender.outcome().has_value();
    if (kind % 3 == 0) sender.handle_text(text);
    while (const auto piece = sender.poll_piece()) {
      if (was_over || piece->size == 0 || piece->offset + piece->size > offered.size) std::abort();
      if (next != 0 && piece->offset != next) std::abort();
      next = piece->offset + piece->size;
    }
    if (kind % 3 == 1) receiver.handle_text(text);
    if (kind % 3 == 2) receiver.handle_binary(bytes);
    if (receiver.offer() && !receiver.accepted() && !receiver.outcome()) receiver.accept();
    if (receiver.offer() && receiver.received() > receiver.offer()->size) std::abort();
    if (receiver.whole() && !receiver.outcome()) receiver.finish();
    while (const auto said = receiver.poll_text()) {
      if (!transfer::parse_message(*said)) std::abort();
    }
    while (const auto said = sender.poll_text()) {
      if (!transfer::parse_message(*said)) std::abort();
    }
  }
  return 0;
}

#include "interop/call/messages.hpp"

#include <algorithm>

#include "petrel/crypto/digest.hpp"

namespace interop {
namespace {

using petrel::datachannel::Message;

constexpr std::string_view characters = "petrel\u00e5 \u2602";

std::string hexadecimal(petrel::Bytes bytes, std::string_view between = "") {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    if (!text.empty()) text += between;
    text += digits[std::to_integer<std::size_t>(byte >> 4)];
    text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

}  // namespace

Message binary_of(std::size_t size, unsigned number) {
  Message message{.is_text = false, .data = std::vector<std::byte>(size)};
  for (std::size_t i = 0; i < size; ++i) {
    message.data[i] = static_cast<std::byte>(i * 31 + (i >> 8) + size + number * 7 + (number >> 5));
  }
  return message;
}

Message text_of(std::size_t size) {
  std::string text;
  while (text.size() + characters.size() <= size) text += characters;
  text.append(size - text.size(), 'x');
  return text_message(text);
}

Message text_message(std::string_view text) {
  const petrel::Bytes bytes = petrel::as_bytes(text);
  return {.is_text = true, .data = {bytes.begin(), bytes.end()}};
}

std::vector<Message> small_messages() {
  std::vector<Message> messages;
  for (unsigned i = 0; i < 10; ++i) {
    messages.push_back(binary_of(1000 + i, i));
    messages.push_back(text_message("message " + std::to_string(i)));
  }
  return messages;
}

std::string description_of(const Message& message) {
  const petrel::Bytes bytes = message.data;
  const petrel::Bytes first = bytes.first(std::min<std::size_t>(bytes.size(), 8));
  return std::string(message.is_text ? "text" : "binary") + " of " + std::to_string(bytes.size()) +
         " bytes, " + hexadecimal(first, " ") + (bytes.size() > first.size() ? " …" : "");
}

std::string sha256_text(petrel::Bytes bytes) { return hexadecimal(petrel::crypto::sha256(bytes)); }

}  // namespace interop

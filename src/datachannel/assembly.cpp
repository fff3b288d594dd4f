#include "datachannel/assembly.hpp"

#include <utility>

namespace petrel::inline v0::datachannel {
namespace {

bool is_partial(std::uint32_t protocol) {
  return protocol == static_cast<std::uint32_t>(Protocol::text_partial) ||
         protocol == static_cast<std::uint32_t>(Protocol::binary_partial);
}

}  // namespace

std::optional<Assembly::Whole> Assembly::add(sctp::Incoming piece) {
  const MessageKind kind = kind_of(piece.protocol).value();
  if (is_empty_message(piece.protocol)) piece.payload.clear();
  // Pieces of another kind are of a message whose end never came; nothing else tells.
  if (kind != kind_) drop();
  kind_ = kind;

  const bool ends = piece.last && !is_partial(piece.protocol);
  if (data_.empty()) {
    data_ = std::move(piece.payload);
  } else {
    data_.insert(data_.end(), piece.payload.begin(), piece.payload.end());
  }
  if (!ends) return std::nullopt;
  return Whole{kind, std::exchange(data_, {})};
}

std::size_t Assembly::drop() {
  const std::size_t size = data_.size();
  data_ = {};
  return size;
}

std::optional<MessageKind> kind_of(std::uint32_t protocol) {
  switch (static_cast<Protocol>(protocol)) {
    case Protocol::dcep:
      return MessageKind::control;
    case Protocol::text:
    case Protocol::text_partial:
    case Protocol::text_empty:
      return MessageKind::text;
    case Protocol::binary:
    case Protocol::binary_partial:
    case Protocol::binary_empty:
      return MessageKind::binary;
  }
  return std::nullopt;
}

bool is_empty_message(std::uint32_t protocol) {
  return protocol == static_cast<std::uint32_t>(Protocol::text_empty) ||
         protocol == static_cast<std::uint32_t>(Protocol::binary_empty);
}

std::uint32_t protocol_of(MessageKind kind, bool is_empty) {
  switch (kind) {
    case MessageKind::control:
      return static_cast<std::uint32_t>(Protocol::dcep);
    case MessageKind::text:
      return static_cast<std::uint32_t>(is_empty ? Protocol::text_empty : Protocol::text);
    case MessageKind::binary:
      break;
  }
  return static_cast<std::uint32_t>(is_empty ? Protocol::binary_empty : Protocol::binary);
}

}  // namespace petrel::inline v0::datachannel

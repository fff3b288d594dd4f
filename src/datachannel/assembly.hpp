#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "datachannel/protocol.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/sctp/association.hpp"

namespace petrel::inline v0::datachannel {

/// A message put together from its pieces. The ordered and the unordered messages of a stream have
/// one each, since they may come between each other.
class Assembly {
 public:
  struct Whole {
    MessageKind kind = MessageKind::binary;
    std::vector<std::byte> data;
  };

  /// The message, if `piece` was its last one. Its protocol is known to be one of ours.
  std::optional<Whole> add(sctp::Incoming piece);
  /// Forgets what is there; returns how many bytes that were.
  std::size_t drop();

  std::size_t size() const { return data_.size(); }

 private:
  std::vector<std::byte> data_;
  MessageKind kind_ = MessageKind::binary;
};

/// nullopt: a protocol that data channels do not have.
std::optional<MessageKind> kind_of(std::uint32_t protocol);
bool is_empty_message(std::uint32_t protocol);
std::uint32_t protocol_of(MessageKind kind, bool is_empty);

}  // namespace petrel::inline v0::datachannel

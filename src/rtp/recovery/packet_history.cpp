#include "petrel/rtp/recovery/packet_history.hpp"

#include <utility>

namespace petrel::inline v0::rtp {
namespace {

std::size_t blocks(const SentPacket& packet) {
  return (packet.payload ? 1U : 0U) + (packet.ciphertext ? 1U : 0U);
}

}  // namespace

void PacketHistory::add(TimePoint now, SentPacket packet) {
  if (!packets_.empty()) {
    const std::uint16_t last = packets_[packets_.size() - 1].header.sequence;
    if (packet.header.sequence != static_cast<std::uint16_t>(last + 1)) clear();
  }
  while (!packets_.empty() && (packets_.size() >= max_packets || owned_blocks_ >= max_owned_blocks ||
                               now - packets_.front().queued > max_age)) {
    drop_oldest();
  }
  packet.queued = now;
  owned_blocks_ += blocks(packet);
  packets_.push_back(std::move(packet));
}

SentPacket* PacketHistory::find(std::uint16_t sequence) {
  if (packets_.empty()) return nullptr;
  const auto index = static_cast<std::uint16_t>(sequence - packets_.front().header.sequence);
  return index < packets_.size() ? &packets_[index] : nullptr;
}

void PacketHistory::keep_ciphertext(std::uint16_t sequence, PacketBuffer ciphertext) {
  SentPacket* packet = find(sequence);
  if (packet == nullptr) return;
  owned_blocks_ -= blocks(*packet);
  packet->frame.reset();
  packet->slice = nullptr;
  packet->payload.reset();
  packet->ciphertext = std::move(ciphertext);
  owned_blocks_ += blocks(*packet);
}

void PacketHistory::clear() {
  packets_.clear();
  owned_blocks_ = 0;
}

void PacketHistory::drop_oldest() { owned_blocks_ -= blocks(packets_.pop_front()); }

}  // namespace petrel::inline v0::rtp

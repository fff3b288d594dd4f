#include "camera/audio/talkers.hpp"

#include <algorithm>
#include <limits>
#include <span>

namespace camera::audio {

void Talkers::handle_packet(petrel::TimePoint now, TalkerId id, petrel::Bytes rtp_packet) {
  const auto packet = petrel::rtp::PacketView::parse(rtp_packet);
  if (!packet) {
    ++refused_packets_;
    return;
  }
  if (packet->payload().empty()) return;  // Padding.
  if (!talkers_.contains(id) && talkers_.size() == max_talkers) {
    ++refused_packets_;
    return;
  }
  Talker& talker = talkers_[id];
  if (talker.ssrc != packet->header().ssrc) {
    // Another stream is on another time line.
    talker.ssrc = packet->header().ssrc;
    talker.buffer = {};
  }
  talker.buffer.handle_packet(now, packet->header().timestamp, packet->payload());
}

void Talkers::mix(petrel::TimePoint now, Block& block) {
  std::array<std::int32_t, block_samples> sum{};
  for (auto& [id, talker] : talkers_) {
    decode_until_full(now, talker);
    const std::size_t count = std::min(talker.decoded.size(), block_samples);
    for (std::size_t i = 0; i < count; ++i) sum[i] += talker.decoded[i];
    talker.decoded.erase(talker.decoded.begin(), talker.decoded.begin() + static_cast<std::ptrdiff_t>(count));
  }
  using Sample = std::numeric_limits<std::int16_t>;
  std::ranges::transform(sum, block.begin(), [](std::int32_t value) {
    return static_cast<std::int16_t>(std::clamp<std::int32_t>(value, Sample::min(), Sample::max()));
  });
}

void Talkers::decode_until_full(petrel::TimePoint now, Talker& talker) {
  while (talker.decoded.size() < block_samples) {
    const PlayoutBuffer::Piece piece = talker.buffer.take(now);
    std::span<const std::int16_t> samples;
    switch (piece.kind) {
      case PlayoutBuffer::Piece::Kind::silence:
        return;
      case PlayoutBuffer::Piece::Kind::packet:
        samples = talker.decoder.decode(piece.packet);
        break;
      case PlayoutBuffer::Piece::Kind::repair:
        samples = talker.decoder.decode_lost_before(piece.packet, piece.samples);
        break;
      case PlayoutBuffer::Piece::Kind::conceal:
        samples = talker.decoder.conceal(piece.samples);
        break;
    }
    if (!piece.unheard) talker.decoded.insert(talker.decoded.end(), samples.begin(), samples.end());
  }
}

bool Talkers::anybody_talks() const {
  return std::ranges::any_of(talkers_, [](const auto& each) {
    return each.second.buffer.is_talking() || !each.second.decoded.empty();
  });
}

const PlayoutStats* Talkers::stats(TalkerId talker) const {
  const auto found = talkers_.find(talker);
  return found == talkers_.end() ? nullptr : &found->second.buffer.stats();
}

}  // namespace camera::audio

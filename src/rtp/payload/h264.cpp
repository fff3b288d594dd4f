#include "petrel/rtp/payload/h264.hpp"

#include <algorithm>
#include <array>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

constexpr std::size_t nal_header_size = 1;
constexpr std::size_t fragment_header_size = 2;  // FU indicator and FU header, RFC 6184 5.8
constexpr std::size_t unit_size_field = 2;       // Before each NAL unit of a STAP-A, RFC 6184 5.7.1
constexpr std::byte forbidden_bit{0x80};
constexpr std::byte reference_bits{0x60};
constexpr std::byte type_bits{0x1f};
constexpr std::byte start_bit{0x80};
constexpr std::byte end_bit{0x40};

/// Says nothing that RTP does not say by itself.
bool is_needless(NalType type) { return type == NalType::access_unit_delimiter || type == NalType::filler; }

bool is_of_a_stream(NalType type) { return type >= NalType::slice && type < NalType::stap_a; }

std::byte low_byte(std::size_t value) { return static_cast<std::byte>(value & 0xff); }

/// NAL units that leave together in one packet.
class Group {
 public:
  explicit Group(std::size_t max_payload) : max_payload_(max_payload) {}

  bool takes(Bytes nal) const {
    return size_ < nals_.size() && stap_size_ + unit_size_field + nal.size() <= max_payload_;
  }
  bool empty() const { return size_ == 0; }
  void add(Bytes nal) {
    nals_[size_++] = nal;
    stap_size_ += unit_size_field + nal.size();
  }

  /// One NAL unit is a packet as it is; several are a STAP-A.
  PayloadSlice take() {
    PayloadSlice slice;
    if (size_ == 1) {
      slice.add({}, nals_[0]);
    } else {
      const std::byte header = stap_header();
      for (std::size_t i = 0; i < size_; ++i) {
        const std::array prefix{header, low_byte(nals_[i].size() >> 8), low_byte(nals_[i].size())};
        slice.add(Bytes(prefix).subspan(i == 0 ? 0 : 1), nals_[i]);
      }
    }
    *this = Group(max_payload_);
    return slice;
  }

 private:
  // RFC 6184 5.7: F is set if any has it set, and NRI is the highest of them.
  std::byte stap_header() const {
    std::byte forbidden{};
    std::byte reference{};
    for (std::size_t i = 0; i < size_; ++i) {
      forbidden |= nals_[i][0] & forbidden_bit;
      reference = std::max(reference, nals_[i][0] & reference_bits);
    }
    return forbidden | reference | static_cast<std::byte>(NalType::stap_a);
  }

  std::size_t max_payload_;
  std::array<Bytes, PayloadSlice::max_parts> nals_;
  std::size_t size_ = 0;
  std::size_t stap_size_ = nal_header_size;
};

//   |F|NRI|  28    |S|E|R|  type   |  piece of the NAL unit, header byte left out
void fragment(Bytes nal, std::size_t max_payload, std::vector<PayloadSlice>& slices) {
  const std::byte indicator = (nal[0] & ~type_bits) | static_cast<std::byte>(NalType::fu_a);
  Bytes rest = nal.subspan(nal_header_size);
  const std::size_t largest = max_payload - fragment_header_size;
  // About equal pieces: a last packet of a few bytes would cost as much as any other.
  for (std::size_t left = (rest.size() + largest - 1) / largest; left > 0; --left) {
    const Bytes piece = rest.first((rest.size() + left - 1) / left);
    rest = rest.subspan(piece.size());
    std::byte header = nal[0] & type_bits;
    if (piece.data() == nal.data() + nal_header_size) header |= start_bit;
    if (left == 1) header |= end_bit;
    slices.emplace_back().add(std::array{indicator, header}, piece);
  }
}

}  // namespace

Result<Packets> packetize(Bytes access_unit, std::size_t max_payload, PacketizationMode mode) {
  if (access_unit.size() > max_frame_size) return Errc::frame_too_large;
  if (max_payload <= fragment_header_size) return petrel::Errc::invalid_argument;

  Packets packets;
  packets.slices.reserve(access_unit.size() / max_payload + 2);
  Group group(max_payload);
  const auto flush = [&] {
    if (!group.empty()) packets.slices.push_back(group.take());
  };

  NalReader reader(access_unit);
  while (const auto nal = reader.next()) {
    const NalType type = nal_type(nal->front());
    if (is_needless(type)) continue;
    if (!is_of_a_stream(type)) return Errc::unpacketizable;

    if (nal->size() > max_payload) {
      if (mode == PacketizationMode::single_nal_unit) return Errc::unpacketizable;
      flush();
      fragment(*nal, max_payload, packets.slices);
      continue;
    }
    if (mode == PacketizationMode::single_nal_unit || !group.takes(*nal)) flush();
    group.add(*nal);
  }
  flush();

  packets.empty_units = reader.empty_units();
  if (packets.slices.empty()) return Errc::empty_frame;
  packets.slices.back().set_marker(true);
  return packets;
}

}  // namespace petrel::inline v0::rtp::h264

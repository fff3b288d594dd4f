#include <algorithm>
#include <array>
#include <utility>

#include "petrel/rtp/errc.hpp"
#include "petrel/rtp/payload/h264.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"
#include "petrel/rtp/payload/h264_parameters.hpp"

namespace petrel::inline v0::rtp::h264 {
namespace {

constexpr std::array start_code{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
constexpr std::size_t fragment_header_size = 2;  // RFC 6184 5.8
constexpr std::byte type_bits{0x1f};
constexpr std::byte start_bit{0x80};
constexpr std::byte end_bit{0x40};

bool is_of_a_stream(NalType type) { return type >= NalType::slice && type < NalType::stap_a; }

/// Calls `visit` with each NAL unit of a STAP-A, RFC 6184 5.7.1, until it answers false. False for an
/// aggregate without NAL units, with empty ones, or with packets inside it.
template <class Visit>
bool for_each_aggregated(Bytes payload, Visit visit) {
  ByteReader reader(payload.subspan(1));
  do {
    const Bytes nal = reader.bytes(reader.u16());
    if (!reader.ok() || nal.empty() || !is_of_a_stream(nal_type(nal[0]))) return false;
    if (!visit(nal)) return true;
  } while (reader.remaining() > 0);
  return true;
}

bool begins_access_unit(Bytes nal) {
  if (!is_picture_data(nal_type(nal[0]))) return true;
  const auto slice = parse_slice_header(nal);
  return slice && slice->first_macroblock == 0;
}

}  // namespace

bool is_start_of_frame(Bytes payload) {
  if (payload.empty()) return false;
  const NalType type = nal_type(payload[0]);
  if (is_of_a_stream(type)) return begins_access_unit(payload);
  if (type == NalType::stap_a) {
    bool begins = false;
    const bool whole = for_each_aggregated(payload, [&](Bytes nal) {
      begins = begins_access_unit(nal);
      return false;
    });
    return whole && begins;
  }
  if (type != NalType::fu_a || payload.size() < fragment_header_size) return false;
  if ((payload[1] & start_bit) == std::byte{0}) return false;
  if (!is_picture_data(nal_type(payload[1]))) return true;
  // The FU header has the NAL unit's type where the NAL unit header has it, so that the slice reads on from
  // there.
  const auto slice = parse_slice_header(payload.subspan(1));
  return slice && slice->first_macroblock == 0;
}

bool is_key_frame(Bytes payload) {
  if (payload.empty()) return false;
  const NalType type = nal_type(payload[0]);
  if (type == NalType::idr_slice) return true;
  if (type == NalType::fu_a)
    return payload.size() >= fragment_header_size && nal_type(payload[1]) == NalType::idr_slice;
  bool found = false;
  if (type == NalType::stap_a) {
    for_each_aggregated(payload, [&](Bytes nal) {
      found = nal_type(nal[0]) == NalType::idr_slice;
      return !found;
    });
  }
  return found;
}

Result<void> Depacketizer::append(Bytes payload) {
  if (payload.empty()) return Errc::empty_payload;
  if (frame_.bytes.size() + payload.size() > max_frame_size) return Errc::frame_too_large;

  const NalType type = nal_type(payload[0]);
  if (type == NalType::fu_a) return append_fragment(payload);
  if (in_fragment_) return Errc::missing_fragment;
  if (type == NalType::stap_a) return append_aggregate(payload);
  if (!is_of_a_stream(type)) return Errc::unsupported_payload;

  begin_unit(payload[0]);
  frame_.bytes.insert(frame_.bytes.end(), payload.begin() + 1, payload.end());
  return {};
}

Result<void> Depacketizer::append_aggregate(Bytes payload) {
  const bool whole = for_each_aggregated(payload, [this](Bytes nal) {
    begin_unit(nal[0]);
    frame_.bytes.insert(frame_.bytes.end(), nal.begin() + 1, nal.end());
    return true;
  });
  if (!whole) return Errc::malformed_payload;
  return {};
}

Result<void> Depacketizer::append_fragment(Bytes payload) {
  if (payload.size() < fragment_header_size) return Errc::malformed_payload;
  const std::byte indicator = payload[0];
  const std::byte fragment = payload[1];
  const std::byte header = (indicator & ~type_bits) | (fragment & type_bits);
  const bool first = (fragment & start_bit) != std::byte{0};
  const bool last = (fragment & end_bit) != std::byte{0};
  if (!is_of_a_stream(nal_type(header))) return Errc::malformed_payload;
  if (first && last) return Errc::malformed_payload;  // RFC 6184 5.8: it would not be a fragment.
  if (first == in_fragment_) return Errc::missing_fragment;

  if (first) {
    begin_unit(header);
    fragment_header_ = header;
  } else if (nal_type(header) != nal_type(fragment_header_)) {
    return Errc::malformed_payload;
  }
  in_fragment_ = !last;
  const Bytes piece = payload.subspan(fragment_header_size);
  frame_.bytes.insert(frame_.bytes.end(), piece.begin(), piece.end());
  return {};
}

void Depacketizer::begin_unit(std::byte header) {
  frame_.bytes.insert(frame_.bytes.end(), start_code.begin(), start_code.end());
  frame_.bytes.push_back(header);
  if (nal_type(header) == NalType::idr_slice) frame_.key_frame = true;
}

Result<CodedFrame> Depacketizer::take() {
  CodedFrame frame = frame_.take();
  if (std::exchange(in_fragment_, false)) return Errc::missing_fragment;
  if (frame.bytes.empty()) return Errc::empty_frame;
  return frame;
}

}  // namespace petrel::inline v0::rtp::h264

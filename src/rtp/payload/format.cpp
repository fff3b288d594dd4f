#include "petrel/rtp/payload/format.hpp"

#include <utility>

#include "petrel/rtp/errc.hpp"

namespace petrel::inline v0::rtp {
namespace {

Result<std::vector<PayloadSlice>> packetize_whole(Bytes frame, std::size_t max_payload) {
  if (frame.empty()) return Errc::empty_frame;
  if (frame.size() > max_payload) return Errc::unpacketizable;
  std::vector<PayloadSlice> slices(1);
  slices.front().add({}, frame);
  return slices;
}

bool carries_whole_frames(PayloadFormat format) {
  return format == PayloadFormat::opus || format == PayloadFormat::raw;
}

}  // namespace

Result<std::vector<PayloadSlice>> packetize(PayloadFormat format, Bytes frame, std::size_t max_payload) {
  if (max_payload < min_max_payload) return petrel::Errc::invalid_argument;
  switch (format) {
    case PayloadFormat::h264: {
      auto packets = h264::packetize(frame, max_payload, h264::PacketizationMode::non_interleaved);
      if (!packets) return packets.error();
      return std::move(packets->slices);
    }
    case PayloadFormat::vp8:
      return vp8::packetize(frame, max_payload);
    case PayloadFormat::opus:
    case PayloadFormat::raw:
      return packetize_whole(frame, max_payload);
  }
  return petrel::Errc::invalid_argument;
}

bool is_start_of_frame(PayloadFormat format, Bytes payload) {
  switch (format) {
    case PayloadFormat::h264:
      return h264::is_start_of_frame(payload);
    case PayloadFormat::vp8: {
      const auto parsed = vp8::parse_payload(payload);
      return parsed && parsed->descriptor.starts_frame();
    }
    case PayloadFormat::opus:
    case PayloadFormat::raw:
      return true;
  }
  return false;
}

bool is_key_frame(PayloadFormat format, Bytes payload) {
  switch (format) {
    case PayloadFormat::h264:
      return h264::is_key_frame(payload);
    case PayloadFormat::vp8: {
      const auto parsed = vp8::parse_payload(payload);
      if (!parsed || !parsed->descriptor.starts_frame()) return false;
      const auto header = vp8::parse_frame_header(parsed->body);
      return header && header->key_frame;
    }
    case PayloadFormat::opus:
    case PayloadFormat::raw:
      return true;
  }
  return false;
}

Result<void> Depacketizer::WholePayload::append(Bytes payload) {
  if (payload.empty()) return Errc::empty_payload;
  frame = {{payload.begin(), payload.end()}, true};
  return {};
}

Result<CodedFrame> Depacketizer::WholePayload::take() {
  CodedFrame taken = std::exchange(frame, {});
  if (taken.bytes.empty()) return Errc::empty_frame;
  return taken;
}

Depacketizer::Depacketizer(PayloadFormat format) : format_(format) {
  if (format == PayloadFormat::h264) codec_.emplace<h264::Depacketizer>();
  if (format == PayloadFormat::vp8) codec_.emplace<vp8::Depacketizer>();
}

Result<std::optional<CodedFrame>> Depacketizer::push(Bytes payload, bool marker) {
  if (!failure_) {
    const auto appended = std::visit([&](auto& codec) { return codec.append(payload); }, codec_);
    if (!appended) failure_ = appended.error();
  }
  if (marker || carries_whole_frames(format_)) {
    auto frame = finish();
    if (!frame) return frame.error();
    return std::optional(*std::move(frame));
  }
  if (failure_) return failure_;
  return std::optional<CodedFrame>();
}

Result<CodedFrame> Depacketizer::finish() {
  auto frame = std::visit([](auto& codec) { return codec.take(); }, codec_);
  if (const std::error_code failure = std::exchange(failure_, {})) return failure;
  return frame;
}

void Depacketizer::reset() {
  const auto forgotten = finish();
  static_cast<void>(forgotten.has_value());
}

}  // namespace petrel::inline v0::rtp

#include "camera/audio/opus_codec.hpp"

#include <opus/opus.h>

#include <algorithm>
#include <stdexcept>

namespace camera::audio {
namespace {

// The longest packet that libopus makes of one frame, RFC 6716 3.2.1.
constexpr std::size_t max_packet_bytes = 1275;
// How much of the bits goes into repairs depends on what is expected to be lost. Wi-Fi at its worse moments.
constexpr int expected_loss_percent = 10;
// RFC 6716 2.1.9: a block of one or two bytes need not be sent.
constexpr std::size_t discontinuous_bytes = 2;
// RFC 6716 2.1.4: the shortest frame; what is asked of the decoder is a multiple of it.
constexpr std::size_t shortest_frame = 120;

const unsigned char* raw(petrel::Bytes bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

}  // namespace

void SoundEncoder::Destroy::operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
void SoundDecoder::Destroy::operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }

SoundEncoder::SoundEncoder(const OpusSettings& settings) {
  int error = OPUS_OK;
  // Repairs come with the speech layer only, which the mode for speech keeps in use.
  encoder_.reset(opus_encoder_create(sample_rate, 1, OPUS_APPLICATION_VOIP, &error));
  if (error != OPUS_OK) throw std::runtime_error(std::string("libopus: ") + opus_strerror(error));
  opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(static_cast<opus_int32>(settings.bits_per_second)));
  opus_encoder_ctl(encoder_.get(), OPUS_SET_VBR(1));
  opus_encoder_ctl(encoder_.get(), OPUS_SET_INBAND_FEC(1));
  opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(expected_loss_percent));
  opus_encoder_ctl(encoder_.get(), OPUS_SET_DTX(settings.discontinuous ? 1 : 0));
}

std::vector<std::byte> SoundEncoder::encode(const Block& block) {
  std::vector<std::byte> packet(max_packet_bytes);
  const opus_int32 size =
      opus_encode(encoder_.get(), block.data(), static_cast<int>(block.size()),
                  reinterpret_cast<unsigned char*>(packet.data()), static_cast<opus_int32>(packet.size()));
  if (size < 0) throw std::runtime_error(std::string("libopus: ") + opus_strerror(size));
  packet.resize(static_cast<std::size_t>(size));
  if (packet.size() <= discontinuous_bytes) packet.clear();
  return packet;
}

SoundDecoder::SoundDecoder() : samples_(max_samples) {
  int error = OPUS_OK;
  // One channel out, whatever comes in: libopus mixes.
  decoder_.reset(opus_decoder_create(sample_rate, 1, &error));
  if (error != OPUS_OK) throw std::runtime_error(std::string("libopus: ") + opus_strerror(error));
}

std::span<const std::int16_t> SoundDecoder::decode(petrel::Bytes packet) {
  const auto samples = decode(packet, max_samples, false);
  return samples.empty() ? conceal(block_samples) : samples;
}

std::span<const std::int16_t> SoundDecoder::decode_lost_before(petrel::Bytes packet, std::size_t samples) {
  const auto repaired = decode(packet, samples, true);
  return repaired.empty() ? conceal(samples) : repaired;
}

std::span<const std::int16_t> SoundDecoder::conceal(std::size_t samples) {
  return decode({}, samples, false);
}

std::span<const std::int16_t> SoundDecoder::decode(petrel::Bytes packet, std::size_t samples,
                                                   bool lost_before) {
  const std::size_t room = std::clamp(samples / shortest_frame * shortest_frame, shortest_frame, max_samples);
  const int decoded = opus_decode(decoder_.get(), packet.empty() ? nullptr : raw(packet),
                                  static_cast<opus_int32>(packet.size()), samples_.data(),
                                  static_cast<int>(room), lost_before ? 1 : 0);
  return std::span(samples_).first(static_cast<std::size_t>(std::max(decoded, 0)));
}

}  // namespace camera::audio

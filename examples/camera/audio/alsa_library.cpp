#include <alsa/asoundlib.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

#include "camera/audio/alsa_calls.hpp"

namespace camera::audio {
namespace {

// ALSA prints what goes wrong inside of it, several lines for each missing device. We say it in one.
void say_nothing(const char*, int, const char*, int, const char*, ...) {}

class AlsaLibrary final : public AlsaCalls {
 public:
  AlsaLibrary() { snd_lib_error_set_handler(&say_nothing); }
  ~AlsaLibrary() override { AlsaLibrary::close(); }
  AlsaLibrary(const AlsaLibrary&) = delete;
  AlsaLibrary& operator=(const AlsaLibrary&) = delete;

  int open(SoundDirection direction, const std::string& name) override {
    close();
    const auto stream =
        direction == SoundDirection::capture ? SND_PCM_STREAM_CAPTURE : SND_PCM_STREAM_PLAYBACK;
    const int error = snd_pcm_open(&pcm_, name.c_str(), stream, SND_PCM_NONBLOCK);
    if (error < 0) pcm_ = nullptr;
    return error;
  }

  int configure(AlsaFormat& format) override {
    snd_pcm_hw_params_t* hardware = nullptr;
    snd_pcm_hw_params_alloca(&hardware);
    snd_pcm_uframes_t buffer = format.buffer_frames;
    int direction = 0;
    int error = snd_pcm_hw_params_any(pcm_, hardware);
    if (error >= 0) error = snd_pcm_hw_params_set_access(pcm_, hardware, SND_PCM_ACCESS_RW_INTERLEAVED);
    if (error >= 0) error = snd_pcm_hw_params_set_format(pcm_, hardware, SND_PCM_FORMAT_S16);
    if (error >= 0) error = snd_pcm_hw_params_set_channels_near(pcm_, hardware, &format.channels);
    if (error >= 0) error = snd_pcm_hw_params_set_rate_near(pcm_, hardware, &format.rate, &direction);
    if (error >= 0) error = snd_pcm_hw_params_set_buffer_size_near(pcm_, hardware, &buffer);
    if (error >= 0) error = snd_pcm_hw_params(pcm_, hardware);
    if (error < 0) return error;
    channels_ = format.channels;
    const snd_pcm_uframes_t wanted = std::min<snd_pcm_uframes_t>(buffer, format.buffer_frames);
    format.buffer_frames = static_cast<unsigned>(buffer);
    return start_when_half_full(wanted);
  }

  int prepare() override { return snd_pcm_prepare(pcm_); }
  int start() override { return snd_pcm_start(pcm_); }
  int resume() override { return snd_pcm_resume(pcm_); }
  int wait(petrel::Duration limit) override {
    return snd_pcm_wait(
        pcm_, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()));
  }
  long read(std::span<std::int16_t> samples) override {
    return snd_pcm_readi(pcm_, samples.data(), samples.size() / channels_);
  }
  long write(std::span<const std::int16_t> samples) override {
    return snd_pcm_writei(pcm_, samples.data(), samples.size() / channels_);
  }
  long delay() override {
    snd_pcm_sframes_t frames = 0;
    const int error = snd_pcm_delay(pcm_, &frames);
    return error < 0 ? error : frames;
  }
  void close() override {
    if (pcm_ != nullptr) snd_pcm_close(pcm_);
    pcm_ = nullptr;
  }

 private:
  // A loudspeaker that began with the first block would have run dry by the second.
  int start_when_half_full(snd_pcm_uframes_t buffer) {
    snd_pcm_sw_params_t* software = nullptr;
    snd_pcm_sw_params_alloca(&software);
    int error = snd_pcm_sw_params_current(pcm_, software);
    if (error >= 0 && snd_pcm_stream(pcm_) == SND_PCM_STREAM_PLAYBACK)
      error = snd_pcm_sw_params_set_start_threshold(pcm_, software, buffer / 2);
    return error < 0 ? error : snd_pcm_sw_params(pcm_, software);
  }

  snd_pcm_t* pcm_ = nullptr;
  unsigned channels_ = 1;
};

}  // namespace

std::unique_ptr<AlsaCalls> make_alsa() { return std::make_unique<AlsaLibrary>(); }

}  // namespace camera::audio

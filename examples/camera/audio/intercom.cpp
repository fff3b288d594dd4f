#include "camera/audio/intercom.hpp"

#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "camera/audio/alsa_device.hpp"
#include "camera/audio/microphone.hpp"
#include "camera/audio/speaker.hpp"
#include "camera/audio/tone_source.hpp"
#include "camera/audio/wav_sink.hpp"
#include "shared/number_text.hpp"

namespace camera::audio {
namespace {

Tell tell_about(const std::string& what) {
  return [what](const std::string& line) {
    std::fprintf(stderr, "petrel-camera: %s: %s\n", what.c_str(), line.c_str());
  };
}

std::unique_ptr<SoundSource> make_source(const Options& options) {
  if (options.input == Options::Input::none) return nullptr;
  if (options.input == Options::Input::tone) return std::make_unique<ToneSource>(steady_now);
  const std::string& name = options.input_device;
  return std::make_unique<AlsaInput>(make_alsa(), name, steady_now, tell_about("microphone " + name));
}

std::unique_ptr<SoundSink> make_sink(const Options& options) {
  constexpr std::string_view wav = "wav:";
  if (!options.talk) return nullptr;
  const std::string& name = options.output;
  if (name == "null") return std::make_unique<NullSink>(steady_now);
  if (name.starts_with(wav))
    return std::make_unique<WavSink>(name.substr(wav.size()), steady_now, tell_about("talk"));
  return std::make_unique<AlsaOutput>(make_alsa(), name, steady_now, tell_about("loudspeaker " + name));
}

class OpusIntercom final : public Intercom {
 public:
  explicit OpusIntercom(const Options& options) : options_(options), source_(make_source(options)) {
    if (source_ != nullptr) description_ = source_->description() + ", Opus at " + rate();
    if (auto sink = make_sink(options)) {
      if (!description_.empty()) description_ += "; ";
      description_ += "viewers may talk, to " + sink->description();
      speaker_.emplace(std::move(sink), steady_now);
    }
  }

  void start(asio::any_io_executor executor, OnFrame on_frame) override {
    if (source_ == nullptr) return;
    const OpusSettings settings{options_.bits_per_second, options_.discontinuous};
    microphone_.emplace(std::move(source_), settings, std::move(executor), std::move(on_frame));
  }
  void stop() override {
    if (microphone_) microphone_->stop();
    if (speaker_) speaker_->stop();
  }
  Listener* listener() override { return speaker_ ? &*speaker_ : nullptr; }
  std::string description() const override { return description_; }

 private:
  std::string rate() const { return shared::short_number(options_.bits_per_second / 1e3) + " kbit/s"; }

  Options options_;
  std::string description_;
  std::unique_ptr<SoundSource> source_;  // Until start().
  std::optional<Microphone> microphone_;
  std::optional<Speaker> speaker_;
};

}  // namespace

std::unique_ptr<Intercom> make_intercom(const Options& options) {
  return options.any() ? std::make_unique<OpusIntercom>(options) : nullptr;
}

}  // namespace camera::audio

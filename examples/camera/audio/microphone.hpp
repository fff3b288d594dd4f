#pragma once

#include <asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "camera/audio/opus_codec.hpp"
#include "camera/audio/sound.hpp"
#include "petrel/rtp/frame.hpp"

namespace camera::audio {

/// Runs a sound source and an encoder on a thread of their own, and hands Opus packets to an executor: one
/// encoder, however many listen.
///
/// The thread shares nothing with the executor but a queue. An executor that falls behind loses the oldest
/// sound, since the newest is what is live.
class Microphone {
 public:
  static constexpr std::size_t max_waiting = 10;  ///< Packets: 200 ms.

  using OnFrame = std::function<void(const std::shared_ptr<const petrel::EncodedFrame>&)>;

  /// `on_frame` is called on `executor`.
  Microphone(std::unique_ptr<SoundSource> source, const OpusSettings& settings,
             asio::any_io_executor executor, OnFrame on_frame);
  /// As stop().
  ~Microphone();
  Microphone(const Microphone&) = delete;
  Microphone& operator=(const Microphone&) = delete;

  /// Ends the thread, which takes a tenth of a second at most. Call on the executor: nothing is called
  /// afterwards.
  void stop();
  const std::string& description() const { return description_; }
  /// Packets that the executor was too late for.
  std::uint64_t dropped() const;

 private:
  struct Link;

  static void run(SoundSource& source, SoundEncoder& encoder, const asio::any_io_executor& executor,
                  const std::shared_ptr<Link>& link);

  std::string description_;
  std::shared_ptr<Link> link_;
  std::thread thread_;
};

}  // namespace camera::audio

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "camera/audio/listener.hpp"
#include "camera/audio/sound.hpp"

namespace camera::audio {

/// Decodes and mixes what viewers say and plays it, on a thread of its own.
///
/// The thread shares nothing with the viewers' executor but a queue, whose oldest packets go when the thread
/// is behind. While nobody talks the thread sleeps, and the device is free.
class Speaker final : public Listener {
 public:
  // Eight talkers' packets of 600 ms; a device that stands still longer has lost them anyway.
  static constexpr std::size_t max_waiting = 256;

  Speaker(std::unique_ptr<SoundSink> sink, Clock clock);
  /// As stop().
  ~Speaker() override;
  Speaker(const Speaker&) = delete;
  Speaker& operator=(const Speaker&) = delete;

  void handle_packet(petrel::TimePoint now, std::uint64_t viewer, petrel::Bytes rtp_packet) override;
  void handle_gone(std::uint64_t viewer) override;

  /// Ends the thread, which takes a tenth of a second at most.
  void stop();
  const std::string& description() const { return description_; }
  /// Packets that the thread was too late for.
  std::uint64_t dropped() const;

 private:
  struct Inbox;

  static void run(SoundSink& sink, const Clock& clock, Inbox& inbox);

  std::string description_;
  std::shared_ptr<Inbox> inbox_;
  std::thread thread_;
};

}  // namespace camera::audio

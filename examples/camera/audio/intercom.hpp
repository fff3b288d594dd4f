#pragma once

#include <asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "camera/audio/listener.hpp"
#include "camera/audio/options.hpp"
#include "petrel/rtp/frame.hpp"

namespace camera::audio {

/// The camera's ears and mouth, as the command line wants them: a Microphone, a Speaker, both or none.
class Intercom {
 public:
  using OnFrame = std::function<void(const std::shared_ptr<const petrel::EncodedFrame>&)>;

  virtual ~Intercom() = default;
  /// Begins to listen. `on_frame` gets Opus packets on `executor`.
  virtual void start(asio::any_io_executor executor, OnFrame on_frame) = 0;
  /// Call on the executor: nothing is called afterwards.
  virtual void stop() = 0;
  /// nullptr: viewers may not talk.
  virtual Listener* listener() = 0;
  /// One line for people.
  virtual std::string description() const = 0;
};

/// nullptr if `options` want no sound. Throws UserError for what cannot work: a file that cannot be written,
/// a program that was built without Opus or ALSA. A device that is not there is none of that: it is looked
/// for again.
std::unique_ptr<Intercom> make_intercom(const Options& options);

}  // namespace camera::audio

#pragma once

#include <cstdint>
#include <string>

#include "petrel/base/bytes.hpp"
#include "petrel/base/time.hpp"

namespace camera::audio {

/// Who hears what viewers say. Everything on the executor of the viewers.
class Listener {
 public:
  virtual ~Listener() = default;
  /// An RTP packet of Opus, from a viewer.
  virtual void handle_packet(petrel::TimePoint now, std::uint64_t viewer, petrel::Bytes rtp_packet) = 0;
  virtual void handle_gone(std::uint64_t viewer) = 0;
};

}  // namespace camera::audio

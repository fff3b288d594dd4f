#pragma once

#include <string_view>

#include "petrel/dtls/connection.hpp"
#include "petrel/sim/world.hpp"

namespace petrel::inline v0::sim {

/// Puts the secrets of DTLS connections into the world's capture, so that Wireshark decrypts
/// them there: set it as PeerConfig::key_log. The world outlives it.
class KeyLog final : public dtls::KeyLogSink {
 public:
  explicit KeyLog(World& world) : world_(world) {}

  void write(std::string_view line) noexcept override { world_.add_secret(line); }

 private:
  World& world_;
};

}  // namespace petrel::inline v0::sim

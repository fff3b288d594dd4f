#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/sim/packet.hpp"

namespace petrel::inline v0::sim {

using CaptureInterface = Strong<std::uint32_t, struct CaptureInterfaceTag>;

/// Writes a capture file: the blocks of draft-ietf-opsawg-pcapng, raw IP packets with made-up
/// headers, times in nanoseconds. Gives bytes; whoever owns it puts them into a file, in order.
class PcapngWriter {
 public:
  enum class Direction : std::uint8_t { inbound = 1, outbound = 2 };  // The values of epb_flags.

  /// With the block that every file begins with.
  PcapngWriter();

  CaptureInterface add_interface(std::string_view name);
  /// `since_1970`: the wall-clock time.
  void add_packet(CaptureInterface interface, Duration since_1970, Direction direction, const Packet& packet);
  /// One line of an SSLKEYLOGFILE, which decrypts the packets that come after it.
  void add_secret(std::string_view line);

  /// What was written since the last call.
  std::vector<std::byte> take();

 private:
  std::vector<std::byte> out_;
  std::uint32_t interfaces_ = 0;
  std::uint16_t identification_ = 0;
};

}  // namespace petrel::inline v0::sim

#include <cstdlib>
#include <span>

#include "petrel/datachannel/dcep.hpp"

using namespace petrel;

// Property: what parses has all of its bytes in its fields, and is written back as what parses the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto open = datachannel::parse_open(input);
  if (!open) return 0;
  if (datachannel::is_ack(input)) std::abort();
  if (datachannel::OpenMessage::fixed_size + open->label.size() + open->protocol.size() != size) std::abort();
  const auto written = datachannel::write_open(*open);
  if (!written || written->size() != size) std::abort();
  const auto again = datachannel::parse_open(*written);
  if (!again || again->label != open->label || again->protocol != open->protocol ||
      again->ordered != open->ordered || again->reliability != open->reliability ||
      again->reliability_parameter != open->reliability_parameter || again->priority != open->priority) {
    std::abort();
  }
  return 0;
}

#include <iterator>
#include <vector>

#include "petrel/base/assert.hpp"
#include "petrel/rtp/wire/packet.hpp"

namespace rtp = petrel::rtp;

// Property: the parts of what parses add up to the packet, every extension lies within it and can be
// overwritten in place, and a packet written from them parses to the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> packet(size);
  std::transform(data, data + size, packet.begin(), [](std::uint8_t b) { return std::byte{b}; });
  const auto view = rtp::PacketView::parse(packet);
  if (!view) return 0;
  PETREL_ASSERT(view->header_size() + view->payload().size() + view->padding_size() == size);

  rtp::ExtensionBlock block(rtp::ExtensionForm::two_byte);
  std::size_t count = 0;
  for (const auto& element : view->extensions()) {
    if (!block.add(element.id, element.value)) return 0;
    ++count;
    const auto found = view->extensions().find(element.id);
    const std::vector<std::byte> value(found->begin(), found->end());
    PETREL_ASSERT(rtp::overwrite_extension(packet, element.id, value));
  }
  const auto written = rtp::write_packet(view->header(), block, view->payload());
  if (!written) return 0;
  const auto again = rtp::PacketView::parse(written->bytes());
  PETREL_ASSERT(again && again->header() == view->header());
  PETREL_ASSERT(petrel::equal(again->payload(), view->payload()));
  PETREL_ASSERT(static_cast<std::size_t>(
                    std::distance(again->extensions().begin(), again->extensions().end())) == count);
  return 0;
}

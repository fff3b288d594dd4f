#include <cstdint>
#include <cstdlib>
#include <span>

#include "petrel/turn/channel_data.hpp"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

// Property: what is read lies inside of its input, and framed again it is the same message, but for
// its padding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel;
  const Bytes input = std::as_bytes(std::span(data, size));
  const auto view = turn::ChannelDataView::parse(input);
  if (!view) return 0;
  require(turn::begins_channel_data(input[0]));
  require(view->payload.data() == input.data() + turn::channel_data_header_size);
  require(size - turn::channel_data_header_size - view->payload.size() <= 3);

  for (const bool pad : {false, true}) {
    auto packet = PacketBuffer::copy_of(view->payload);
    if (!packet) return 0;
    turn::prepend_channel_data(*packet, view->channel, pad);
    require(!pad || packet->size() % 4 == 0);
    const auto again = turn::ChannelDataView::parse(packet->bytes());
    require(again && again->channel == view->channel && equal(again->payload, view->payload));
  }
  return 0;
}

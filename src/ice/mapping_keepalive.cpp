#include "ice/mapping_keepalive.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "petrel/stun/builder.hpp"

namespace petrel::inline v0::ice {
namespace {

// RFC 8445 11: Tr. NATs keep UDP mappings for 30 s and more.
constexpr Duration interval = std::chrono::seconds(15);

}  // namespace

void MappingKeepalive::keep(FlowId flow, const Endpoint& server) {
  const bool known = std::ranges::any_of(
      mappings_, [&](const Mapping& each) { return each.flow == flow && each.server == server; });
  if (!known) mappings_.push_back({flow, server});
  if (needed_ && !due_) due_ = shared_.now + interval;
}

void MappingKeepalive::forget(FlowId flow) {
  std::erase_if(mappings_, [&](const Mapping& each) { return each.flow == flow; });
  if (mappings_.empty()) due_.reset();
}

void MappingKeepalive::set_needed(bool needed) {
  if (std::exchange(needed_, needed) == needed) return;
  due_.reset();
  if (needed && !mappings_.empty()) due_ = shared_.now + interval;
}

void MappingKeepalive::handle_timeout() {
  if (!due_ || shared_.now < *due_) return;
  due_ = shared_.now + interval;
  for (const Mapping& mapping : mappings_) {
    stun::Builder indication(stun::Class::indication, stun::Method::binding,
                             shared_.random.bytes<stun::TransactionId{}.size()>());
    auto packet = indication.finish();
    if (packet && shared_.queue(mapping.flow, mapping.server, *std::move(packet)))
      ++shared_.stats.keepalives_sent;
  }
}

}  // namespace petrel::inline v0::ice

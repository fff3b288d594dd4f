#include "ice/local_names.hpp"

#include <algorithm>

#include "petrel/mdns/name.hpp"

namespace petrel::inline v0::ice {
namespace {

// Above all flows of the agent's own sockets, and below those that a network numbers.
constexpr FlowId first_flow{0x4000'0000};

}  // namespace

mdns::Node& LocalNames::node() {
  if (!node_) {
    node_ = std::make_unique<mdns::Node>(shared_.now, mdns::NodeConfig{first_flow}, shared_.random);
    node_->handle_interfaces(shared_.now, interfaces_);
  }
  return *node_;
}

bool LocalNames::resolve(StreamId stream, const Candidate& candidate) {
  // Before a node is made for it, which joins multicast groups.
  const auto name = mdns::Name::from_text(candidate.host_name);
  if (!name || !name->is_uuid_local()) return false;
  const auto id = node().resolve(shared_.now, candidate.host_name);
  collect();
  if (!id) return false;
  asked_.push_back({*id, stream, candidate});
  collect();
  return true;
}

std::optional<std::string> LocalNames::publish(const IpAddress& address) {
  auto name = node().publish(shared_.now, address);
  collect();
  if (!name) return std::nullopt;
  return *std::move(name);
}

std::optional<LocalNames::Found> LocalNames::poll_found() {
  if (found_.empty()) return std::nullopt;
  Found found = std::move(found_.front());
  found_.pop_front();
  return found;
}

void LocalNames::handle_interfaces(std::span<const LocalAddress> addresses) {
  interfaces_.assign(addresses.begin(), addresses.end());
  if (!node_) return;
  node_->handle_interfaces(shared_.now, interfaces_);
  collect();
}

bool LocalNames::handle_datagram(const Datagram& datagram) {
  if (!node_ || !node_->handle_datagram(shared_.now, datagram)) return false;
  collect();
  return true;
}

void LocalNames::handle_flow(FlowId flow, const FlowChange& change) {
  if (!node_ || flow < first_flow) return;
  node_->handle_flow(shared_.now, flow, change);
  collect();
}

void LocalNames::handle_timeout() {
  if (!node_) return;
  node_->handle_timeout(shared_.now);
  collect();
}

std::optional<TimePoint> LocalNames::next_timeout() const {
  return node_ ? node_->next_timeout() : std::nullopt;
}

// Moves on what the node has to say and to send.
void LocalNames::collect() {
  while (auto request = node_->poll_request()) shared_.requests.push_back(*std::move(request));
  while (auto transmit = node_->poll_transmit()) {
    shared_.queue(transmit->flow, transmit->destination, std::move(transmit->payload));
  }
  while (auto event = node_->poll_event()) {
    const auto* resolved = std::get_if<mdns::Resolved>(&*event);
    const mdns::QueryId id = resolved != nullptr ? resolved->id : std::get<mdns::ResolveFailed>(*event).id;
    const auto asked = std::ranges::find(asked_, id, &Asked::id);
    if (asked == asked_.end()) continue;
    // 3.2.1 of the draft: several addresses are not to be believed.
    if (resolved != nullptr && resolved->addresses.size() == 1) {
      asked->candidate.endpoint.address = resolved->addresses.front();
      asked->candidate.host_name.clear();
      found_.push_back({asked->stream, std::move(asked->candidate)});
      ++shared_.stats.names_resolved;
    } else {
      ++shared_.stats.names_unresolved;
    }
    asked_.erase(asked);
  }
}

void LocalNames::close() {
  if (!node_) return;
  node_->close(shared_.now);
  while (auto transmit = node_->poll_transmit()) {
    shared_.queue(transmit->flow, transmit->destination, std::move(transmit->payload));
  }
  while (auto request = node_->poll_request()) shared_.requests.push_back(*std::move(request));
  asked_.clear();
  found_.clear();
}

}  // namespace petrel::inline v0::ice

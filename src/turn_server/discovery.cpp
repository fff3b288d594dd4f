#include "turn_server/discovery.hpp"

#include <algorithm>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::turn_server {
namespace {

constexpr std::size_t other_port = 1;
constexpr std::size_t other_address = 2;
constexpr std::size_t other_both = other_port | other_address;

}  // namespace

void Discovery::start(FlowId listener, const Endpoint& local) {
  if (running_ || !shared_.config().alternate) return;
  running_ = true;
  sockets_[0] = {listener, local};
  bind(other_both,
       *shared_.config().alternate);  // First, because its port may be any, and then names the others'.
}

void Discovery::bind(std::size_t index, const Endpoint& local) {
  sockets_[index].flow = shared_.new_flow();
  shared_.request(BindUdp{sockets_[index].flow, local});
}

bool Discovery::owns(FlowId flow) const {
  if (!running_) return false;
  return std::any_of(sockets_.begin() + 1, sockets_.end(),
                     [&](const Socket& each) { return each.flow == flow; });
}

void Discovery::handle_flow(FlowId flow, const FlowChange& change) {
  const auto socket = std::ranges::find(sockets_, flow, &Socket::flow);
  PETREL_ASSERT(socket != sockets_.end());
  if (const auto* failed = std::get_if<FlowFailed>(&change)) {
    socket->flow = {};
    close();
    return shared_.report(AlternateFailed{failed->error});
  }
  const auto* opened = std::get_if<FlowOpened>(&change);
  if (opened == nullptr) return;
  socket->local = opened->local;
  if (socket == sockets_.begin() + other_both) {
    bind(other_port, {sockets_[0].local->address, opened->local.port});
    bind(other_address, {opened->local.address, sockets_[0].local->port});
  }
  const bool complete =
      std::ranges::all_of(sockets_, [](const Socket& each) { return each.local.has_value(); });
  if (complete) shared_.report(AlternateOpened{*sockets_[other_both].local});
}

void Discovery::close() {
  for (std::size_t i = 1; i < sockets_.size(); ++i) {
    if (sockets_[i].flow != FlowId{}) shared_.request(CloseFlow{sockets_[i].flow});
  }
  sockets_ = {};
  running_ = false;
}

std::optional<Discovery::Way> Discovery::way(FlowId asked, stun::ChangeRequest change) const {
  const auto socket = std::ranges::find(sockets_, asked, &Socket::flow);
  const bool complete =
      std::ranges::all_of(sockets_, [](const Socket& each) { return each.local.has_value(); });
  if (socket == sockets_.end() || !complete) return std::nullopt;
  const auto index = static_cast<std::size_t>(socket - sockets_.begin());
  const Socket& origin =
      sockets_[index ^ (change.address ? other_address : 0) ^ (change.port ? other_port : 0)];
  return Way{origin.flow, *origin.local, *sockets_[index ^ other_both].local};
}

}  // namespace petrel::inline v0::turn_server

#include "petrel/turn_server/server.hpp"

#include <utility>

#include "turn_server/core.hpp"

namespace petrel::inline v0::turn_server {

Result<Server> Server::create(TimePoint now, ServerConfig config, RandomSource& random) {
  if (auto checked = check(config); !checked) return checked.error();
  return Server(std::make_unique<Core>(now, std::move(config), random));
}

Server::Server(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

bool Server::handle_datagram(TimePoint now, const Datagram& datagram) {
  return core_->handle_datagram(now, datagram);
}
void Server::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  core_->handle_flow(now, flow, change);
}
void Server::handle_timeout(TimePoint now) { core_->handle_timeout(now); }
std::optional<TimePoint> Server::next_timeout() const { return core_->next_timeout(); }

std::optional<IoRequest> Server::poll_request() { return core_->shared().poll_request(); }
std::optional<Transmit> Server::poll_transmit() { return core_->poll_transmit(); }
std::optional<Event> Server::poll_event() { return core_->shared().poll_event(); }

void Server::set_unix_time(TimePoint now, std::int64_t seconds) {
  core_->shared().advance(now);
  core_->shared().set_unix_time(seconds);
}
void Server::close(TimePoint now) { core_->close(now); }
ServerStats Server::stats() const { return core_->stats(); }

}  // namespace petrel::inline v0::turn_server

// The half of Gatherer that deals with servers that change and with relays that are lost.

#include <algorithm>
#include <utility>

#include "ice/gatherer.hpp"

namespace petrel::inline v0::ice {
namespace {

// A relay that is lost is asked for again: soon at first, since a call may hang on it and a server that
// restarts is back within seconds; but one that is gone for good is not to be asked all the time.
constexpr Duration first_retry = std::chrono::seconds(1);
constexpr Duration last_retry = std::chrono::seconds(30);

}  // namespace

void Gatherer::set_servers(std::vector<StunServer> stun, std::vector<TurnServer> turn) {
  shared_.config.stun_servers = std::move(stun);
  shared_.config.turn_servers = std::move(turn);
  const std::vector<Server> before = std::exchange(servers_, {});
  if (before.empty()) return;  // They are named when they are first needed.
  name_servers();
  for (Server& server : servers_) {
    const auto known = std::ranges::find(before, server.url, &Server::url);
    if (known == before.end()) continue;
    server.resolving = known->resolving;
    server.endpoints = known->endpoints;
    server.report = known->report;
    if (server.turn) relays_.set_credentials(*server.turn);
  }
  if (retry_at_) retry_at_ = shared_.now;  // What was refused before may be granted now.
  collect();
}

void Gatherer::miss_relay(std::size_t report) {
  if (std::ranges::find(missed_relays_, report) == missed_relays_.end()) missed_relays_.push_back(report);
  if (retry_at_) return;
  retry_wait_ = std::clamp(2 * retry_wait_, first_retry, last_retry);
  retry_at_ = shared_.now + retry_wait_;
}

void Gatherer::ask_for_lost_relays() {
  retry_at_.reset();
  if (!limit_) limit_ = shared_.now + shared_.config.gathering_limit;
  for (const std::size_t missed : missed_relays_) {
    const ServerReport report = shared_.server_reports[missed];
    const auto server = std::ranges::find(servers_, report.url, &Server::url);
    const auto socket = std::ranges::find(sockets_, report.local, &Socket::local);
    if (server == servers_.end() || socket == sockets_.end() || !report.endpoint) continue;
    ask_from(*socket, *server, *report.endpoint);
  }
  finish_if_done();
}

void Gatherer::find_again(std::size_t report) {
  std::erase(missed_relays_, report);
  if (!missed_relays_.empty()) return;
  retry_at_.reset();
  retry_wait_ = {};
}

}  // namespace petrel::inline v0::ice

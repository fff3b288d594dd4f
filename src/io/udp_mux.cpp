#include "petrel/io/udp_mux.hpp"

#include <algorithm>

#include "petrel/stun/message.hpp"

namespace petrel::inline v0::io {

void UdpMux::join(NetworkUserId id, FlowId flow, SharedSocketId socket) {
  User& user = users_[id];
  if (std::ranges::find(user.seats, flow, &Seat::flow) != user.seats.end()) return;
  user.seats.push_back({flow, socket});
  ++seats_[socket];
}

std::optional<SharedSocketId> UdpMux::leave(NetworkUserId id, FlowId flow) {
  const auto user = users_.find(id);
  if (user == users_.end()) return std::nullopt;
  const auto seat = std::ranges::find(user->second.seats, flow, &Seat::flow);
  if (seat == user->second.seats.end()) return std::nullopt;
  const SharedSocketId socket = seat->socket;
  user->second.seats.erase(seat);
  for (const Address& address : std::vector(user->second.addresses)) {
    if (address.socket == socket) forget_address(address);
  }
  const auto count = seats_.find(socket);
  if (--count->second > 0) return std::nullopt;
  seats_.erase(count);
  return socket;
}

std::vector<SharedSocketId> UdpMux::remove(NetworkUserId id) {
  std::vector<SharedSocketId> unused;
  const auto user = users_.find(id);
  if (user == users_.end()) return unused;
  while (!user->second.seats.empty()) {
    if (const auto socket = leave(id, user->second.seats.back().flow)) unused.push_back(*socket);
  }
  forget_ufrags(id, user->second);
  for (const stun::TransactionId& request : user->second.requests) requests_.erase(request);
  for (const Address& address : user->second.addresses) addresses_.erase(address);
  users_.erase(user);
  return unused;
}

void UdpMux::name_ufrags(NetworkUserId id, std::span<const std::string> ufrags) {
  User& user = users_[id];
  forget_ufrags(id, user);
  for (const std::string& ufrag : ufrags.first(std::min(ufrags.size(), max_ufrags))) {
    if (!ufrags_.emplace(ufrag, id).second) {
      ++stats_.taken_ufrags;
      continue;
    }
    user.ufrags.push_back(ufrag);
  }
}

void UdpMux::forget_ufrags(NetworkUserId id, User& user) {
  for (const std::string& ufrag : user.ufrags) {
    const auto known = ufrags_.find(ufrag);
    if (known != ufrags_.end() && known->second == id) ufrags_.erase(known);
  }
  user.ufrags.clear();
}

std::optional<SharedSocketId> UdpMux::socket_of(NetworkUserId id, FlowId flow) const {
  const auto user = users_.find(id);
  if (user == users_.end()) return std::nullopt;
  const auto seat = std::ranges::find(user->second.seats, flow, &Seat::flow);
  if (seat == user->second.seats.end()) return std::nullopt;
  return seat->socket;
}

std::vector<UdpMux::Receiver> UdpMux::receivers(SharedSocketId socket) const {
  std::vector<Receiver> all;
  for (const auto& [id, user] : users_) {
    for (const Seat& seat : user.seats) {
      if (seat.socket == socket) all.push_back({id, seat.flow});
    }
  }
  // In the order in which they came, so that a run is like the next.
  std::ranges::sort(all, {}, &Receiver::user);
  return all;
}

std::optional<UdpMux::Receiver> UdpMux::receiver(NetworkUserId id, SharedSocketId socket) const {
  const auto user = users_.find(id);
  if (user == users_.end()) return std::nullopt;
  const auto seat = std::ranges::find(user->second.seats, socket, &Seat::socket);
  if (seat == user->second.seats.end()) return std::nullopt;
  return Receiver{id, seat->flow};
}

// ---- On the way in ----------------------------------------------------------------------

std::optional<UdpMux::Receiver> UdpMux::route(TimePoint now, SharedSocketId socket, const Endpoint& source,
                                              Bytes payload) {
  if (!payload.empty() && payload.front() <= last_stun_byte) return route_stun(now, socket, source, payload);
  return route_by_source(socket, source);
}

std::optional<UdpMux::Receiver> UdpMux::route_by_source(SharedSocketId socket, const Endpoint& source) {
  const auto claimed = addresses_.find({socket, source});
  const auto to =
      claimed == addresses_.end() ? std::nullopt : receiver(claimed->second.user, claimed->first.socket);
  if (!to) ++stats_.unknown_source;
  return to;
}

std::optional<UdpMux::Receiver> UdpMux::route_stun(TimePoint now, SharedSocketId socket,
                                                   const Endpoint& source, Bytes payload) {
  const auto message = stun::MessageView::parse(payload);
  if (!message) {
    ++stats_.malformed;
    return std::nullopt;
  }
  switch (message->message_class()) {
    case stun::Class::request:
      return route_request(socket, message->username().value_or(""));
    case stun::Class::indication:
      return route_by_source(socket, source);
    case stun::Class::success_response:
    case stun::Class::error_response:
      break;
  }
  const auto asked = requests_.find(message->id());
  const auto to =
      asked == requests_.end() ? std::nullopt : receiver(asked->second.user, asked->second.to.socket);
  if (!to || asked->second.to.socket != socket || asked->second.expires <= now) {
    ++stats_.unknown_response;
    return std::nullopt;
  }
  const Request request = asked->second;
  forget_request(message->id());
  const bool from_there = request.to.remote == source;
  if (request.is_check && from_there && message->message_class() == stun::Class::success_response)
    claim(now, request.user, request.to, true);
  return to;
}

std::optional<UdpMux::Receiver> UdpMux::route_request(SharedSocketId socket, std::string_view username) {
  const auto named = ufrags_.find(username.substr(0, username.find(':')));
  const auto to = named == ufrags_.end() ? std::nullopt : receiver(named->second, socket);
  if (!to) ++stats_.unknown_ufrag;
  return to;
}

// ---- On the way out ---------------------------------------------------------------------

void UdpMux::handle_sent_stun(TimePoint now, NetworkUserId user, SharedSocketId socket,
                              const Endpoint& destination, Bytes payload) {
  const auto message = stun::MessageView::parse(payload);
  if (!message || message->method() != stun::Method::binding || !users_.contains(user)) return;
  const Address address{socket, destination};
  if (message->message_class() == stun::Class::request) {
    remember(now, message->id(), {user, address, now + request_lifetime, message->username().has_value()});
  } else if (message->message_class() == stun::Class::success_response) {
    claim(now, user, address, false);
  }
}

void UdpMux::remember(TimePoint now, const stun::TransactionId& id, Request request) {
  if (const auto known = requests_.find(id); known != requests_.end()) {
    // Sent again. Of two users with one id, which chance does not make, the first has it.
    if (known->second.user == request.user) known->second = request;
    return;
  }
  std::vector<stun::TransactionId>& own = users_.at(request.user).requests;
  const auto is_over = [&](const stun::TransactionId& each) { return requests_.at(each).expires <= now; };
  while (!own.empty() && (own.size() >= max_requests || is_over(own.front()))) {
    requests_.erase(own.front());
    own.erase(own.begin());
  }
  own.push_back(id);
  requests_.emplace(id, request);
}

void UdpMux::forget_request(const stun::TransactionId& id) {
  const auto request = requests_.find(id);
  std::erase(users_.at(request->second.user).requests, id);
  requests_.erase(request);
}

void UdpMux::claim(TimePoint now, NetworkUserId id, const Address& address, bool proven) {
  const auto [entry, added] = addresses_.try_emplace(address, Claim{id, now, std::nullopt});
  Claim& claim = entry->second;
  if (!added && claim.user != id) {
    const bool holds = now < claim.made_good + claim_lifetime;
    const bool is_proven = claim.proven && now < *claim.proven + claim_lifetime;
    if (holds && (!proven || is_proven)) {
      ++stats_.contested;
      return;
    }
    std::erase(users_.at(claim.user).addresses, address);
    claim = {id, now, std::nullopt};
  }
  claim.made_good = now;
  if (proven) claim.proven = now;
  User& user = users_.at(id);
  if (std::ranges::find(user.addresses, address) != user.addresses.end()) return;
  if (user.addresses.size() >= max_addresses) make_room(user);
  user.addresses.push_back(address);
}

void UdpMux::make_room(User& user) {
  const auto quietest = std::ranges::min_element(
      user.addresses, {}, [&](const Address& each) { return addresses_.at(each).made_good; });
  addresses_.erase(*quietest);
  user.addresses.erase(quietest);
}

void UdpMux::forget_address(const Address& address) {
  const auto known = addresses_.find(address);
  if (known == addresses_.end()) return;
  std::erase(users_.at(known->second.user).addresses, address);
  addresses_.erase(known);
}

}  // namespace petrel::inline v0::io

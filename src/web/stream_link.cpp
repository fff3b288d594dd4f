#include "petrel/web/stream_link.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace petrel::inline v0::web {
namespace {

// Bytes that the owner has not taken. It takes them whenever it is called, so this is never met by a core
// that works; a peer cannot make one that does not.
constexpr std::size_t max_unread_bytes = 4 * 1024 * 1024;

std::string printable(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

}  // namespace

StreamLink::StreamLink(TimePoint now, LinkTarget target, const tls::ClientConfig& tls, Duration setup_limit,
                       FlowNumbers& numbers)
    : target_(std::move(target)), tls_config_(tls), numbers_(numbers), setup_deadline_(now + setup_limit) {
  tls_config_.transport = tls::Transport::stream;
  tls_config_.server_name = target_.host;
  tls_config_.handshake_timeout = setup_limit;
  if (const auto address = IpAddress::parse(target_.host)) {
    addresses_.push_back(*address);
    connect_next(now);
  } else {
    resolution_ = numbers_.next_resolution++;
    requests_.push_back(Resolve{resolution_, target_.host});
  }
}

void StreamLink::send(TimePoint now, std::string_view bytes) {
  if (!open()) return;
  if (state_ != State::ready) {
    if (early_.size() + bytes.size() > max_unsent_bytes) {
      return fail(make_error_code(Errc::too_much_unsent), make_error_code(Errc::too_much_unsent).message());
    }
    early_ += bytes;
    return;
  }
  if (tls_) {
    if (const auto sent = tls_->send(now, as_bytes(bytes)); !sent && open()) {
      fail(make_error_code(Errc::too_much_unsent), "the server takes in no data any more");
    }
    take_tls(now);
    return;
  }
  write(bytes);
}

void StreamLink::write(std::string_view bytes) {
  if (unsent_bytes_ + bytes.size() > max_unsent_bytes) {
    return fail(make_error_code(Errc::too_much_unsent), "the server takes in no data any more");
  }
  unsent_bytes_ += bytes.size();
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, PacketBuffer::capacity);
    auto packet = PacketBuffer::copy_of(as_bytes(piece));
    transmits_.push_back(Transmit{*flow_, {}, *std::move(packet)});
    bytes.remove_prefix(piece.size());
  }
}

std::string StreamLink::take_received() { return std::exchange(received_, {}); }

void StreamLink::close(TimePoint now) {
  if (state_ == State::closed || failure_) return;
  if (tls_ && tls_->open()) {
    tls_->close(now);
    while (auto packet = tls_->poll_packet()) transmits_.push_back(Transmit{*flow_, {}, *std::move(packet)});
  }
  drop_flow();
  state_ = State::closed;
}

// The request comes behind what was sent: the owner polls transmits first.
void StreamLink::drop_flow() {
  if (flow_) requests_.push_back(CloseFlow{*std::exchange(flow_, std::nullopt)});
  address_deadline_.reset();
}

void StreamLink::fail(std::error_code error, std::string detail) {
  if (failure_) return;
  failure_ = LinkFailure{error, std::move(detail)};
  drop_flow();
  early_.clear();
}

bool StreamLink::handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses) {
  if (id != resolution_ || state_ != State::resolving || failure_) return id == resolution_;
  const std::size_t count = std::min(addresses.size(), max_addresses);
  addresses_.assign(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(count));
  if (addresses_.empty()) {
    fail(make_error_code(Errc::name_not_found), "no address is known for " + printable(target_.host) +
                                                    ": check the network, the region and the name");
    return true;
  }
  connect_next(now);
  return true;
}

void StreamLink::connect_next(TimePoint now) {
  drop_flow();
  if (next_address_ == addresses_.size()) {
    const std::string why = last_error_ ? last_error_.message() : "no answer";
    return fail(make_error_code(Errc::connect_failed), "cannot connect to " + printable(target_.host) +
                                                           ", TCP port " + std::to_string(target_.port) +
                                                           ": " + why);
  }
  const IpAddress& address = addresses_[next_address_++];
  state_ = State::connecting;
  flow_ = FlowId{numbers_.next_flow++};
  address_deadline_.reset();
  if (next_address_ < addresses_.size()) address_deadline_ = now + address_limit;
  requests_.push_back(
      Connect{*flow_, {address.is_v4() ? IpAddress() : IpAddress::v6({}), 0}, {address, target_.port}});
}

bool StreamLink::handle_flow(TimePoint now, FlowId flow, const FlowChange& change) {
  if (!flow_ || flow != *flow_) return false;
  if (const auto* opened = std::get_if<FlowOpened>(&change)) {
    local_address_ = opened->local.address;
    connected(now);
  } else if (const auto* failed = std::get_if<FlowFailed>(&change)) {
    flow_.reset();  // It is gone already.
    last_error_ = failed->error;
    if (state_ == State::connecting) {
      connect_next(now);
    } else {
      fail(failed->error,
           "the connection to " + printable(target_.host) + " broke: " + failed->error.message());
    }
  } else if (std::holds_alternative<FlowClosed>(change)) {
    flow_.reset();
    if (tls_ && tls_->open()) {
      tls_->handle_end(now);
      take_tls(now);
    } else if (!failure_ && state_ == State::ready) {
      state_ = State::ended;
    } else if (open()) {
      fail(make_error_code(Errc::connection_closed), make_error_code(Errc::connection_closed).message());
    }
  }
  return true;
}

void StreamLink::connected(TimePoint now) {
  if (state_ != State::connecting) return;
  address_deadline_.reset();
  if (!target_.secure) {
    state_ = State::ready;
    return flush_early(now);
  }
  state_ = State::securing;
  auto connection = tls::Connection::client(now, tls_config_);
  if (!connection) return fail(connection.error(), connection.error().message());
  tls_.emplace(*std::move(connection));
  take_tls(now);
}

void StreamLink::flush_early(TimePoint now) {
  const std::string early = std::exchange(early_, {});
  if (!early.empty()) send(now, early);
}

void StreamLink::take_tls(TimePoint now) {
  if (!tls_) return;
  while (auto packet = tls_->poll_packet()) {
    if (flow_) transmits_.push_back(Transmit{*flow_, {}, *std::move(packet)});
  }
  while (auto event = tls_->poll_event()) {
    if (auto* data = std::get_if<tls::Data>(&*event)) {
      received_ += as_text(data->payload.bytes());
    } else if (std::holds_alternative<tls::Connected>(*event)) {
      state_ = State::ready;
      flush_early(now);
      if (!tls_) return;
    } else if (auto* failed = std::get_if<tls::Failed>(&*event)) {
      fail(failed->error, std::move(failed->detail));
    } else if (!failure_) {  // Closed
      state_ = State::ended;
      drop_flow();
    }
  }
}

bool StreamLink::handle_bytes(TimePoint now, FlowId flow, Bytes bytes) {
  if (!flow_ || flow != *flow_) return false;
  if (!open()) return true;
  if (tls_) {
    tls_->handle_bytes(now, bytes);
    take_tls(now);
  } else {
    received_ += as_text(bytes);
  }
  if (received_.size() > max_unread_bytes)
    fail(make_error_code(Errc::protocol_error), "more came than was asked for");
  return true;
}

void StreamLink::handle_timeout(TimePoint now) {
  if (!open()) return;
  if (state_ != State::ready && now >= setup_deadline_) {
    return fail(make_error_code(Errc::timed_out),
                printable(target_.host) + ", TCP port " + std::to_string(target_.port) +
                    ", did not answer in time" +
                    (last_error_ ? ": " + last_error_.message() : std::string()));
  }
  if (address_deadline_ && now >= *address_deadline_) return connect_next(now);
  if (tls_) {
    tls_->handle_timeout(now);
    take_tls(now);
  }
}

std::optional<TimePoint> StreamLink::next_timeout() const {
  if (!open()) return std::nullopt;
  std::optional<TimePoint> next = tls_ ? tls_->next_timeout() : std::nullopt;
  const auto consider = [&](std::optional<TimePoint> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  consider(address_deadline_);
  if (state_ != State::ready) consider(setup_deadline_);
  return next;
}

std::optional<IoRequest> StreamLink::poll_request() { return requests_.take(); }

std::optional<Transmit> StreamLink::poll_transmit() {
  auto transmit = transmits_.take();
  if (transmit) unsent_bytes_ -= std::min(unsent_bytes_, transmit->payload.size());
  return transmit;
}

}  // namespace petrel::inline v0::web

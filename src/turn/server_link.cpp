#include "turn/server_link.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace petrel::inline v0::turn {
namespace {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

tls::ClientConfig tls_config_of(const ClientConfig& config) {
  tls::ClientConfig tls = config.tls;
  tls.transport =
      config.protocol == TransportProtocol::dtls ? tls::Transport::datagram : tls::Transport::stream;
  tls.server_name = config.server_name.empty() ? config.server.address.to_string() : config.server_name;
  tls.handshake_timeout = config.setup_limit;
  return tls;
}

}  // namespace

ServerLink::ServerLink(TimePoint now, const ClientConfig& config, FlowId flow)
    : flow_(flow),
      server_(config.server),
      protocol_(config.protocol),
      last_sent_(now),
      tls_config_(tls_config_of(config)) {
  if (config.http_proxy && !is_datagram()) {
    tunnel_.emplace(*config.http_proxy, config.tunnel_to);
    auto request = tunnel_->request();
    if (request) {
      transmits_.push({flow_, server_, *std::move(request)});
    } else {
      failure_ = LinkFailure{request.error(), request.error().message()};
    }
  } else {
    secure(now);
  }
}

// The way to the server is open.
void ServerLink::secure(TimePoint now) {
  if (protocol_ == TransportProtocol::udp || protocol_ == TransportProtocol::tcp) {
    ready_ = true;
    return;
  }
  auto connection = tls::Connection::client(now, std::move(tls_config_));
  if (connection) {
    tls_.emplace(*std::move(connection));
  } else {
    failure_ = LinkFailure{connection.error(), connection.error().message()};
  }
}

// What is left of the bytes for the server.
Bytes ServerLink::through_tunnel(TimePoint now, Bytes bytes) {
  const Bytes rest = tunnel_->feed(bytes);
  failure_ = tunnel_->failure();
  if (!tunnel_->is_open()) return {};
  tunnel_.reset();
  secure(now);
  return rest;
}

void ServerLink::handle_bytes(TimePoint now, Bytes bytes) {
  if (failure_) return;
  if (tunnel_) {
    bytes = through_tunnel(now, bytes);
    if (bytes.empty()) return;
  }
  if (tls_) {
    tls_->handle_bytes(now, bytes);
    take_tls_events();
  } else if (protocol_ == TransportProtocol::udp) {
    datagram_ = bytes;
  } else if (raw_) {
    take_raw(bytes);
  } else if (!failure_) {
    deframer_.feed(bytes);
  }
}

void ServerLink::take_tls_events() {
  while (auto event = tls_->poll_event()) {
    std::visit(
        Overloaded{
            [this](tls::Connected&) { ready_ = true; },
            [this](tls::Data& data) {
              if (is_datagram() || raw_) {
                records_.push(std::move(data.payload));
              } else {
                deframer_.feed(data.payload.bytes());
              }
            },
            [this](tls::Closed&) {
              failure_ = LinkFailure{make_error_code(Errc::connection_closed), "the server closed it"};
            },
            [this](tls::Failed& failed) { failure_ = LinkFailure{failed.error, std::move(failed.detail)}; },
        },
        *event);
  }
}

void ServerLink::become_raw() {
  raw_ = true;
  take_raw(deframer_.take_rest());
}

void ServerLink::take_raw(Bytes bytes) {
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), PacketBuffer::capacity));
    records_.push(PacketBuffer::copy_of(piece).value());
    bytes = bytes.subspan(piece.size());
  }
}

std::optional<Bytes> ServerLink::next_message() {
  if (protocol_ == TransportProtocol::udp) {
    const Bytes message = std::exchange(datagram_, {});
    if (message.empty()) return std::nullopt;
    return message;
  }
  if (is_datagram()) {
    auto record = records_.pop();
    if (!record) return std::nullopt;
    record_ = std::move(record);
    return record_->bytes();
  }
  const auto message = deframer_.next();
  if (deframer_.broken() && !failure_) {
    failure_ = LinkFailure{make_error_code(Errc::bad_framing), make_error_code(Errc::bad_framing).message()};
  }
  return message;
}

bool ServerLink::send(TimePoint now, PacketBuffer message) {
  if (failure_ || tunnel_) return false;
  last_sent_ = now;
  if (tls_) return tls_->send(now, message.bytes()).has_value();
  if (transmits_.size() >= Client::max_unsent_packets) return false;
  transmits_.push({flow_, server_, std::move(message)});
  return true;
}

void ServerLink::close(TimePoint now) {
  if (tls_) tls_->close(now);
}

void ServerLink::discard_output() { transmits_.clear(); }

void ServerLink::handle_timeout(TimePoint now) {
  if (!tls_ || failure_) return;
  tls_->handle_timeout(now);
  take_tls_events();
}

std::optional<TimePoint> ServerLink::next_timeout() const {
  if (!tls_ || failure_) return std::nullopt;
  return tls_->next_timeout();
}

std::optional<Transmit> ServerLink::poll_transmit() {
  if (auto transmit = transmits_.pop()) return transmit;
  if (!tls_) return std::nullopt;
  auto packet = tls_->poll_packet();
  if (!packet) return std::nullopt;
  return Transmit{flow_, server_, *std::move(packet)};
}

}  // namespace petrel::inline v0::turn

#pragma once

#include <compare>
#include <cstddef>
#include <functional>

#include "petrel/net/io_request.hpp"

namespace petrel::inline v0::turn_server {

/// What RFC 8656 calls a 5-tuple: the flow stands for our address, our port and the transport.
struct ClientId {
  FlowId flow;
  Endpoint remote;

  /// Over TCP or TLS: such a flow has one client only.
  bool is_stream() const { return flow >= first_accepted_flow; }

  friend auto operator<=>(const ClientId&, const ClientId&) = default;
};

}  // namespace petrel::inline v0::turn_server

template <>
struct std::hash<petrel::turn_server::ClientId> {
  std::size_t operator()(const petrel::turn_server::ClientId& client) const noexcept {
    return std::hash<petrel::Endpoint>{}(client.remote) * 31 + client.flow.value;
  }
};

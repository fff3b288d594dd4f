#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>

#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::io {

/// The kernel's form of an endpoint, and back.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
};

SocketAddress to_socket_address(const Endpoint& endpoint);
std::optional<Endpoint> to_endpoint(const sockaddr_storage& storage);
std::optional<IpAddress> to_ip_address(const sockaddr* address);

}  // namespace petrel::inline v0::io

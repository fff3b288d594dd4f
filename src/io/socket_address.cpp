#include "io/socket_address.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace petrel::inline v0::io {
namespace {

// sockaddr is the C library's own overlay; copying through memcpy keeps it free of aliasing tricks.
template <class Address>
Address as(const void* storage) {
  Address address{};
  std::memcpy(&address, storage, sizeof(address));
  return address;
}

}  // namespace

SocketAddress to_socket_address(const Endpoint& endpoint) {
  SocketAddress out;
  const auto& octets = endpoint.address.octets();
  if (endpoint.address.is_v4()) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::memcpy(&address.sin_addr, octets.data(), 4);
    std::memcpy(&out.storage, &address, sizeof(address));
    out.size = sizeof(address);
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(endpoint.port);
    address.sin6_scope_id = endpoint.address.scope_id();
    std::memcpy(&address.sin6_addr, octets.data(), 16);
    std::memcpy(&out.storage, &address, sizeof(address));
    out.size = sizeof(address);
  }
  return out;
}

std::optional<IpAddress> to_ip_address(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  std::array<std::uint8_t, 16> octets{};
  if (address->sa_family == AF_INET) {
    const auto v4 = as<sockaddr_in>(address);
    std::memcpy(octets.data(), &v4.sin_addr, 4);
    return IpAddress::v4(octets[0], octets[1], octets[2], octets[3]);
  }
  if (address->sa_family == AF_INET6) {
    const auto v6 = as<sockaddr_in6>(address);
    std::memcpy(octets.data(), &v6.sin6_addr, 16);
    return IpAddress::v6(octets, v6.sin6_scope_id);
  }
  return std::nullopt;
}

std::optional<Endpoint> to_endpoint(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto v4 = as<sockaddr_in>(&storage);
    std::array<std::uint8_t, 4> octets{};
    std::memcpy(octets.data(), &v4.sin_addr, 4);
    return Endpoint{IpAddress::v4(octets[0], octets[1], octets[2], octets[3]), ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto v6 = as<sockaddr_in6>(&storage);
    std::array<std::uint8_t, 16> octets{};
    std::memcpy(octets.data(), &v6.sin6_addr, 16);
    return Endpoint{IpAddress::v6(octets, v6.sin6_scope_id), ntohs(v6.sin6_port)};
  }
  return std::nullopt;
}

}  // namespace petrel::inline v0::io

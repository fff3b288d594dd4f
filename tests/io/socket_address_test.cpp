#include "io/socket_address.hpp"

#include <gtest/gtest.h>

namespace petrel::inline v0::io {
namespace {

TEST(SocketAddress, GoesToTheKernelsFormAndBack) {
  std::array<std::uint8_t, 16> link_local{0xfe, 0x80};
  link_local[15] = 1;
  for (const Endpoint& endpoint : {Endpoint::v4(192, 0, 2, 1, 5000), *Endpoint::parse("[2001:db8::1]:443"),
                                   Endpoint{IpAddress::v6(link_local, 3), 1}}) {
    const SocketAddress address = to_socket_address(endpoint);
    EXPECT_EQ(to_endpoint(address.storage), endpoint) << endpoint.to_string();
  }
}

TEST(SocketAddress, KnowsNoOtherFamilies) {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  EXPECT_FALSE(to_endpoint(storage));
  EXPECT_FALSE(to_ip_address(nullptr));
}

}  // namespace
}  // namespace petrel::inline v0::io

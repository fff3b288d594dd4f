#include "io/interface_watch.hpp"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <utility>

namespace petrel::inline v0::io {
namespace {

using namespace std::chrono_literals;

// An interface that comes up is told by several messages within a few milliseconds.
constexpr auto quiet_time = 100ms;

}  // namespace

std::shared_ptr<InterfaceWatch> InterfaceWatch::start(const asio::any_io_executor& executor,
                                                      OnChange on_change) {
  const int netlink = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (netlink < 0) return nullptr;
  sockaddr_nl groups{};
  groups.nl_family = AF_NETLINK;
  groups.nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR;
  sockaddr_storage address{};
  std::memcpy(&address, &groups, sizeof(groups));
  const void* generic = &address;
  if (::bind(netlink, static_cast<const sockaddr*>(generic), sizeof(groups)) != 0) {
    ::close(netlink);
    return nullptr;
  }
  auto watch = std::make_shared<InterfaceWatch>(asio::posix::stream_descriptor(executor, netlink),
                                                std::move(on_change));
  watch->wait();
  return watch;
}

InterfaceWatch::InterfaceWatch(asio::posix::stream_descriptor netlink, OnChange on_change)
    : netlink_(std::move(netlink)), quiet_(netlink_.get_executor()), on_change_(std::move(on_change)) {}

void InterfaceWatch::close() {
  on_change_ = nullptr;
  std::error_code ignored;
  quiet_.cancel();
  netlink_.close(ignored);
}

void InterfaceWatch::wait() {
  netlink_.async_wait(
      asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](std::error_code error) {
        if (error || !self->on_change_) return;
        // What changed is not looked at: the list is read anew. An overflow
        // (ENOBUFS) is a change too.
        std::array<std::byte, 8192> message;
        for (;;) {
          const ssize_t got =
              ::recv(self->netlink_.native_handle(), message.data(), message.size(), MSG_DONTWAIT);
          if (got <= 0) break;
        }
        self->tell_soon();
        self->wait();
      });
}

void InterfaceWatch::tell_soon() {
  quiet_.expires_after(quiet_time);
  quiet_.async_wait([self = shared_from_this()](std::error_code error) {
    if (error || !self->on_change_) return;
    const OnChange tell = self->on_change_;  // A copy: its user may close us from inside.
    tell();
  });
}

}  // namespace petrel::inline v0::io

#include "io/udp_socket.hpp"

#include <sys/socket.h>

#include <array>
#include <asio/ip/multicast.hpp>
#include <asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/socket_address.hpp"

namespace petrel::inline v0::io {
namespace {

constexpr std::size_t batch_size = 32;

// Larger than any datagram that WebRTC sends; a longer one is dropped.
constexpr std::size_t receive_bytes = 2048;

// Fairness: one busy socket gives way to the rest of the executor after this many batches.
constexpr int batches_per_wakeup = 8;

// Receive space is used only inside receive_batch(), so one per thread serves all sockets.
struct ReceiveSpace {
  std::array<std::array<std::byte, receive_bytes>, batch_size> payloads;
  std::array<sockaddr_storage, batch_size> sources;
  std::array<iovec, batch_size> vectors;
  std::array<mmsghdr, batch_size> messages;

  static ReceiveSpace& of_thread() {
    static thread_local ReceiveSpace space;
    return space;
  }
};

}  // namespace

Result<std::shared_ptr<UdpSocket>> UdpSocket::bind(const asio::any_io_executor& executor,
                                                   const Endpoint& local, Options options) {
  const auto family = local.address.is_v4() ? asio::ip::udp::v4() : asio::ip::udp::v6();
  asio::ip::udp::socket socket(executor);
  std::error_code error;
  socket.open(family, error);
  if (!error && local.address.is_v6()) socket.set_option(asio::ip::v6_only(true), error);
  if (!error) {
    const SocketAddress address = to_socket_address(local);
    asio::ip::udp::endpoint endpoint;
    endpoint.resize(address.size);
    std::memcpy(endpoint.data(), &address.storage, address.size);
    socket.bind(endpoint, error);
  }
  if (!error) socket.non_blocking(true, error);
  // Asio's category compares to no std::errc.
  if (error) return std::error_code(error.value(), std::system_category());

  // The system may allow less than we ask for; then it is less, not an error.
  std::error_code ignored;
  socket.set_option(asio::socket_base::receive_buffer_size(options.buffer_bytes), ignored);
  socket.set_option(asio::socket_base::send_buffer_size(options.buffer_bytes), ignored);
  return std::make_shared<UdpSocket>(std::move(socket), options);
}

Result<std::shared_ptr<UdpSocket>> UdpSocket::join(const asio::any_io_executor& executor,
                                                   const Endpoint& group, const IpAddress& interface,
                                                   Options options) {
  namespace multicast = asio::ip::multicast;
  // mDNS wants 255 (RFC 6762 11), and it does not leave the link by less.
  constexpr int hops = 255;
  const bool v4 = group.address.is_v4();
  asio::ip::udp::socket socket(executor);
  std::error_code error;
  const auto set = [&](const auto& option) {
    if (!error) socket.set_option(option, error);
  };
  socket.open(v4 ? asio::ip::udp::v4() : asio::ip::udp::v6(), error);
  set(asio::socket_base::reuse_address(true));
  set(asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true));
  if (v4) {
    // Only what this socket has joined, not what other programs have.
    set(asio::detail::socket_option::boolean<IPPROTO_IP, IP_MULTICAST_ALL>(false));
    if (!error) socket.bind({asio::ip::address_v4::any(), group.port}, error);
    const auto octets = [](const IpAddress& address) {
      const auto& all = address.octets();
      return asio::ip::address_v4({all[0], all[1], all[2], all[3]});
    };
    set(multicast::join_group(octets(group.address), octets(interface)));
    set(multicast::outbound_interface(octets(interface)));
  } else {
    set(asio::ip::v6_only(true));
    set(asio::detail::socket_option::boolean<IPPROTO_IPV6, IPV6_MULTICAST_ALL>(false));
    if (!error) socket.bind({asio::ip::address_v6::any(), group.port}, error);
    set(multicast::join_group(asio::ip::address_v6(group.address.octets()), interface.scope_id()));
    set(multicast::outbound_interface(interface.scope_id()));
  }
  set(multicast::enable_loopback(true));
  set(multicast::hops(hops));
  if (!error) socket.non_blocking(true, error);
  if (error) return std::error_code(error.value(), std::system_category());
  return std::make_shared<UdpSocket>(std::move(socket), options);
}

UdpSocket::UdpSocket(asio::ip::udp::socket socket, Options options)
    : socket_(std::move(socket)), options_(options) {
  std::error_code error;
  const auto endpoint = socket_.local_endpoint(error);
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  local_ = to_endpoint(storage).value_or(Endpoint{});
}

void UdpSocket::start(OnDatagrams on_datagrams, OnWritable on_writable) {
  on_datagrams_ = std::move(on_datagrams);
  on_writable_ = std::move(on_writable);
  wait_readable();
}

void UdpSocket::close() {
  on_datagrams_ = nullptr;
  on_writable_ = nullptr;
  std::error_code ignored;
  socket_.close(ignored);
}

void UdpSocket::wait_readable() {
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](std::error_code error) {
    if (error || !self->on_datagrams_) return;
    for (int batch = 0; batch < batches_per_wakeup; ++batch) {
      if (!self->receive_batch()) break;
      if (!self->on_datagrams_) return;  // The batch made its user close us.
    }
    self->wait_readable();
  });
}

// False: nothing is left to read now.
bool UdpSocket::receive_batch() {
  ReceiveSpace& space = ReceiveSpace::of_thread();
  for (std::size_t i = 0; i < batch_size; ++i) {
    space.vectors[i] = {space.payloads[i].data(), receive_bytes};
    space.messages[i] = {};
    msghdr& header = space.messages[i].msg_hdr;
    header.msg_name = &space.sources[i];
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_iov = &space.vectors[i];
    header.msg_iovlen = 1;
  }
  const int received =
      ::recvmmsg(socket_.native_handle(), space.messages.data(), batch_size, MSG_DONTWAIT, nullptr);
  // An ICMP error of an earlier send shows up here (ECONNREFUSED). RFC 7675 5.1 wants it
  // ignored, and the next read goes on as if nothing had been.
  if (received < 0) return errno == ECONNREFUSED || errno == EINTR;

  std::array<Datagram, batch_size> datagrams;
  std::size_t count = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
    const auto source = to_endpoint(space.sources[i]);
    if (!source || (space.messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
    datagrams[count++] = {options_.flow, *source, local_,
                          Bytes(space.payloads[i]).first(space.messages[i].msg_len)};
  }
  if (count > 0) {
    // A copy of the function: the user may close this socket from inside.
    const OnDatagrams deliver = on_datagrams_;
    deliver(std::span(datagrams).first(count));
  }
  return static_cast<std::size_t>(received) == batch_size;
}

std::size_t UdpSocket::send(std::span<Transmit> transmits) {
  std::array<SocketAddress, batch_size> addresses;
  std::array<iovec, batch_size> vectors;
  std::array<mmsghdr, batch_size> messages;
  std::size_t taken = 0;
  while (taken < transmits.size()) {
    const std::size_t count = std::min(batch_size, transmits.size() - taken);
    for (std::size_t i = 0; i < count; ++i) {
      Transmit& transmit = transmits[taken + i];
      addresses[i] = to_socket_address(transmit.destination);
      vectors[i] = {transmit.payload.data(), transmit.payload.size()};
      messages[i] = {};
      messages[i].msg_hdr.msg_name = &addresses[i].storage;
      messages[i].msg_hdr.msg_namelen = addresses[i].size;
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent =
        ::sendmmsg(socket_.native_handle(), messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT);
    if (sent > 0) {
      taken += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      wait_writable();
      break;
    } else if (errno != EINTR && errno != ECONNREFUSED) {
      ++taken;  // Refused for good (ENETUNREACH, EMSGSIZE, EPERM …): loss, which the protocols survive.
    }
  }
  return taken;
}

void UdpSocket::wait_writable() {
  if (awaiting_writable_) return;
  awaiting_writable_ = true;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](std::error_code error) {
    self->awaiting_writable_ = false;
    if (error || !self->on_writable_) return;
    const OnWritable tell = self->on_writable_;
    tell();
  });
}

}  // namespace petrel::inline v0::io

#include "io/udp_socket.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/ip/multicast.hpp>
#include <asio/ip/v6_only.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/socket_address.hpp"
#include "io/udp_batch.hpp"

namespace petrel::inline v0::io {
namespace {

// Larger than any datagram that WebRTC sends; a longer one is dropped.
constexpr std::size_t longest_datagram = 2048;

// Fairness: one busy socket gives way to the rest of the executor after this many batches.
constexpr int batches_per_wakeup = 8;

// Datagrams delivered at once: one message of the system may be 64 of them.
constexpr std::size_t delivery_size = 64;

bool set_flag(int socket, int level, int option, int value) {
  return ::setsockopt(socket, level, option, &value, sizeof(value)) == 0;
}

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

  const int handle = socket_.native_handle();
  // Where the system does not tell, everything counts as not ECT.
  if (local_.address.is_v4()) {
    set_flag(handle, IPPROTO_IP, IP_RECVTOS, 1);
  } else {
    set_flag(handle, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
  }
  if (!options_.offload) return;
  set_flag(handle, IPPROTO_UDP, UDP_GRO, 1);
  // 0 is what it is anyway; a kernel without it refuses.
  segments_ = set_flag(handle, IPPROTO_UDP, UDP_SEGMENT, 0);
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
  UdpReceiveBatch& batch = UdpReceiveBatch::of_thread();
  const int received =
      ::recvmmsg(socket_.native_handle(), batch.prepare(), udp_batch_size, MSG_DONTWAIT, nullptr);
  // An ICMP error of an earlier send shows up here (ECONNREFUSED). RFC 7675 5.1 wants it
  // ignored, and the next read goes on as if nothing had been.
  if (received < 0) return errno == ECONNREFUSED || errno == EINTR;

  std::array<Datagram, delivery_size> datagrams;
  std::size_t count = 0;
  const auto deliver = [&] {
    // A copy of the function: the user may close this socket from inside.
    const OnDatagrams tell = on_datagrams_;
    if (tell && count > 0) tell(std::span(datagrams).first(count));
    count = 0;
  };
  for (std::size_t i = 0; i < static_cast<std::size_t>(received); ++i) {
    const auto message = batch.read(i);
    if (!message) continue;
    if (message->payload.size() > message->segment_size) ++stats_.coalesced;
    Bytes rest = message->payload;
    do {
      const std::size_t size = std::min(rest.size(), message->segment_size);
      if (size <= longest_datagram)
        datagrams[count++] = {options_.flow, message->source, local_, rest.first(size), message->ecn};
      rest = rest.subspan(size);
      if (count == delivery_size) deliver();
    } while (!rest.empty());
  }
  deliver();
  return static_cast<std::size_t>(received) == udp_batch_size;
}

std::size_t UdpSocket::send(std::span<Transmit> transmits) {
  UdpSendBatch batch;
  std::size_t taken = 0;
  std::size_t singly = 0;  // Of what is left, from its front.
  bool suspected = false;  // That they do not go otherwise.
  while (taken < transmits.size()) {
    const std::size_t count =
        batch.fill(transmits.subspan(taken),
                   {.v4 = local_.address.is_v4(), .segment = segments_, .mark = marks_, .singly = singly});
    const int sent =
        ::sendmmsg(socket_.native_handle(), batch.messages(), static_cast<unsigned>(count), MSG_DONTWAIT);
    for (std::size_t i = 0; sent > 0 && i < static_cast<std::size_t>(sent); ++i) {
      taken += batch.run_length(i);
      singly -= std::min(singly, batch.run_length(i));
      if (batch.run_length(i) > 1) ++stats_.runs;
    }
    if (sent > 0) {
      // One by one they go: a kernel, or a network device, that cannot cut them.
      if (std::exchange(suspected, false)) {
        segments_ = false;
        ++stats_.refusals;
      }
      continue;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
      wait_writable();
      break;
    }
    if (errno == EINTR || errno == ECONNREFUSED) continue;
    if (batch.run_length(0) > 1) {
      // It may also be the fault of the datagrams, and of one only.
      singly = batch.run_length(0);
      suspected = errno == EIO || errno == EINVAL || errno == EOPNOTSUPP;
    } else if (batch.is_marked(0) && (errno == EINVAL || errno == EOPNOTSUPP)) {
      marks_ = false;  // Unmarked it still arrives.
      ++stats_.refusals;
    } else {
      ++taken;  // Refused for good (ENETUNREACH, EMSGSIZE, EPERM …): loss, which the protocols survive.
      singly -= std::min<std::size_t>(singly, 1);
      suspected = false;
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

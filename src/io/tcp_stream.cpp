#include "io/tcp_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "io/shared_port.hpp"
#include "io/socket_address.hpp"

namespace petrel::inline v0::io {
namespace {

using namespace std::chrono_literals;

// One read takes at most this much; a busy stream then gives way to the rest of the executor.
constexpr std::size_t receive_bytes = 64 * 1024;
constexpr int reads_per_wakeup = 4;
constexpr std::size_t write_batch = 32;

// How long a closed stream may make no progress with what is left, and how long it may take in all.
constexpr auto linger_time = 5s;
constexpr auto longest_linger_time = 60s;

std::array<std::byte, receive_bytes>& receive_space() {
  static thread_local std::array<std::byte, receive_bytes> space;
  return space;
}

// Asio's category compares to no std::errc.
std::error_code in_system_category(std::error_code error) { return {error.value(), std::system_category()}; }

Endpoint from_asio(const asio::ip::tcp::endpoint& endpoint) {
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  return to_endpoint(storage).value_or(Endpoint{});
}

asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint) {
  const SocketAddress address = to_socket_address(endpoint);
  asio::ip::tcp::endpoint out;
  out.resize(address.size);
  std::memcpy(out.data(), &address.storage, address.size);
  return out;
}

}  // namespace

TcpStream::TcpStream(asio::ip::tcp::socket socket, FlowId flow)
    : socket_(std::move(socket)), linger_(socket_.get_executor()), flow_(flow) {}

std::shared_ptr<TcpStream> TcpStream::connect(const asio::any_io_executor& executor, const Connect& connect,
                                              OnBytes on_bytes, OnChange on_change) {
  auto stream = std::make_shared<TcpStream>(asio::ip::tcp::socket(executor), connect.flow);
  stream->on_bytes_ = std::move(on_bytes);
  stream->on_change_ = std::move(on_change);
  const auto remote = to_asio(connect.remote);
  std::error_code error;
  stream->socket_.open(remote.protocol(), error);
  const bool from_anywhere = connect.local.address.is_unspecified() && connect.local.port == 0;
  if (!error && !from_anywhere) {
    std::error_code ignored;  // A port that was used a moment ago may be used again, where the system can.
    stream->socket_.set_option(asio::socket_base::reuse_address(true), ignored);
    if (connect.from_listener) allow_shared_port(stream->socket_.native_handle());
    stream->socket_.bind(to_asio(connect.local), error);
  }
  if (error) {
    stream->report_later(FlowFailed{in_system_category(error)});
    return stream;
  }
  stream->socket_.async_connect(remote, [stream](std::error_code failed) {
    if (stream->closing_) return stream->shut();
    if (!stream->is_open()) return;
    if (failed) return stream->fail(failed);
    stream->set_up();
    stream->on_change_(FlowOpened{stream->local_, stream->remote_});
    if (!stream->is_open()) return;
    stream->wait_readable();
    stream->write_some();
  });
  return stream;
}

void TcpStream::start(OnBytes on_bytes, OnChange on_change) {
  on_bytes_ = std::move(on_bytes);
  on_change_ = std::move(on_change);
  set_up();
  wait_readable();
  write_some();
}

void TcpStream::set_up() {
  connected_ = true;
  std::error_code error;
  local_ = from_asio(socket_.local_endpoint(error));
  remote_ = from_asio(socket_.remote_endpoint(error));
  socket_.non_blocking(true, error);
  socket_.set_option(asio::ip::tcp::no_delay(true), error);  // Media is late or lost, never better in bulk.
}

void TcpStream::send(PacketBuffer payload) {
  if (!is_open()) return;
  backlog_bytes_ += payload.size();
  backlog_.push_back(std::move(payload));
  if (connected_ && !awaiting_writable_) write_some();
  if (!is_open()) return;
  if (backlog_bytes_ > max_backlog_bytes) {
    backlog_.clear();
    backlog_bytes_ = 0;
    return report_later(FlowFailed{std::make_error_code(std::errc::no_buffer_space)});
  }
  if (backlog_bytes_ > max_calm_backlog_bytes && !std::exchange(congested_, true))
    report_later(FlowCongested{});
}

void TcpStream::close() {
  on_bytes_ = nullptr;
  on_change_ = nullptr;
  if (backlog_.empty() || !connected_) return shut();
  closing_ = true;
  linger_end_ = asio::steady_timer::clock_type::now() + longest_linger_time;
  linger();
}

// From the beginning again with every byte that has left.
void TcpStream::linger() {
  linger_.expires_at(std::min(linger_end_, asio::steady_timer::clock_type::now() + linger_time));
  linger_.async_wait([self = shared_from_this()](std::error_code error) {
    if (!error) self->shut();
  });
}

void TcpStream::shut() {
  std::error_code ignored;
  // What is cut short must not end like what is whole.
  if (std::exchange(closing_, false) && !backlog_.empty()) {
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
  }
  backlog_.clear();
  backlog_bytes_ = 0;
  linger_.cancel();
  socket_.shutdown(asio::socket_base::shutdown_both, ignored);
  socket_.close(ignored);
}

void TcpStream::set_paused(bool paused) {
  paused_ = paused;
  if (connected_ && is_open()) wait_readable();
}

void TcpStream::wait_readable() {
  if (paused_ || std::exchange(awaiting_readable_, true)) return;
  socket_.async_wait(asio::socket_base::wait_read, [self = shared_from_this()](std::error_code error) {
    self->awaiting_readable_ = false;
    if (error || !self->is_open() || self->paused_) return;
    for (int read = 0; read < reads_per_wakeup; ++read) {
      auto& space = receive_space();
      const ssize_t received =
          ::recv(self->socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
      if (received < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) break;
        return self->fail({errno, std::system_category()});
      }
      if (received == 0) {
        const OnChange tell = self->on_change_;
        self->close();
        return tell(FlowClosed{});
      }
      const OnBytes deliver = self->on_bytes_;  // A copy: its user may close us from inside.
      deliver(
          {self->flow_, self->remote_, self->local_, Bytes(space).first(static_cast<std::size_t>(received))});
      if (!self->is_open() || self->paused_) return;
    }
    self->wait_readable();
  });
}

void TcpStream::wait_writable() {
  if (std::exchange(awaiting_writable_, true)) return;
  socket_.async_wait(asio::socket_base::wait_write, [self = shared_from_this()](std::error_code error) {
    self->awaiting_writable_ = false;
    if (!error) self->write_some();
  });
}

void TcpStream::write_some() {
  while (!backlog_.empty()) {
    std::array<iovec, write_batch> vectors;
    std::size_t count = 0;
    for (PacketBuffer& packet : backlog_) {
      if (count == write_batch) break;
      vectors[count++] = {packet.data(), packet.size()};
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return wait_writable();
      if (closing_) return shut();
      backlog_.clear();
      backlog_bytes_ = 0;
      return report_later(FlowFailed{{errno, std::system_category()}});
    }
    auto left = static_cast<std::size_t>(sent);
    backlog_bytes_ -= left;
    if (closing_ && left > 0) linger();
    while (left > 0) {
      PacketBuffer& front = backlog_.front();
      if (left < front.size()) {
        front.drop_front(left);
        break;
      }
      left -= front.size();
      backlog_.pop_front();
    }
  }
  if (closing_) return shut();
  if (congested_ && backlog_bytes_ <= max_calm_backlog_bytes / 4) {
    congested_ = false;
    report_later(FlowWritable{});
  }
}

// Never from inside a call of the user.
void TcpStream::report_later(FlowChange change) {
  asio::post(socket_.get_executor(), [self = shared_from_this(), change = std::move(change)] {
    if (!self->is_open()) return;
    const OnChange tell = self->on_change_;
    if (std::holds_alternative<FlowFailed>(change)) {
      self->on_change_ = nullptr;
      self->on_bytes_ = nullptr;
      self->shut();
    }
    tell(change);
  });
}

void TcpStream::fail(std::error_code error) {
  const OnChange tell = std::exchange(on_change_, nullptr);
  on_bytes_ = nullptr;
  shut();
  if (tell) tell(FlowFailed{in_system_category(error)});
}

}  // namespace petrel::inline v0::io

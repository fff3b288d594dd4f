#include "io/tcp_listener.hpp"

#include <asio/ip/v6_only.hpp>
#include <chrono>
#include <cstring>
#include <utility>

#include "io/shared_port.hpp"
#include "io/socket_address.hpp"

namespace petrel::inline v0::io {
namespace {

using namespace std::chrono_literals;

// After a failed accept (no more file descriptors), before the next try.
constexpr auto accept_pause = 100ms;

}  // namespace

Result<std::shared_ptr<TcpListener>> TcpListener::bind(const asio::any_io_executor& executor,
                                                       const Endpoint& local, bool also_connects) {
  const SocketAddress address = to_socket_address(local);
  asio::ip::tcp::endpoint endpoint;
  endpoint.resize(address.size);
  std::memcpy(endpoint.data(), &address.storage, address.size);

  asio::ip::tcp::acceptor acceptor(executor);
  std::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error && local.address.is_v6()) acceptor.set_option(asio::ip::v6_only(true), error);
  // Connections of a former run that linger in TIME_WAIT do not keep the port.
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error && also_connects) allow_shared_port(acceptor.native_handle());
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  // Asio's category compares to no std::errc.
  if (error) return std::error_code(error.value(), std::system_category());
  return std::make_shared<TcpListener>(std::move(acceptor));
}

TcpListener::TcpListener(asio::ip::tcp::acceptor acceptor)
    : acceptor_(std::move(acceptor)), pause_(acceptor_.get_executor()) {
  std::error_code error;
  const auto endpoint = acceptor_.local_endpoint(error);
  sockaddr_storage storage{};
  std::memcpy(&storage, endpoint.data(), endpoint.size());
  local_ = to_endpoint(storage).value_or(Endpoint{});
}

void TcpListener::start(OnAccepted on_accepted) {
  on_accepted_ = std::move(on_accepted);
  accept();
}

void TcpListener::close() {
  on_accepted_ = nullptr;
  pause_.cancel();
  std::error_code ignored;
  acceptor_.close(ignored);
}

void TcpListener::accept() {
  acceptor_.async_accept([self = shared_from_this()](std::error_code error, asio::ip::tcp::socket socket) {
    if (!self->on_accepted_) return;
    if (error) return self->pause();
    const OnAccepted tell = self->on_accepted_;  // A copy: its user may close us from inside.
    tell(std::move(socket));
    if (self->on_accepted_) self->accept();
  });
}

void TcpListener::pause() {
  pause_.expires_after(accept_pause);
  pause_.async_wait([self = shared_from_this()](std::error_code error) {
    if (!error && self->on_accepted_) self->accept();
  });
}

}  // namespace petrel::inline v0::io

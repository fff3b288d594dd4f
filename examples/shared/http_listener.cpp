#include "shared/http_listener.hpp"

#include <array>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "petrel/http/server_connection.hpp"
#include "shared/user_error.hpp"

namespace shared {
namespace {

namespace http = petrel::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

// A reader that takes nothing for so long is gone; its connection would hold the answer for ever.
constexpr auto write_time = 10s;
// RFC 9112 9.6: close in two steps, or a reset could overtake the answer.
constexpr auto linger_time = 1s;
// After a failed accept (no more file descriptors), before the next try.
constexpr auto accept_pause = 100ms;

petrel::TimePoint now() {
  return petrel::TimePoint(
      std::chrono::duration_cast<petrel::Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

std::chrono::steady_clock::time_point on_steady_clock(petrel::TimePoint time) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(time.time_since_epoch()));
}

tcp::endpoint to_asio(const petrel::Endpoint& endpoint) {
  const auto& octets = endpoint.address.octets();
  if (endpoint.address.is_v4()) {
    return {asio::ip::address_v4({octets[0], octets[1], octets[2], octets[3]}), endpoint.port};
  }
  return {asio::ip::address_v6(octets, endpoint.address.scope_id()), endpoint.port};
}

petrel::Endpoint from_asio(const tcp::endpoint& endpoint) {
  if (endpoint.address().is_v4()) {
    const auto octets = endpoint.address().to_v4().to_bytes();
    return petrel::Endpoint::v4(octets[0], octets[1], octets[2], octets[3], endpoint.port());
  }
  return {petrel::IpAddress::v6(endpoint.address().to_v6().to_bytes()), endpoint.port()};
}

tcp::acceptor bind(asio::any_io_executor executor, const petrel::Endpoint& listen) {
  try {
    return tcp::acceptor(executor, to_asio(listen));
  } catch (const std::system_error& error) {
    if (error.code() == asio::error::address_in_use) {
      throw UserError(
          "Port " + std::to_string(listen.port) + " is taken by another program: end it, or choose " +
          "another port, such as --listen " +
          petrel::Endpoint{listen.address, static_cast<std::uint16_t>(listen.port + 1)}.to_string());
    }
    throw UserError("Cannot listen on " + listen.to_string() + ": " + error.code().message() +
                    ". Choose another address with --listen.");
  }
}

// Cancels what a socket is doing when time is up, and nothing that it does later.
class Deadline {
 public:
  Deadline(tcp::socket& socket, std::chrono::steady_clock::time_point due)
      : timer_(socket.get_executor(), due) {
    // A timer that has expired can no longer be cancelled, so its function may run after this object is
    // gone, and the socket too: the flag tells it.
    timer_.async_wait([&socket, armed = armed_](std::error_code error) {
      std::error_code ignored;
      if (!error && *armed) socket.cancel(ignored);
    });
  }
  ~Deadline() { *armed_ = false; }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  std::shared_ptr<bool> armed_ = std::make_shared<bool>(true);
  asio::steady_timer timer_;
};

}  // namespace

struct HttpListener::State : std::enable_shared_from_this<State> {
  State(asio::any_io_executor executor_, const petrel::Endpoint& listen, Handler handler_,
        http::RequestLimits limits_)
      : executor(executor_),
        acceptor(bind(executor_, listen)),
        handler(std::move(handler_)),
        limits(limits_) {}

  asio::awaitable<void> accept_all();
  asio::awaitable<void> serve(std::shared_ptr<tcp::socket> socket);
  asio::awaitable<void> converse(tcp::socket& socket, http::ServerConnection& connection);
  asio::awaitable<http::Response> answer(http::Request request);

  asio::any_io_executor executor;
  tcp::acceptor acceptor;
  Handler handler;
  http::RequestLimits limits;
  std::set<std::shared_ptr<tcp::socket>> sockets;
  bool stopping = false;
};

namespace {

asio::awaitable<bool> write_all(tcp::socket& socket, std::string bytes) {
  const Deadline deadline(socket, std::chrono::steady_clock::now() + write_time);
  std::error_code error;
  co_await asio::async_write(socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

asio::awaitable<void> linger(tcp::socket& socket) {
  std::error_code error;
  socket.shutdown(tcp::socket::shutdown_send, error);
  const Deadline deadline(socket, std::chrono::steady_clock::now() + linger_time);
  std::array<char, 1024> ignored;
  while (!error) {
    co_await socket.async_read_some(asio::buffer(ignored), asio::redirect_error(asio::use_awaitable, error));
  }
}

// Reads once, and tells the connection what came of it: bytes, the end, or that its time is up.
asio::awaitable<void> read_into(tcp::socket& socket, http::ServerConnection& connection) {
  std::optional<Deadline> deadline;
  if (const auto due = connection.next_timeout()) deadline.emplace(socket, on_steady_clock(*due));
  std::array<std::byte, 4096> buffer;
  std::error_code error;
  const std::size_t size =
      co_await socket.async_read_some(asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
  if (!error) {
    connection.handle_bytes(now(), petrel::Bytes(buffer).first(size));
  } else if (error == asio::error::operation_aborted) {
    connection.handle_timeout(now());
  } else {
    connection.handle_end(now());
  }
}

}  // namespace

asio::awaitable<void> HttpListener::State::accept_all() {
  asio::steady_timer pause(executor);
  while (!stopping) {
    std::error_code error;
    auto socket = std::make_shared<tcp::socket>(executor);
    co_await acceptor.async_accept(*socket, asio::redirect_error(asio::use_awaitable, error));
    if (stopping) co_return;
    if (error) {
      pause.expires_after(accept_pause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    sockets.insert(socket);
    asio::co_spawn(
        executor, [self = shared_from_this(), socket] { return self->serve(socket); }, asio::detached);
  }
}

asio::awaitable<void> HttpListener::State::serve(std::shared_ptr<tcp::socket> socket) {
  std::error_code ignored;
  socket->set_option(tcp::no_delay(true), ignored);
  if (sockets.size() > max_connections) {
    const http::Response full = http::problem(http::Status::service_unavailable, "Too many connections.");
    co_await write_all(*socket, http::write(full, {}));
  } else {
    http::ServerConnection connection(now(), limits);
    co_await converse(*socket, connection);
  }
  if (!stopping) co_await linger(*socket);
  socket->close(ignored);
  sockets.erase(socket);
}

asio::awaitable<void> HttpListener::State::converse(tcp::socket& socket, http::ServerConnection& connection) {
  while (!stopping) {
    if (auto bytes = connection.poll_bytes()) {
      const bool written = co_await write_all(socket, *std::move(bytes));
      if (!written) co_return;
      continue;
    }
    if (connection.closed()) co_return;
    if (auto request = connection.poll_request()) {
      const http::Response response = co_await answer(*std::move(request));
      static_cast<void>(connection.respond(now(), response));
      continue;
    }
    co_await read_into(socket, connection);
  }
}

asio::awaitable<http::Response> HttpListener::State::answer(http::Request request) {
  try {
    co_return co_await handler(std::move(request));
  } catch (const std::exception&) {
  }
  co_return http::problem(http::Status::internal_server_error, "The server failed at this request.");
}

HttpListener::HttpListener(asio::any_io_executor executor, const petrel::Endpoint& listen, Handler handler,
                           http::RequestLimits limits)
    : state_(std::make_shared<State>(executor, listen, std::move(handler), limits)) {
  asio::co_spawn(executor, [state = state_] { return state->accept_all(); }, asio::detached);
}

HttpListener::~HttpListener() { stop(); }

petrel::Endpoint HttpListener::local() const { return from_asio(state_->acceptor.local_endpoint()); }

void HttpListener::stop() {
  if (state_->stopping) return;
  state_->stopping = true;
  std::error_code ignored;
  state_->acceptor.close(ignored);
  for (const auto& socket : state_->sockets) socket->close(ignored);
}

}  // namespace shared

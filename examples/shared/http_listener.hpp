#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "petrel/http/message.hpp"
#include "petrel/http/request_parser.hpp"
#include "petrel/net/endpoint.hpp"

namespace shared {

/// Serves HTTP on one port: sockets and clock for http::ServerConnection, nothing more.
///
/// Runs on one executor, and so does the handler. Connections above `max_connections` are answered 503.
class HttpListener {
 public:
  /// Makes the response to one request. What it throws is answered with 500.
  using Handler = std::function<asio::awaitable<petrel::http::Response>(petrel::http::Request)>;

  // A browser opens six to one host; eight viewers and a few WHEP players fit.
  static constexpr std::size_t max_connections = 64;

  /// Binds and begins to accept. Throws UserError when the port is taken or may not be used.
  HttpListener(asio::any_io_executor executor, const petrel::Endpoint& listen, Handler handler,
               petrel::http::RequestLimits limits = {});
  /// As stop().
  ~HttpListener();
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;

  /// The address it is bound to, with the real port where 0 was asked for.
  petrel::Endpoint local() const;
  /// Takes no more connections and closes the ones there are. A handler that is at work runs to its end;
  /// its response is dropped.
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace shared

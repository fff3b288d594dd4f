#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>

#include "petrel/base/result.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::io {

/// Accepts TCP connections on its executor, until it is closed.
class TcpListener : public std::enable_shared_from_this<TcpListener> {
 public:
  using OnAccepted = std::function<void(asio::ip::tcp::socket)>;

  /// With `also_connects` TcpStreams may be made `from_listener`.
  static Result<std::shared_ptr<TcpListener>> bind(const asio::any_io_executor& executor,
                                                   const Endpoint& local, bool also_connects = false);

  explicit TcpListener(asio::ip::tcp::acceptor acceptor);

  const Endpoint& local() const { return local_; }
  void start(OnAccepted on_accepted);
  void close();

 private:
  void accept();
  void pause();

  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  Endpoint local_;
  OnAccepted on_accepted_;
};

}  // namespace petrel::inline v0::io

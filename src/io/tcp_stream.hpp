#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <system_error>

#include "petrel/net/datagram.hpp"
#include "petrel/net/io_request.hpp"

namespace petrel::inline v0::io {

/// From here on a stream counts as congested, and again writable below a quarter of it:
/// a second of 2 Mbit/s.
inline constexpr std::size_t max_calm_backlog_bytes = 256 * 1024;
/// A core that goes on in spite of FlowCongested loses the stream: bytes in its middle cannot
/// be left out, and memory is bounded.
inline constexpr std::size_t max_backlog_bytes = 8 * 1024 * 1024;

/// One TCP connection on its executor.
///
/// Bytes that the kernel does not take at once wait here, in order. Whoever feeds it hears
/// FlowCongested when that is much, and FlowWritable when it has gone down.
class TcpStream : public std::enable_shared_from_this<TcpStream> {
 public:
  using OnBytes = std::function<void(const Datagram&)>;
  using OnChange = std::function<void(const FlowChange&)>;

  TcpStream(asio::ip::tcp::socket socket, FlowId flow);

  /// Binds to `connect.local` and connects. The answer comes through `on_change`, never from inside.
  static std::shared_ptr<TcpStream> connect(const asio::any_io_executor& executor, const Connect& connect,
                                            OnBytes on_bytes, OnChange on_change);

  /// For a connection that was accepted: starts delivering.
  void start(OnBytes on_bytes, OnChange on_change);

  const Endpoint& local() const { return local_; }
  const Endpoint& remote() const { return remote_; }

  /// Appends to the stream. What comes before the connection stands leaves with it.
  void send(PacketBuffer payload);

  /// While it is paused nothing is read, so that the window of TCP closes.
  void set_paused(bool paused);

  /// Nothing is delivered after this. What was sent before still leaves, unless the other end takes nothing
  /// for linger_time, or not all within longest_linger_time: then the connection is reset, so that it does
  /// not look whole.
  void close();

 private:
  void set_up();
  void wait_readable();
  void wait_writable();
  void write_some();
  void report_later(FlowChange change);
  void fail(std::error_code error);
  void linger();
  void shut();
  bool is_open() const { return on_change_ != nullptr; }

  asio::ip::tcp::socket socket_;
  asio::steady_timer linger_;
  asio::steady_timer::time_point linger_end_{};
  FlowId flow_;
  Endpoint local_;
  Endpoint remote_;
  OnBytes on_bytes_;
  OnChange on_change_;
  std::deque<PacketBuffer> backlog_;
  std::size_t backlog_bytes_ = 0;
  bool connected_ = false;
  bool awaiting_readable_ = false;
  bool paused_ = false;
  bool awaiting_writable_ = false;
  bool congested_ = false;
  bool closing_ = false;
};

}  // namespace petrel::inline v0::io

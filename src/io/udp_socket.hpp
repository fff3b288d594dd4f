#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/ip/udp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "petrel/base/result.hpp"
#include "petrel/net/datagram.hpp"

namespace petrel::inline v0::io {

/// One bound UDP socket on its executor.
///
/// Asio tells when the socket is readable or writable; the datagrams themselves go
/// through recvmmsg and sendmmsg on the native handle, which costs 445 ns a datagram
/// where async_receive_from in a coroutine costs 758 (docs/performance.md). Runs of datagrams
/// to one destination go to the kernel as one message, and come from it so (udp_batch.hpp).
class UdpSocket : public std::enable_shared_from_this<UdpSocket> {
 public:
  struct Options {
    FlowId flow;
    int buffer_bytes = 0;
    bool offload = true;  ///< UDP_SEGMENT and UDP_GRO, where the kernel has them.
  };
  using OnDatagrams = std::function<void(std::span<const Datagram>)>;
  using OnWritable = std::function<void()>;

  static Result<std::shared_ptr<UdpSocket>> bind(const asio::any_io_executor& executor, const Endpoint& local,
                                                 Options options);

  /// A socket on the group's port, shared with other programs, that has joined the group on
  /// the interface with the address `interface`, sends there, and hears its own host too.
  static Result<std::shared_ptr<UdpSocket>> join(const asio::any_io_executor& executor, const Endpoint& group,
                                                 const IpAddress& interface, Options options);

  explicit UdpSocket(asio::ip::udp::socket socket, Options options);

  const Endpoint& local() const { return local_; }

  struct Stats {
    std::uint64_t runs = 0;       ///< Several datagrams that were sent as one.
    std::uint64_t coalesced = 0;  ///< And received as one.
    std::uint64_t refusals = 0;   ///< What the system turned out not to do, and is not asked for again.
  };
  const Stats& stats() const { return stats_; }
  int native_handle() { return socket_.native_handle(); }

  /// Starts delivering. The functions are called on the executor, until close().
  void start(OnDatagrams on_datagrams, OnWritable on_writable);

  /// Sends in order; returns how many were taken, see io::Network::send().
  std::size_t send(std::span<Transmit> transmits);

  /// Nothing is delivered after this.
  void close();

 private:
  void wait_readable();
  void wait_writable();
  bool receive_batch();

  asio::ip::udp::socket socket_;
  Options options_;
  Endpoint local_;
  OnDatagrams on_datagrams_;
  OnWritable on_writable_;
  bool awaiting_writable_ = false;
  bool segments_ = false;
  bool marks_ = true;
  Stats stats_;
};

}  // namespace petrel::inline v0::io

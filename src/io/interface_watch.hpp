#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <functional>
#include <memory>

namespace petrel::inline v0::io {

/// Tells when interfaces or addresses of this host come or go, by netlink. Changes come in
/// bursts, and are told once they have been over for a moment.
class InterfaceWatch : public std::enable_shared_from_this<InterfaceWatch> {
 public:
  using OnChange = std::function<void()>;

  /// Null where the system does not let us listen; then nothing is ever told.
  static std::shared_ptr<InterfaceWatch> start(const asio::any_io_executor& executor, OnChange on_change);

  InterfaceWatch(asio::posix::stream_descriptor netlink, OnChange on_change);

  /// Nothing is told after this.
  void close();

 private:
  void wait();
  void tell_soon();

  asio::posix::stream_descriptor netlink_;
  asio::steady_timer quiet_;
  OnChange on_change_;
};

}  // namespace petrel::inline v0::io

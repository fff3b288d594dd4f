#pragma once

#include <asio/any_io_executor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "io/udp_socket.hpp"
#include "petrel/io/network.hpp"
#include "petrel/io/udp_mux.hpp"

namespace petrel::inline v0::io {

/// The UDP sockets that all users of one network have together: one for each local address, all
/// with one port. A socket is there as long as one user is on it.
class SharedPorts : public std::enable_shared_from_this<SharedPorts> {
 public:
  using Find = std::function<NetworkUser*(NetworkUserId)>;
  using Now = std::function<TimePoint()>;

  SharedPorts(asio::any_io_executor executor, NetworkOptions options, Now now, Find find)
      : executor_(std::move(executor)), options_(options), now_(std::move(now)), find_(std::move(find)) {}

  /// The socket on `address` becomes `flow` of the user. The endpoint that it has.
  Result<Endpoint> bind(NetworkUserId user, FlowId flow, const IpAddress& address);
  void name_ufrags(NetworkUserId user, std::span<const std::string> ufrags) {
    mux_.name_ufrags(user, ufrags);
  }
  void leave(NetworkUserId user, FlowId flow);
  void remove(NetworkUserId user);
  /// Closes all. Nothing is delivered any more.
  void close();

  /// As io::Network::send(), for transmits of one flow. nullopt: the flow is none of ours.
  std::optional<std::size_t> send(NetworkUserId user, FlowId flow, std::span<Transmit> transmits);

  const UdpMuxStats& stats() const { return mux_.stats(); }

 private:
  struct Socket {
    std::shared_ptr<UdpSocket> socket;
    std::vector<NetworkUserId> blocked{};  ///< Who waits for room in it.
  };

  void distribute(SharedSocketId id, std::span<const Datagram> batch);
  void tell_writable(SharedSocketId id);
  void close_socket(SharedSocketId id);

  asio::any_io_executor executor_;
  NetworkOptions options_;
  Now now_;
  Find find_;  ///< Empty once closed.
  UdpMux mux_;
  std::map<SharedSocketId, Socket> sockets_;
  std::uint32_t last_socket_ = 0;
  // Room for one batch, kept between batches.
  std::vector<std::optional<UdpMux::Receiver>> receivers_;
  std::vector<Datagram> own_;
};

}  // namespace petrel::inline v0::io

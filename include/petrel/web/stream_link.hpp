#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/datagram.hpp"
#include "petrel/net/io_request.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/web/errc.hpp"

namespace petrel::inline v0::web {

/// The ids of flows and resolutions that all links of one core draw from, since a core chooses its own.
struct FlowNumbers {
  std::uint32_t next_flow = 1;
  std::uint32_t next_resolution = 1;
};

/// Where a link leads.
struct LinkTarget {
  std::string host;  ///< A name, or the text of an address.
  std::uint16_t port = 0;
  bool secure = true;  ///< TLS, and the server's certificate must be for `host`.

  friend bool operator==(const LinkTarget&, const LinkTarget&) = default;
};

struct LinkFailure {
  std::error_code error;  ///< web::Errc, tls::Errc, or what the system said.
  std::string detail;     ///< One line for people, without a secret in it.
};

/// One connection to a server by its name: it resolves, tries the addresses one after another, and
/// speaks TLS where it is told to. A part of a core that is a FlowCore.
class PETREL_API StreamLink {
 public:
  /// What waits to be sent, or to be read, at most.
  static constexpr std::size_t max_unsent_bytes = 512 * 1024;
  static constexpr std::size_t max_addresses = 8;
  /// For each address but the last, before the next is tried.
  static constexpr Duration address_limit = std::chrono::seconds(3);

  /// `tls` has everything but the server name. `setup_limit` is from now until ready().
  StreamLink(TimePoint now, LinkTarget target, const tls::ClientConfig& tls, Duration setup_limit,
             FlowNumbers& numbers);

  bool ready() const { return state_ == State::ready; }
  /// The server has closed its side in order, and all it sent has been taken in.
  bool ended() const { return state_ == State::ended; }
  const std::optional<LinkFailure>& failure() const { return failure_; }
  bool open() const { return !failure_ && state_ != State::ended && state_ != State::closed; }
  const LinkTarget& target() const { return target_; }
  /// The local address of the connection, once there is one.
  const std::optional<IpAddress>& local_address() const { return local_address_; }

  /// Before ready() it waits. Fails the link when it does not fit.
  void send(TimePoint now, std::string_view bytes);
  /// What has come since the last call.
  std::string take_received();
  /// Says goodbye, behind what was sent, and closes. Nothing comes any more.
  void close(TimePoint now);

  // What the core passes on; false: not this link's.
  bool handle_bytes(TimePoint now, FlowId flow, Bytes bytes);
  bool handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  bool handle_resolved(TimePoint now, std::uint32_t id, std::span<const IpAddress> addresses);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<IoRequest> poll_request();
  std::optional<Transmit> poll_transmit();
  /// After close(): nothing is left to be polled.
  bool drained() const { return requests_.empty() && transmits_.empty(); }

 private:
  enum class State : std::uint8_t { resolving, connecting, securing, ready, ended, closed };

  void connect_next(TimePoint now);
  void connected(TimePoint now);
  void fail(std::error_code error, std::string detail);
  void drop_flow();
  void take_tls(TimePoint now);
  void write(std::string_view bytes);
  void flush_early(TimePoint now);

  LinkTarget target_;
  tls::ClientConfig tls_config_;
  FlowNumbers& numbers_;
  State state_ = State::resolving;
  TimePoint setup_deadline_;
  std::optional<TimePoint> address_deadline_;
  std::uint32_t resolution_ = 0;
  std::optional<FlowId> flow_;
  std::optional<IpAddress> local_address_;
  std::vector<IpAddress> addresses_;
  std::size_t next_address_ = 0;
  std::error_code last_error_;
  std::optional<tls::Connection> tls_;
  std::optional<LinkFailure> failure_;
  std::string early_;
  std::string received_;
  std::size_t unsent_bytes_ = 0;
  RingQueue<IoRequest> requests_;
  RingQueue<Transmit> transmits_;
};

}  // namespace petrel::inline v0::web

#include "petrel/io/network.hpp"

#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "io/context_watch.hpp"
#include "io/interfaces.hpp"
#include "io/socket_address.hpp"
#include "io/timers.hpp"
#include "io/udp_socket.hpp"
#include "petrel/crypto/system_random.hpp"

namespace petrel::inline v0 {
namespace {

// Seconds from 1900, where NTP counts from, to 1970.
constexpr std::uint64_t ntp_epoch_offset = 2'208'988'800;

TimePoint steady_now() {
  return TimePoint(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

NtpTime ntp_now() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const auto ns =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(since_1970).count());
  const std::uint64_t fraction = ((ns % 1'000'000'000) << 32) / 1'000'000'000;
  return {((ns / 1'000'000'000 + ntp_epoch_offset) << 32) + fraction};
}

}  // namespace

// Handlers that Asio holds keep this alive by shared_ptr; what they find after
// shut_down() is an empty table, so that a late one does nothing.
class Network::State final : public io::ContextUser, public std::enable_shared_from_this<Network::State> {
 public:
  State(asio::any_io_executor executor, NetworkOptions options)
      : executor_(std::move(executor)),
        options_(options),
        timer_(std::in_place, executor_),
        resolver_(std::in_place, executor_) {}

  // Apart from the constructor, since it hands out a weak reference.
  void watch_context() { io::ContextWatch::of(executor_).add(weak_from_this()); }

  const asio::any_io_executor& executor() const { return executor_; }
  const NetworkOptions& options() const { return options_; }
  crypto::SystemRandom& random() { return random_; }
  const ClockMapping& clock() const { return clock_; }

  io::NetworkUserId attach(io::NetworkUser& user) {
    const io::NetworkUserId id{++last_user_};
    users_.emplace(id, User{&user, {}});
    return id;
  }

  void detach(io::NetworkUserId id) {
    const auto found = users_.find(id);
    if (found == users_.end()) return;
    for (auto& [flow, socket] : found->second.sockets) socket->close();
    users_.erase(found);
    set_timeout(id, std::nullopt);
  }

  void shut_down() {
    auto users = std::move(users_);
    users_.clear();
    for (auto& [id, user] : users) {
      for (auto& [flow, socket] : user.sockets) socket->close();
    }
    // Asio's objects must not outlive its context, and we may.
    timer_.reset();
    resolver_.reset();
    for (auto& [id, user] : users) user.user->on_network_gone();
  }

  void on_context_gone() override { shut_down(); }

  void bind(io::NetworkUserId id, const BindUdp& bind) {
    if (!users_.contains(id)) return;
    auto socket = io::UdpSocket::bind(executor_, bind.local, {bind.flow, options_.socket_buffer_bytes});
    if (!socket) {
      later(id, [flow = bind.flow, error = socket.error()](io::NetworkUser& user) {
        user.on_flow(flow, FlowFailed{error});
      });
      return;
    }
    users_.at(id).sockets[bind.flow] = *socket;
    (*socket)->start(
        [this, id](std::span<const Datagram> datagrams) {
          if (io::NetworkUser* receiver = find(id)) receiver->on_datagrams(datagrams);
        },
        [this, id] {
          if (io::NetworkUser* sender = find(id)) sender->on_writable();
        });
    later(id, [flow = bind.flow, local = (*socket)->local()](io::NetworkUser& owner) {
      owner.on_flow(flow, FlowOpened{local});
    });
  }

  void close(io::NetworkUserId id, FlowId flow) {
    const auto user = users_.find(id);
    if (user == users_.end()) return;
    const auto socket = user->second.sockets.find(flow);
    if (socket == user->second.sockets.end()) return;
    socket->second->close();
    user->second.sockets.erase(socket);
  }

  void resolve(io::NetworkUserId id, const Resolve& resolve) {
    if (!resolver_) return;
    resolver_->async_resolve(
        resolve.name, "",
        [self = shared_from_this(), id, request = resolve.id](std::error_code error, const auto& results) {
          std::vector<IpAddress> addresses;
          if (!error) {
            for (const auto& entry : results) {
              const auto endpoint = entry.endpoint();
              if (auto address = io::to_ip_address(endpoint.data())) addresses.push_back(*address);
            }
          }
          if (io::NetworkUser* user = self->find(id)) user->on_resolved(request, addresses);
        });
  }

  std::size_t send(io::NetworkUserId id, std::span<Transmit> transmits) {
    const auto user = users_.find(id);
    if (user == users_.end()) return transmits.size();
    std::size_t taken = 0;
    while (taken < transmits.size()) {
      // Runs to one flow go out in one system call.
      std::size_t end = taken + 1;
      while (end < transmits.size() && transmits[end].flow == transmits[taken].flow) ++end;
      const auto socket = user->second.sockets.find(transmits[taken].flow);
      if (socket == user->second.sockets.end()) {
        taken = end;  // The flow was closed after the packet was made.
        continue;
      }
      const std::size_t sent = socket->second->send(transmits.subspan(taken, end - taken));
      taken += sent;
      if (taken < end) break;
    }
    return taken;
  }

  void set_timeout(io::NetworkUserId id, std::optional<TimePoint> deadline) {
    timers_.set(id, deadline);
    arm();
  }

 private:
  struct User {
    io::NetworkUser* user;
    std::map<FlowId, std::shared_ptr<io::UdpSocket>> sockets;
  };

  io::NetworkUser* find(io::NetworkUserId id) {
    const auto found = users_.find(id);
    return found == users_.end() ? nullptr : found->second.user;
  }

  // An answer never comes from inside the request.
  template <class Tell>
  void later(io::NetworkUserId id, Tell tell) {
    asio::post(executor_, [self = shared_from_this(), id, tell] {
      if (io::NetworkUser* user = self->find(id)) tell(*user);
    });
  }

  void arm() {
    if (!timer_) return;
    const auto earliest = timers_.earliest();
    if (earliest == armed_for_) return;
    armed_for_ = earliest;
    if (!earliest) {
      timer_->cancel();
      return;
    }
    timer_->expires_at(std::chrono::steady_clock::time_point(
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(earliest->time_since_epoch())));
    timer_->async_wait([self = shared_from_this()](std::error_code error) {
      if (!error) self->run_due();
    });
  }

  void run_due() {
    armed_for_.reset();
    // Only what is due now: a user that is due again at once waits for its next turn.
    const TimePoint now = steady_now();
    while (const auto id = timers_.take_due(now)) {
      if (io::NetworkUser* user = find(*id)) user->on_timeout();
    }
    arm();
  }

  asio::any_io_executor executor_;
  NetworkOptions options_;
  crypto::SystemRandom random_;
  ClockMapping clock_{steady_now(), ntp_now()};
  std::uint64_t last_user_ = 0;
  std::unordered_map<io::NetworkUserId, User> users_;
  io::Timers timers_;
  std::optional<TimePoint> armed_for_;
  std::optional<asio::steady_timer> timer_;
  std::optional<asio::ip::udp::resolver> resolver_;
};

Network::Network(asio::any_io_executor executor, NetworkOptions options)
    : state_(std::make_shared<State>(std::move(executor), options)) {
  state_->watch_context();
}

Network::~Network() { state_->shut_down(); }

asio::any_io_executor Network::executor() const { return state_->executor(); }
TimePoint Network::now() const { return steady_now(); }
ClockMapping Network::clock() const { return state_->clock(); }
std::int64_t Network::unix_time() const {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}
RandomSource& Network::random() { return state_->random(); }
io::NetworkUserId Network::attach(io::NetworkUser& user) { return state_->attach(user); }
void Network::detach(io::NetworkUserId id) { state_->detach(id); }

void Network::request(io::NetworkUserId id, const IoRequest& request) {
  if (const auto* bind = std::get_if<BindUdp>(&request)) {
    state_->bind(id, *bind);
  } else if (const auto* close = std::get_if<CloseFlow>(&request)) {
    state_->close(id, close->flow);
  } else if (const auto* resolve = std::get_if<Resolve>(&request)) {
    state_->resolve(id, *resolve);
  }
}

std::size_t Network::send(io::NetworkUserId id, std::span<Transmit> transmits) {
  return state_->send(id, transmits);
}
void Network::set_timeout(io::NetworkUserId id, std::optional<TimePoint> deadline) {
  state_->set_timeout(id, deadline);
}
std::vector<LocalAddress> Network::local_addresses() {
  return io::list_local_addresses(state_->options().include_loopback);
}

}  // namespace petrel::inline v0

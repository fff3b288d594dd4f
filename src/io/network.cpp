#include "petrel/io/network.hpp"

#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "io/context_watch.hpp"
#include "io/interface_watch.hpp"
#include "io/interfaces.hpp"
#include "io/shared_ports.hpp"
#include "io/socket_address.hpp"
#include "io/tcp_listener.hpp"
#include "io/tcp_stream.hpp"
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
        resolver_(std::in_place, executor_),
        shared_ports_(std::make_shared<io::SharedPorts>(executor_, options, steady_now,
                                                        [this](io::NetworkUserId id) { return find(id); })) {}

  // Apart from the constructor, since it hands out a weak reference.
  void watch_context() { io::ContextWatch::of(executor_).add(weak_from_this()); }
  // Only while there are flows, so that an idle network keeps no run() from ending.
  void watch_interfaces() {
    if (interface_watch_) return;
    interface_watch_ = io::InterfaceWatch::start(executor_, [this] {
      // Ids first: a user may detach itself or others.
      std::vector<io::NetworkUserId> ids;
      for (const auto& [id, user] : users_) ids.push_back(id);
      for (const io::NetworkUserId id : ids) {
        if (io::NetworkUser* user = find(id)) user->on_interfaces_changed();
      }
    });
  }

  void unwatch_interfaces() {
    if (interface_watch_) interface_watch_->close();
    interface_watch_.reset();
  }

  const asio::any_io_executor& executor() const { return executor_; }
  const NetworkOptions& options() const { return options_; }
  crypto::SystemRandom& random() { return random_; }
  const ClockMapping& clock() const { return clock_; }
  const io::UdpMuxStats& shared_port_stats() const { return shared_ports_->stats(); }

  io::NetworkUserId attach(io::NetworkUser& user) {
    const io::NetworkUserId id{++last_user_};
    users_.emplace(id, User{.user = &user});
    return id;
  }

  void detach(io::NetworkUserId id) {
    const auto found = users_.find(id);
    if (found == users_.end()) return;
    found->second.close_flows();
    shared_ports_->remove(id);
    users_.erase(found);
    if (users_.empty()) unwatch_interfaces();
    set_timeout(id, std::nullopt);
  }

  void shut_down() {
    auto users = std::move(users_);
    users_.clear();
    for (auto& [id, user] : users) user.close_flows();
    shared_ports_->close();
    // Asio's objects must not outlive its context, and we may.
    timer_.reset();
    resolver_.reset();
    unwatch_interfaces();
    for (auto& [id, user] : users) user.user->on_network_gone();
  }

  void on_context_gone() override { shut_down(); }

  void open(io::NetworkUserId id, const BindUdp& bind) {
    if (bind.may_share && options_.udp_port) return share(id, bind);
    use(id, bind.flow,
        io::UdpSocket::bind(executor_, bind.local,
                            {bind.flow, options_.socket_buffer_bytes, options_.udp_offload}));
  }

  void open(io::NetworkUserId id, const NameUfrags& named) {
    if (find(id) != nullptr) shared_ports_->name_ufrags(id, named.ufrags);
  }

  void open(io::NetworkUserId id, const JoinMulticast& join) {
    use(id, join.flow,
        io::UdpSocket::join(executor_, join.group, join.interface,
                            {join.flow, options_.socket_buffer_bytes, options_.udp_offload}));
  }

  void open(io::NetworkUserId id, const Connect& connect) {
    const auto user = users_.find(id);
    if (user == users_.end()) return;
    user->second.streams[connect.flow] =
        io::TcpStream::connect(executor_, connect, bytes_to(id), changes_to(id, connect.flow));
  }

  void open(io::NetworkUserId id, const Listen& listen) {
    const auto user = users_.find(id);
    if (user == users_.end()) return;
    auto listener = io::TcpListener::bind(executor_, listen.local, listen.also_connects);
    if (!listener) return fail(id, listen.flow, listener.error());
    user->second.listeners[listen.flow] = *listener;
    (*listener)->start([this, id, flow = listen.flow](asio::ip::tcp::socket socket) {
      accept(id, flow, std::move(socket));
    });
    later(id, [flow = listen.flow, local = (*listener)->local()](io::NetworkUser& owner) {
      owner.on_flow(flow, FlowOpened{local});
    });
  }

  void set_paused(io::NetworkUserId id, FlowId flow, bool paused) {
    const auto user = users_.find(id);
    if (user == users_.end()) return;
    const auto stream = user->second.streams.find(flow);
    if (stream != user->second.streams.end()) stream->second->set_paused(paused);
  }

  void close(io::NetworkUserId id, FlowId flow) {
    const auto user = users_.find(id);
    if (user == users_.end()) return;
    user->second.close_flow(flow);
    shared_ports_->leave(id, flow);
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
        if (const auto sent =
                shared_ports_->send(id, transmits[taken].flow, transmits.subspan(taken, end - taken))) {
          taken += *sent;
          if (taken < end) break;
          continue;
        }
        // A stream takes everything; no stream either: the flow was closed after the packet was made.
        const auto stream = user->second.streams.find(transmits[taken].flow);
        for (; taken < end; ++taken) {
          if (stream != user->second.streams.end()) stream->second->send(std::move(transmits[taken].payload));
        }
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
    io::NetworkUser* user = nullptr;
    std::map<FlowId, std::shared_ptr<io::UdpSocket>> sockets{};
    std::map<FlowId, std::shared_ptr<io::TcpStream>> streams{};
    std::map<FlowId, std::shared_ptr<io::TcpListener>> listeners{};
    FlowId next_accepted = first_accepted_flow;

    void close_flow(FlowId flow) {
      if (const auto socket = sockets.extract(flow)) socket.mapped()->close();
      if (const auto stream = streams.extract(flow)) stream.mapped()->close();
      if (const auto listener = listeners.extract(flow)) listener.mapped()->close();
    }
    void close_flows() {
      for (auto& [flow, socket] : sockets) socket->close();
      for (auto& [flow, stream] : streams) stream->close();
      for (auto& [flow, listener] : listeners) listener->close();
    }
  };

  void use(io::NetworkUserId id, FlowId flow, Result<std::shared_ptr<io::UdpSocket>> socket) {
    const auto user = users_.find(id);
    if (user == users_.end()) return;
    if (!socket) return fail(id, flow, socket.error());
    user->second.sockets[flow] = *socket;
    watch_interfaces();
    (*socket)->start(
        [this, id](std::span<const Datagram> datagrams) {
          if (io::NetworkUser* receiver = find(id)) receiver->on_datagrams(datagrams);
        },
        [this, id] {
          if (io::NetworkUser* sender = find(id)) sender->on_writable();
        });
    later(id, [flow, local = (*socket)->local()](io::NetworkUser& owner) {
      owner.on_flow(flow, FlowOpened{local});
    });
  }

  void share(io::NetworkUserId id, const BindUdp& bind) {
    if (find(id) == nullptr) return;
    const auto local = shared_ports_->bind(id, bind.flow, bind.local.address);
    if (!local) return fail(id, bind.flow, local.error());
    watch_interfaces();
    later(id, [flow = bind.flow, local = *local](io::NetworkUser& owner) {
      owner.on_flow(flow, FlowOpened{.local = local, .shared = true});
    });
  }

  void fail(io::NetworkUserId id, FlowId flow, std::error_code error) {
    later(id, [flow, error](io::NetworkUser& user) { user.on_flow(flow, FlowFailed{error}); });
  }

  void accept(io::NetworkUserId id, FlowId listener, asio::ip::tcp::socket socket) {
    const auto user = users_.find(id);
    if (user == users_.end()) return;
    const FlowId flow{user->second.next_accepted.value++};
    const auto stream = std::make_shared<io::TcpStream>(std::move(socket), flow);
    user->second.streams[flow] = stream;
    stream->start(bytes_to(id), changes_to(id, flow));
    user->second.user->on_flow(flow, FlowAccepted{listener, stream->local(), stream->remote()});
  }

  io::TcpStream::OnBytes bytes_to(io::NetworkUserId id) {
    return [this, id](const Datagram& bytes) {
      if (io::NetworkUser* user = find(id)) user->on_datagrams({&bytes, 1});
    };
  }

  io::TcpStream::OnChange changes_to(io::NetworkUserId id, FlowId flow) {
    return [this, id, flow](const FlowChange& change) {
      const auto user = users_.find(id);
      if (user == users_.end()) return;
      const bool gone =
          std::holds_alternative<FlowClosed>(change) || std::holds_alternative<FlowFailed>(change);
      if (gone) user->second.streams.erase(flow);
      user->second.user->on_flow(flow, change);
    };
  }

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
    // Taken before anybody is told: a user that is due again at once waits for its next turn, since what it
    // waits for may be a handler that cannot run before we have ended.
    const TimePoint now = steady_now();
    while (const auto id = timers_.take_due(now)) due_.push_back(*id);
    for (std::size_t i = 0; i < due_.size(); ++i) {
      if (io::NetworkUser* user = find(due_[i])) user->on_timeout();
    }
    due_.clear();
    arm();
  }

  asio::any_io_executor executor_;
  NetworkOptions options_;
  crypto::SystemRandom random_;
  ClockMapping clock_{steady_now(), ntp_now()};
  std::uint64_t last_user_ = 0;
  std::unordered_map<io::NetworkUserId, User> users_;
  io::Timers timers_;
  std::vector<io::NetworkUserId> due_;  ///< Of run_due(); kept for its memory.
  std::optional<TimePoint> armed_for_;
  std::optional<asio::steady_timer> timer_;
  std::optional<asio::ip::udp::resolver> resolver_;
  std::shared_ptr<io::InterfaceWatch> interface_watch_;
  std::shared_ptr<io::SharedPorts> shared_ports_;
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
  std::visit(
      [&](const auto& wanted) {
        using Wanted = std::remove_cvref_t<decltype(wanted)>;
        if constexpr (std::is_same_v<Wanted, CloseFlow>) {
          state_->close(id, wanted.flow);
        } else if constexpr (std::is_same_v<Wanted, PauseFlow> || std::is_same_v<Wanted, ResumeFlow>) {
          state_->set_paused(id, wanted.flow, std::is_same_v<Wanted, PauseFlow>);
        } else if constexpr (std::is_same_v<Wanted, Resolve>) {
          state_->resolve(id, wanted);
        } else {
          state_->open(id, wanted);
        }
      },
      request);
}

std::size_t Network::send(io::NetworkUserId id, std::span<Transmit> transmits) {
  return state_->send(id, transmits);
}
void Network::set_timeout(io::NetworkUserId id, std::optional<TimePoint> deadline) {
  state_->set_timeout(id, deadline);
}
const io::UdpMuxStats& Network::shared_port_stats() const { return state_->shared_port_stats(); }
std::vector<LocalAddress> Network::local_addresses() {
  return io::list_local_addresses(state_->options().include_loopback);
}

}  // namespace petrel::inline v0

#include "petrel/sim/host_network.hpp"

#include <algorithm>
#include <asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <set>
#include <utility>

namespace petrel::inline v0::sim {
namespace {

// Seconds from 1900, where NTP counts from, to 1970.
constexpr std::uint64_t ntp_epoch_offset = 2'208'988'800;

// What is posted without end in one instant would hang the run. A frame to a thousand viewers
// posts a few thousand times.
constexpr int max_handlers_at_once = 1'000'000;

template <class Item>
std::optional<Item> take(std::deque<Item>& queue) {
  if (queue.empty()) return std::nullopt;
  std::optional<Item> item(std::move(queue.front()));
  queue.pop_front();
  return item;
}

}  // namespace

// One user, in the shape in which the world drives cores.
class HostNetwork::User final : public AttachedCore {
 public:
  explicit User(io::NetworkUser& user) : user_(&user) {}

  /// Nothing is delivered any more.
  void forget() { user_ = nullptr; }
  io::NetworkUser* user() const { return user_; }

  void request(const IoRequest& request) {
    if (const auto* close = std::get_if<CloseFlow>(&request)) open_.erase(close->flow);
    requests_.push_back(request);
  }
  void send(Transmit&& transmit) {
    // The flow may have been closed after the packet was made.
    if (open_.contains(transmit.flow)) transmits_.push_back(std::move(transmit));
  }
  void set_timeout(std::optional<TimePoint> deadline) { deadline_ = deadline; }
  /// It has done something to the shared ports, which the world shall look at.
  void stir() { stirs_ = true; }

  void handle_datagram(TimePoint, const Datagram& datagram) override {
    if (user_ != nullptr) user_->on_datagrams({&datagram, 1});
  }
  void handle_timeout(TimePoint now) override {
    if (!deadline_ || now < *deadline_) return;
    deadline_.reset();
    if (user_ != nullptr) user_->on_timeout();
  }
  void handle_flow(TimePoint, FlowId flow, const FlowChange& change) override {
    if (std::holds_alternative<FlowOpened>(change) || std::holds_alternative<FlowAccepted>(change)) {
      open_.insert(flow);
    } else if (std::holds_alternative<FlowClosed>(change) || std::holds_alternative<FlowFailed>(change)) {
      open_.erase(flow);
    }
    if (user_ != nullptr) user_->on_flow(flow, change);
  }
  void handle_resolved(TimePoint, std::uint32_t id, const std::vector<IpAddress>& addresses) override {
    if (user_ != nullptr) user_->on_resolved(id, addresses);
  }
  void handle_interfaces(TimePoint, std::span<const LocalAddress>) override {
    if (user_ != nullptr) user_->on_interfaces_changed();
  }

  std::optional<TimePoint> next_timeout() const override { return deadline_; }
  std::optional<IoRequest> poll_request() override { return take(requests_); }
  std::optional<Transmit> poll_transmit() override { return take(transmits_); }
  bool deliver_event() override { return std::exchange(stirs_, false); }

 private:
  io::NetworkUser* user_;
  bool stirs_ = false;
  std::set<FlowId> open_;
  std::deque<IoRequest> requests_;
  std::deque<Transmit> transmits_;
  std::optional<TimePoint> deadline_;
};

// The sockets that all users have together, in the shape in which the world drives cores.
class HostNetwork::SharedPorts final : public AttachedCore {
 public:
  SharedPorts(HostNetwork& network, std::uint16_t port) : network_(network), port_(port) {}

  void bind(io::NetworkUserId user, const BindUdp& bind) {
    const auto known = std::ranges::find_if(
        sockets_, [&](const auto& entry) { return entry.second.local.address == bind.local.address; });
    if (known != sockets_.end()) {
      mux_.join(user, bind.flow, known->first);
      if (known->second.open) opened_.push_back({user, bind.flow});
      return;
    }
    const io::SharedSocketId id{++last_socket_};
    sockets_[id] = {{bind.local.address, port_}, false};
    mux_.join(user, bind.flow, id);
    requests_.push_back(BindUdp{FlowId{id.value}, sockets_[id].local});
  }
  void name_ufrags(io::NetworkUserId user, const NameUfrags& named) { mux_.name_ufrags(user, named.ufrags); }
  /// False: the flow is none of ours.
  bool leave(io::NetworkUserId user, FlowId flow) {
    if (!mux_.socket_of(user, flow)) return false;
    if (const auto unused = mux_.leave(user, flow)) close(*unused);
    return true;
  }
  void remove(io::NetworkUserId user) {
    for (const io::SharedSocketId unused : mux_.remove(user)) close(unused);
  }
  bool send(io::NetworkUserId user, Transmit& transmit) {
    const auto id = mux_.socket_of(user, transmit.flow);
    if (!id) return false;
    if (!sockets_.at(*id).open) return true;
    mux_.handle_sent(network_.now(), user, *id, transmit.destination, transmit.payload.bytes());
    transmit.flow = FlowId{id->value};
    transmits_.push_back(std::move(transmit));
    return true;
  }
  /// While the world takes what is left to send, inside of a call of a user, nobody is told of anything.
  void set_quiet(bool quiet) { quiet_ = quiet; }

  const io::UdpMux& mux() const { return mux_; }

  void handle_datagram(TimePoint now, const Datagram& datagram) override {
    const io::SharedSocketId id{datagram.flow.value};
    const auto to = mux_.route(now, id, datagram.source, datagram.payload);
    if (!to) return;
    Datagram own = datagram;
    own.flow = to->flow;
    if (io::NetworkUser* user = network_.user_of(to->user)) user->on_datagrams({&own, 1});
  }
  void handle_timeout(TimePoint) override {}
  void handle_flow(TimePoint, FlowId flow, const FlowChange& change) override {
    const io::SharedSocketId id{flow.value};
    const auto socket = sockets_.find(id);
    if (socket == sockets_.end()) return;
    if (const auto* opened = std::get_if<FlowOpened>(&change)) {
      socket->second = {opened->local, true};
      for (const io::UdpMux::Receiver& each : mux_.receivers(id)) opened_.push_back(each);
    } else if (std::holds_alternative<FlowFailed>(change)) {
      sockets_.erase(socket);
      for (const io::UdpMux::Receiver& each : mux_.receivers(id)) {
        (void)mux_.leave(each.user, each.flow);
        if (io::NetworkUser* user = network_.user_of(each.user)) user->on_flow(each.flow, change);
      }
    }
  }
  void handle_resolved(TimePoint, std::uint32_t, const std::vector<IpAddress>&) override {}
  void handle_interfaces(TimePoint, std::span<const LocalAddress>) override {}

  std::optional<TimePoint> next_timeout() const override { return std::nullopt; }
  std::optional<IoRequest> poll_request() override { return quiet_ ? std::nullopt : take(requests_); }
  std::optional<Transmit> poll_transmit() override { return take(transmits_); }
  bool deliver_event() override {
    const auto opened = quiet_ ? std::nullopt : take(opened_);
    if (!opened) return false;
    const auto id = mux_.socket_of(opened->user, opened->flow);
    io::NetworkUser* const user = network_.user_of(opened->user);
    if (id && user != nullptr)
      user->on_flow(opened->flow, FlowOpened{.local = sockets_.at(*id).local, .shared = true});
    return true;
  }

 private:
  struct Socket {
    Endpoint local;
    bool open = false;
  };

  void close(io::SharedSocketId id) {
    if (sockets_.erase(id) > 0) requests_.push_back(CloseFlow{FlowId{id.value}});
  }

  HostNetwork& network_;
  std::uint16_t port_;
  io::UdpMux mux_;
  std::map<io::SharedSocketId, Socket> sockets_;
  std::uint32_t last_socket_ = 0;
  std::deque<IoRequest> requests_;
  std::deque<Transmit> transmits_;
  std::deque<io::UdpMux::Receiver> opened_;  // Users that have not been told yet.
  bool quiet_ = false;
};

HostNetwork::HostNetwork(World& world, HostId host, asio::io_context& context, HostNetworkOptions options)
    : world_(world), host_(host), context_(context), random_(world.fork_random()) {
  if (options.udp_port) {
    auto shared = std::make_unique<SharedPorts>(*this, *options.udp_port);
    shared_ = shared.get();
    world_.attach_core(host_, shared_, std::move(shared));
  }
  world_.attach_loop(this, [this] { return run_ready(); });
}

HostNetwork::~HostNetwork() {
  world_.detach_loop(this);
  std::vector<io::NetworkUser*> left;
  while (!users_.empty()) {
    left.push_back(users_.begin()->second->user());
    detach(users_.begin()->first);
  }
  if (shared_ != nullptr) world_.detach(shared_);
  for (io::NetworkUser* user : left) user->on_network_gone();
}

// True: something ran, and may have called anything.
bool HostNetwork::run_ready() {
  // A context that once ran out of work stays stopped until it is told otherwise.
  if (context_.stopped()) context_.restart();
  int count = 0;
  while (context_.poll_one() > 0) {
    if (++count > max_handlers_at_once) throw WorldFault("handlers are posted without end in one instant");
  }
  return count > 0;
}

asio::any_io_executor HostNetwork::executor() const { return context_.get_executor(); }

ClockMapping HostNetwork::clock() const {
  constexpr auto since_1900 = static_cast<std::uint64_t>(World::wall_clock_epoch) + ntp_epoch_offset;
  return {TimePoint{}, NtpTime{since_1900 << 32}};
}

std::int64_t HostNetwork::unix_time() const {
  return World::wall_clock_epoch +
         std::chrono::floor<std::chrono::seconds>(world_.now().time_since_epoch()).count();
}

HostNetwork::User* HostNetwork::find(io::NetworkUserId id) {
  const auto found = users_.find(id);
  return found == users_.end() ? nullptr : found->second;
}

io::NetworkUser* HostNetwork::user_of(io::NetworkUserId id) {
  User* const user = find(id);
  return user != nullptr ? user->user() : nullptr;
}

const io::UdpMuxStats& HostNetwork::shared_port_stats() const {
  static const io::UdpMuxStats none;
  return shared_ != nullptr ? shared_->mux().stats() : none;
}

io::UdpMux::Sizes HostNetwork::shared_port_sizes() const {
  return shared_ != nullptr ? shared_->mux().sizes() : io::UdpMux::Sizes{};
}

io::NetworkUserId HostNetwork::attach(io::NetworkUser& user) {
  const io::NetworkUserId id{++last_user_};
  auto core = std::make_unique<User>(user);
  User* const identity = core.get();
  users_.emplace(id, identity);
  world_.attach_core(host_, identity, std::move(core));
  return id;
}

void HostNetwork::detach(io::NetworkUserId id) {
  const auto found = users_.find(id);
  if (found == users_.end()) return;
  User* const user = found->second;
  users_.erase(found);
  user->forget();
  // What it sent last, a farewell perhaps, still leaves.
  world_.flush(user);
  world_.detach(user);
  if (shared_ == nullptr) return;
  shared_->set_quiet(true);
  world_.flush(shared_);
  shared_->set_quiet(false);
  shared_->remove(id);
}

void HostNetwork::request(io::NetworkUserId id, const IoRequest& request) {
  User* const user = find(id);
  if (user == nullptr) return;
  if (shared_ == nullptr) return user->request(request);
  user->stir();
  const auto* bind = std::get_if<BindUdp>(&request);
  const auto* named = std::get_if<NameUfrags>(&request);
  const auto* close = std::get_if<CloseFlow>(&request);
  if (bind != nullptr && bind->may_share) {
    shared_->bind(id, *bind);
  } else if (named != nullptr) {
    shared_->name_ufrags(id, *named);
  } else if (close == nullptr || !shared_->leave(id, close->flow)) {
    user->request(request);
  }
}

std::size_t HostNetwork::send(io::NetworkUserId id, std::span<Transmit> transmits) {
  if (User* const user = find(id)) {
    for (Transmit& transmit : transmits) {
      if (shared_ == nullptr || !shared_->send(id, transmit)) user->send(std::move(transmit));
    }
    if (shared_ != nullptr) user->stir();
  }
  return transmits.size();
}

void HostNetwork::set_timeout(io::NetworkUserId id, std::optional<TimePoint> deadline) {
  if (User* const user = find(id)) user->set_timeout(deadline);
}

}  // namespace petrel::inline v0::sim

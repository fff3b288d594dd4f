#include "petrel/sim/host_network.hpp"

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
  bool deliver_event() override { return false; }

 private:
  io::NetworkUser* user_;
  std::set<FlowId> open_;
  std::deque<IoRequest> requests_;
  std::deque<Transmit> transmits_;
  std::optional<TimePoint> deadline_;
};

HostNetwork::HostNetwork(World& world, HostId host, asio::io_context& context)
    : world_(world), host_(host), context_(context), random_(world.fork_random()) {
  world_.attach_loop(this, [this] { return run_ready(); });
}

HostNetwork::~HostNetwork() {
  world_.detach_loop(this);
  std::vector<io::NetworkUser*> left;
  while (!users_.empty()) {
    left.push_back(users_.begin()->second->user());
    detach(users_.begin()->first);
  }
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
}

void HostNetwork::request(io::NetworkUserId id, const IoRequest& request) {
  if (User* const user = find(id)) user->request(request);
}

std::size_t HostNetwork::send(io::NetworkUserId id, std::span<Transmit> transmits) {
  if (User* const user = find(id)) {
    for (Transmit& transmit : transmits) user->send(std::move(transmit));
  }
  return transmits.size();
}

void HostNetwork::set_timeout(io::NetworkUserId id, std::optional<TimePoint> deadline) {
  if (User* const user = find(id)) user->set_timeout(deadline);
}

}  // namespace petrel::inline v0::sim

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ice/check.hpp"
#include "ice/checklist.hpp"
#include "ice/framing.hpp"
#include "petrel/base/assert.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/mdns/node.hpp"
#include "support/seeded_random.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;

const ice::Credentials theirs{"them", "abcdefghijklmnopqrstuv"};
constexpr std::size_t max_remembered_requests = 16;

// Plays driver, network, user and peer to one agent, as the input says. It knows all
// passwords and signs what it makes, so that the agent's inner parts are reached.
class Machine {
 public:
  explicit Machine(Bytes input)
      : in_(input), start_(in_.u8()), random_(start_), agent_(now_, config(start_), random_) {
    streams_.push_back(agent_.add_stream(now_));
    if ((start_ & 4) != 0) set_interfaces();
    if ((start_ & 8) != 0) agent_.gather(now_);
    settle();
    if ((start_ & 16) != 0) open_all();
    if ((start_ & 32) != 0) meet();
  }

  void run() {
    while (in_.remaining() > 0) {
      step(in_.u8());
      settle();
    }
    check_clock();
    agent_.close(now_);
    settle();
    PETREL_ASSERT(!agent_.next_timeout() && !agent_.poll_transmit() && !agent_.poll_event());
  }

 private:
  static ice::AgentConfig config(std::uint8_t start) {
    ice::AgentConfig config;
    config.role = (start & 1) != 0 ? ice::Role::controlling : ice::Role::controlled;
    if ((start & 2) != 0) config.stun_servers = {{"198.51.100.1"}, {"stun.example"}};
    if ((start & 64) != 0) {
      for (const char* uri : {"turn:198.51.100.1", "turn:stun.example?transport=tcp"})
        config.turn_servers.push_back({turn::parse_server_uri(uri).value(), {"ada", "secret"}});
      config.publish_mdns = (start & 1) != 0;
      if ((start & 2) != 0) config.relay_after = 100ms;
    }
    config.lite = (start & 0xc0) == 0x80;
    config.tcp = ice::TcpCandidates{static_cast<std::uint8_t>(start >> 2 & 3)};
    config.gather_udp = (start & 0x42) != 0x42;
    config.renomination = (start & 128) != 0;
    return config;
  }

  void step(std::uint8_t operation) {
    // The last few values, which the others would share evenly.
    if (operation >= 247) return change_generation(operation);
    if (operation >= 242) return change_connections(operation);
    switch (operation % 19) {
      case 0:
        now_ += std::chrono::milliseconds(in_.u16());
        return agent_.handle_timeout(now_);
      case 1:
      case 2:
        return run_timer();
      case 3:
      case 4:
        return request();
      case 5:
      case 6:
        return respond();
      case 7:
        return receive(in_.bytes(std::min<std::size_t>(in_.u8(), in_.remaining())));
      case 8:
        return add_candidate();
      case 9:
        return meet();
      case 10:
        return agent_.gather(now_);
      case 11:
        return open_all();
      case 12:
        return fail_flow();
      case 13:
        return set_interfaces();
      case 14:
        return resolve();
      case 15:
        return agent_.set_role(now_, in_.u8() % 2 == 0 ? ice::Role::controlling : ice::Role::controlled);
      case 16:
        agent_.send(now_, stream(), PacketBuffer{});
        return;
      case 17:
        return change_streams();
      case 18:
        agent_.end_of_remote_candidates(now_, stream());
        return;
      default:
        return;
    }
  }

  // Few values, so that the same pairs are met again.
  Endpoint endpoint() {
    const std::uint8_t pick = in_.u8();
    const auto port = static_cast<std::uint16_t>(2000 + pick % 128);
    if (pick < 128) return Endpoint::v4(198, 51, 100, pick % 4, port);
    return {IpAddress::parse(pick < 192 ? "2001:db8::9" : "fe80::9").value(), port};
  }
  ice::StreamId stream() { return streams_[in_.u8() % streams_.size()]; }
  FlowId flow() {
    if (open_.empty()) return FlowId{1};
    auto it = open_.begin();
    std::advance(it, in_.u8() % open_.size());
    return *it;
  }

  void run_timer() {
    const auto due = agent_.next_timeout();
    if (!due) return;
    PETREL_ASSERT(*due >= now_);
    now_ = *due;
    agent_.handle_timeout(now_);
    // Work may be left for the same instant, but it comes to an end.
    stuck_ = agent_.next_timeout() == due ? stuck_ + 1 : 0;
    PETREL_ASSERT(stuck_ < 100);
  }
  void check_clock() {
    for (int i = 0; i < 50; ++i) {
      run_timer();
      settle();
    }
  }

  void receive(Bytes packet) { receive(packet, flow(), endpoint()); }
  void receive(Bytes packet, FlowId to, const Endpoint& from) {
    if (!open_.contains(to)) return;
    if (!framed_.contains(to)) {
      agent_.handle_datagram(now_, {to, from, {}, packet});
      return;
    }
    auto payload = PacketBuffer::copy_of(packet);
    if (!payload) return;
    const PacketBuffer frame = ice::to_frame(*std::move(payload));
    const Endpoint& peer = framed_.at(to);
    // Cut once, somewhere.
    const std::size_t cut = std::min<std::size_t>(in_.u8(), frame.size());
    agent_.handle_datagram(now_, {to, peer, {}, frame.bytes().first(cut)});
    agent_.handle_datagram(now_, {to, peer, {}, frame.bytes().subspan(cut)});
  }

  void request() {
    const std::uint8_t flags = in_.u8();
    const ice::Credentials ours = agent_.local_credentials(stream());
    stun::Builder builder(stun::Class::request, stun::Method::binding, random_.bytes<12>());
    if ((flags & 1) == 0) builder.username(ours.ufrag + ':' + theirs.ufrag);
    if ((flags & 2) == 0) builder.priority(in_.u32());
    if ((flags & 4) != 0) builder.use_candidate();
    if ((flags & 128) != 0) {
      const std::array<std::byte, 4> number{{{}, {}, {}, std::byte{in_.u8()}}};
      builder.attribute(ice::nomination_attribute, number);
    }
    if ((flags & 8) != 0) builder.ice_controlling(in_.u8() == 0 ? 0 : ~std::uint64_t{0});
    if ((flags & 16) != 0) builder.ice_controlled(in_.u8() == 0 ? 0 : ~std::uint64_t{0});
    if ((flags & 32) != 0) {
      const auto type = stun::AttributeType{in_.u16()};
      builder.attribute(type, in_.bytes(std::min<std::size_t>(in_.u8(), in_.remaining())));
    }
    crypto::HmacSha1Key key(as_bytes((flags & 64) == 0 ? ours.password : theirs.password));
    const auto packet = builder.finish({.integrity = &key});
    if (packet) receive(packet->bytes());
  }

  void respond() {
    if (requests_.empty()) return;
    const Request& request = requests_[in_.u8() % requests_.size()];
    const std::uint8_t flags = in_.u8();
    crypto::HmacSha1Key key(as_bytes((flags & 1) == 0 ? theirs.password : "wrong"));
    const bool refuse = (flags & 2) != 0;
    stun::Builder builder(refuse ? stun::Class::error_response : stun::Class::success_response,
                          stun::Method::binding, request.id);
    if (refuse) builder.error_code((flags & 4) != 0 ? 487 : 400, "");
    if ((flags & 8) == 0) builder.xor_mapped_address((flags & 16) != 0 ? endpoint() : Endpoint{});
    const auto packet = builder.finish({.integrity = &key});
    if (!packet) return;
    receive(packet->bytes(), request.flow, (flags & 32) != 0 ? endpoint() : request.destination);
  }

  void add_candidate() {
    const std::size_t size = in_.u8();
    if (size < 128) {
      ice::Candidate candidate;
      candidate.foundation = std::to_string(size % 8);
      candidate.priority = in_.u32();
      candidate.endpoint = endpoint();
      if (size >= 64) candidate.protocol = TransportProtocol::tcp;
      if (size >= 64) candidate.tcp_type = size >= 96 ? "active" : "passive";
      static_cast<void>(agent_.add_remote_candidate(now_, stream(), candidate));
    } else {
      const auto candidate = ice::parse_candidate(as_text(in_.bytes(std::min(size, in_.remaining()))));
      if (candidate) static_cast<void>(agent_.add_remote_candidate(now_, stream(), *candidate));
    }
  }
  void meet() {
    const bool lite = in_.u8() % 4 == 1;
    static_cast<void>(agent_.set_remote_credentials(now_, stream(), theirs, lite));
    agent_.set_remote_renomination(now_, stream(), (start_ & 128) != 0);
  }

  void set_interfaces() {
    const std::uint8_t which = in_.u8();
    std::vector<LocalAddress> up;
    for (std::uint8_t i = 0; i < which % 8; ++i) up.push_back({IpAddress::v4(192, 0, 2, i), "eth0"});
    if ((which & 16) != 0) up.push_back({IpAddress::parse("2001:db8::1").value(), "eth0"});
    if ((which & 32) != 0) up.push_back({IpAddress::v6(IpAddress::parse("fe80::1")->octets(), 2), "eth0"});
    agent_.handle_interfaces(now_, up);
  }
  void open_all() {
    for (const auto& [flow, address] : std::exchange(binding_, {})) {
      if (!listeners_.contains(flow)) open_.insert(flow);
      agent_.handle_flow(now_, flow, FlowOpened{{address, 1000}});
    }
  }
  void change_connections(std::uint8_t operation) {
    const FlowId changed = flow();
    if (operation < 244) {
      if (listeners_.empty()) return;
      auto listener = listeners_.begin();
      std::advance(listener, in_.u8() % listeners_.size());
      const FlowId accepted{next_accepted_++};
      const Endpoint from = endpoint();
      open_.insert(accepted);
      framed_.emplace(accepted, from);
      agent_.handle_flow(now_, accepted, FlowAccepted{*listener, {}, from});
    } else if (operation == 244) {
      agent_.handle_flow(now_, changed, FlowCongested{});
    } else if (operation == 245) {
      agent_.handle_flow(now_, changed, FlowWritable{});
    } else if (framed_.contains(changed)) {
      forget(changed);
      agent_.handle_flow(now_, changed, FlowClosed{});
    }
  }
  void forget(FlowId flow) {
    if (framed_.erase(flow) > 0) open_.erase(flow);
    listeners_.erase(flow);
  }
  void fail_flow() {
    const FlowId failed = flow();
    open_.erase(failed);
    agent_.handle_flow(now_, failed, FlowFailed{make_error_code(Errc::closed)});
  }
  void resolve() {
    const IpAddress addresses[] = {IpAddress::v4(198, 51, 100, 1), IpAddress::parse("2001:db8::9").value()};
    agent_.handle_resolved(now_, in_.u8() % 4, {addresses, in_.u8() % 3u});
  }
  void change_generation(std::uint8_t operation) {
    const ice::StreamId id = stream();
    if (operation < 251) {
      const ice::Credentials next = agent_.restart_credentials(id);
      agent_.restart(now_, id);
      PETREL_ASSERT(agent_.local_credentials(id) == next);
    } else if (operation < 253) {
      static_cast<void>(agent_.cancel_restart(now_, id));
    } else if (operation == 253) {
      ice::AgentConfig other = config(in_.u8());
      agent_.set_servers(now_, std::move(other.stun_servers), std::move(other.turn_servers));
    } else {
      static_cast<void>(agent_.set_remote_credentials(now_, id, {"them2", theirs.password}, false));
    }
  }
  void change_streams() {
    if (in_.u8() % 2 == 0 && streams_.size() < 4) {
      streams_.push_back(agent_.add_stream(now_));
    } else if (streams_.size() > 1) {
      agent_.remove_stream(now_, streams_.back());
      streams_.pop_back();
    }
  }

  // Takes everything out, as a driver does, and looks at it.
  void settle() {
    std::size_t outputs = 0;
    while (const auto transmit = agent_.poll_transmit()) {
      PETREL_ASSERT(++outputs < 1000);
      PETREL_ASSERT(open_.contains(transmit->flow));
      if (transmit->payload.empty()) continue;  // Data.
      Bytes payload = transmit->payload.bytes();
      if (framed_.contains(transmit->flow)) {
        PETREL_ASSERT(ByteReader(payload).u16() == payload.size() - ice::frame_header_bytes);
        payload = payload.subspan(ice::frame_header_bytes);
        if (payload.empty()) continue;
      }
      // What TURN clients and mDNS nodes say has harnesses of its own.
      const std::uint16_t port = transmit->destination.port;
      if (port == 3478 || port == mdns::port || transmit->destination == Endpoint{}) continue;
      const auto message = stun::MessageView::parse(payload);
      PETREL_ASSERT(message && message->fingerprint_ok());
      if (message->message_class() != stun::Class::request) continue;
      if (requests_.size() >= max_remembered_requests) requests_.erase(requests_.begin());
      requests_.push_back({message->id(), transmit->flow, transmit->destination});
    }
    while (const auto request = agent_.poll_request()) {
      PETREL_ASSERT(++outputs < 1000);
      if (const auto* bind = std::get_if<BindUdp>(&*request))
        binding_.emplace_back(bind->flow, bind->local.address);
      if (const auto* connect = std::get_if<Connect>(&*request)) {
        binding_.emplace_back(connect->flow, connect->local.address);
        if (connect->remote.port != 3478) framed_.emplace(connect->flow, connect->remote);
      }
      if (const auto* listen = std::get_if<Listen>(&*request)) {
        binding_.emplace_back(listen->flow, listen->local.address);
        listeners_.insert(listen->flow);
      }
      if (const auto* close = std::get_if<CloseFlow>(&*request)) {
        std::erase_if(binding_, [&](const auto& each) { return each.first == close->flow; });
        forget(close->flow);
      }
      if (const auto* join = std::get_if<JoinMulticast>(&*request))
        binding_.emplace_back(join->flow, join->interface);
    }
    while (agent_.poll_event()) PETREL_ASSERT(++outputs < 1000);

    const auto due = agent_.next_timeout();
    PETREL_ASSERT(!due || *due >= now_);
    for (const ice::StreamId id : streams_) {
      const ice::StreamReport report = agent_.report(id);
      PETREL_ASSERT(report.pairs.size() <= ice::max_pairs);
      PETREL_ASSERT(report.remote_candidates.size() <= ice::max_remote_candidates);
      PETREL_ASSERT(report.local_candidates.size() <= ice::max_local_candidates);
      PETREL_ASSERT(agent_.state(id) != ice::State::completed || agent_.selected(id));
    }
  }

  struct Request {
    stun::TransactionId id;
    FlowId flow;
    Endpoint destination;
  };

  ByteReader in_;
  std::uint8_t start_;
  testing::SeededRandom random_;
  TimePoint now_{};
  ice::Agent agent_;
  std::vector<ice::StreamId> streams_;
  std::vector<Request> requests_;
  std::vector<std::pair<FlowId, IpAddress>> binding_;
  std::set<FlowId> open_;
  std::set<FlowId> listeners_;
  std::map<FlowId, Endpoint> framed_;  ///< Connections of TCP candidates.
  std::uint32_t next_accepted_ = first_accepted_flow.value;
  int stuck_ = 0;
};

}  // namespace

// Property: whatever peer, network and user do in whatever order, queues and lists stay
// within their limits, packets leave by open sockets, timers make progress, and a closed
// agent is silent.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::byte> input(size);
  std::transform(data, data + size, input.begin(), [](std::uint8_t b) { return std::byte{b}; });
  Machine(input).run();
  return 0;
}

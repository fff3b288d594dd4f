#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/stream_deframer.hpp"
#include "petrel/turn/tcp_allocation.hpp"
#include "support/seeded_random.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;
using turn::PeerStreamId;
using turn::TcpAllocation;

void require(bool holds) {
  if (!holds) std::abort();
}

constexpr FlowId control{1};
const Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);

// A request that the server may answer, and the connection that it came by.
struct Asked {
  FlowId flow;
  stun::Method method;
  stun::TransactionId id;
};

// A connection to the server, as the server sees it.
struct Link {
  bool open = false;
  bool raw = false;     // A ConnectionBind on it has been granted.
  std::string sent{};   // To the client, as a peer's bytes,
  std::string given{};  // and from it.
  turn::StreamDeframer deframer{};
};

// A client, a server that knows its password and may say anything, and what both may never do.
class World {
 public:
  explicit World(ByteReader& input)
      : input_(input),
        client_(TcpAllocation::create(now_,
                                      {.flow = control,
                                       .server = server,
                                       .protocol = TransportProtocol::tcp,
                                       .credentials = {"alice", "secret"}},
                                      random_)
                    .value()) {
    drain();
  }

  void step() {
    switch (input_.u8() % 14) {
      case 0:
        now_ += std::chrono::milliseconds(std::uint32_t{input_.u16()} * 8);
        client_.handle_timeout(now_);
        break;
      case 1:
        if (const auto due = client_.next_timeout()) {
          now_ = std::max(now_, *due);
          client_.handle_timeout(now_);
          require(!client_.next_timeout() || *client_.next_timeout() > now_);
        }
        break;
      case 2:
      case 3:
        answer(false);
        break;
      case 4:
      case 5:
        answer(true);
        break;
      case 6:
        deliver(flow(), input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining())));
        break;
      case 7:
        if (const auto id = client_.connect(now_, peer())) write(*id);
        break;
      case 8:
        if (input_.u8() % 4 == 0) {
          client_.forbid(peer().address);
        } else {
          (void)client_.permit(now_, peer().address);
        }
        break;
      case 9:
        attempt();
        break;
      case 10:
        change();
        break;
      case 11:
        say_bytes();
        break;
      case 12:
        if (const auto id = stream()) write(*id);
        break;
      default:
        if (const auto id = stream()) {
          read(*id);
          if (input_.u8() % 4 == 0) {
            client_.close(now_, *id);
            streams_.erase(*id);
          }
        }
        break;
    }
    drain();
  }

  void finish() {
    client_.close(now_);
    while (client_.poll_transmit()) {
    }
    while (client_.poll_request()) {
    }
    require(!client_.next_timeout() && client_.stage() >= turn::Stage::lost);
    client_.handle_timeout(now_ + 24h);
    require(!client_.poll_transmit() && !client_.poll_event());
  }

 private:
  Endpoint peer() {
    const std::uint8_t which = input_.u8();
    if ((which & 0x40) != 0) return *Endpoint::parse("[2001:db8::9]:4000");
    return Endpoint::v4(198, 51, 100, which % 4, static_cast<std::uint16_t>(which % 3));
  }
  FlowId flow() {
    if (links_.empty()) return control;
    return std::next(links_.begin(), input_.u8() % static_cast<std::ptrdiff_t>(links_.size()))->first;
  }
  std::optional<PeerStreamId> stream() {
    if (streams_.empty()) return std::nullopt;
    return *std::next(streams_.begin(), input_.u8() % static_cast<std::ptrdiff_t>(streams_.size()));
  }

  void write(PeerStreamId id) {
    const std::vector<std::byte> bytes(std::size_t{input_.u8()} * 16);
    if (const auto taken = client_.write(now_, id, bytes)) require(*taken <= bytes.size());
  }
  void read(PeerStreamId id) {
    while (const auto bytes = client_.read(id)) require(!bytes->empty());
  }

  void attempt() {
    stun::Builder out(stun::Class::indication, stun::Method::connection_attempt, {});
    out.xor_peer_address(peer());
    if (input_.u8() % 8 != 0) out.connection_id(input_.u8());
    deliver(control, out.finish({.fingerprint = false}).value().bytes());
  }

  void change() {
    const FlowId which = flow();
    switch (input_.u8() % 6) {
      case 0:
        return client_.handle_flow(now_, which, FlowCongested{});
      case 1:
        return client_.handle_flow(now_, which, FlowWritable{});
      case 2:
        if (links_.erase(which) != 0) client_.handle_flow(now_, which, FlowClosed{});
        return;
      case 3:
        if (links_.erase(which) != 0) {
          client_.handle_flow(now_, which, FlowFailed{make_error_code(Errc::closed)});
        }
        return;
      default:
        if (const auto link = links_.find(which); link != links_.end() && !link->second.open) {
          link->second.open = true;
          client_.handle_flow(now_, which, FlowOpened{.local = {}, .remote = server});
        }
    }
  }

  // A peer's bytes, on a connection that is a peer's.
  void say_bytes() {
    const auto link = links_.find(flow());
    const Bytes bytes = input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining()));
    if (link == links_.end() || !link->second.raw) return;
    for (int i = 0; i < 64; ++i) deliver(link->first, bytes);
  }

  void answer(bool good) {
    if (asked_.empty()) return;
    const Asked request = asked_[input_.u8() % asked_.size()];
    const std::uint8_t shape = good ? 64 | 16 : input_.u8();
    const bool is_error = (shape & 1) != 0;
    stun::Builder out(is_error ? stun::Class::error_response : stun::Class::success_response, request.method,
                      request.id);
    constexpr int codes[] = {300, 400, 401, 401, 401, 403, 437, 438, 438, 442, 446, 447, 486, 500, 508, 420};
    if (is_error) out.error_code(codes[input_.u8() % std::size(codes)], "reason");
    if ((shape & 2) != 0) out.realm("r");
    if ((shape & 4) != 0) out.nonce(input_.u8() % 2 == 0 ? "plain" : "other");
    if ((shape & 16) != 0) out.lifetime(input_.u16());
    if ((shape & 32) != 0) {
      out.attribute(static_cast<stun::AttributeType>(input_.u16()),
                    input_.bytes(std::min<std::size_t>(input_.u8() % 24, input_.remaining())));
    }
    if ((shape & 64) != 0) {
      out.xor_relayed_address(Endpoint::v4(192, 0, 2, 1, 49'152)).xor_mapped_address(server);
      out.connection_id(input_.u8());
    }
    static crypto::HmacSha1Key key(stun::long_term_key_md5({"alice", "r", "secret"}));
    stun::Seal seal{.fingerprint = (shape & 128) != 0};
    const bool is_signed = input_.u8() % 4 != 0;
    if (is_signed) seal.integrity = &key;
    const auto packet = out.finish(seal);
    if (!packet) return;
    const auto link = links_.find(request.flow);
    const bool binds = link != links_.end() && request.method == stun::Method::connection_bind && !is_error;
    deliver(request.flow, packet->bytes());
    const auto still = links_.find(request.flow);
    if (binds && still != links_.end() && opened_ != 0) still->second.raw = true;
    opened_ = 0;
  }

  void deliver(FlowId which, Bytes bytes) {
    const auto link = links_.find(which);
    if (link == links_.end() || !link->second.open) return;
    client_.handle_datagram(now_, {which, server, {}, bytes});
    drain();
  }

  void drain() {
    for (bool moved = true; moved;) {
      moved = false;
      while (const auto transmit = client_.poll_transmit()) {
        moved = true;
        require(transmit->destination == server && links_.contains(transmit->flow));
        Link& link = links_[transmit->flow];
        require(link.open && !transmit->payload.empty());
        if (link.raw) continue;
        link.deframer.feed(transmit->payload.bytes());
        while (const auto message = link.deframer.next()) look_at(transmit->flow, *message);
        if (link.deframer.broken()) link.raw = true;  // Bytes that were written as soon as it was open.
      }
      while (const auto request = client_.poll_request()) {
        moved = true;
        if (const auto* connect = std::get_if<Connect>(&*request)) {
          require(connect->remote == server && links_.emplace(connect->flow, Link{}).second);
          require(used_.insert(connect->flow).second);
        }
        if (const auto* close = std::get_if<CloseFlow>(&*request)) links_.erase(close->flow);
      }
      while (const auto event = client_.poll_event()) {
        moved = true;
        look_at(*event);
      }
    }
    require(client_.streams() <= TcpAllocation::max_streams);
    require(links_.size() <= TcpAllocation::max_streams + 1);
    require((ends_ == 1) == (client_.stage() == turn::Stage::lost));
    require(client_.next_timeout().has_value() == (ends_ == 0));
    require(client_.relayed().has_value() == (client_.stage() == turn::Stage::allocated));
  }

  void look_at(FlowId which, Bytes message) {
    const auto view = stun::MessageView::parse(message);
    require(view && view->unknown_required().empty());
    if (view->message_class() != stun::Class::request) return;
    require((which == control) != (view->method() == stun::Method::connection_bind));
    asked_.push_back({which, view->method(), view->id()});
    if (asked_.size() > 16) asked_.pop_front();
  }
  void look_at(const turn::TcpEvent& event) {
    require(ends_ == 0 || std::holds_alternative<turn::StreamFailed>(event));
    if (std::holds_alternative<turn::Allocated>(event)) require(++allocations_ == 1);
    if (const auto* opened = std::get_if<turn::StreamOpened>(&event)) {
      require(allocations_ == 1 && streams_.insert(opened->id).second);
      ++opened_;
    }
    if (const auto* failed = std::get_if<turn::StreamFailed>(&event)) {
      require(failed->error && !failed->detail.empty());
      streams_.insert(failed->id);
    }
    if (const auto* readable = std::get_if<turn::StreamReadable>(&event)) {
      require(streams_.contains(readable->id));
    }
    if (std::holds_alternative<turn::Lost>(event) || std::holds_alternative<turn::Redirected>(event)) ++ends_;
  }

  ByteReader& input_;
  testing::SeededRandom random_{1};
  TimePoint now_{};
  TcpAllocation client_;
  std::map<FlowId, Link> links_;
  std::set<FlowId> used_;
  std::set<PeerStreamId> streams_;
  std::deque<Asked> asked_;
  int allocations_ = 0;
  int opened_ = 0;
  int ends_ = 0;
};

}  // namespace

// Property: whatever a server says that knows the password, whatever the network does and whatever is asked
// for, the client sends by flows that are open and that it asked for once, binds on connections of their
// own, keeps within its limits, allocates once, ends once, is silent after that, and its time moves on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  World world(input);
  while (input.remaining() > 0) world.step();
  world.finish();
  return 0;
}

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <span>
#include <vector>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/channel_data.hpp"
#include "petrel/turn/client.hpp"
#include "petrel/turn/stream_deframer.hpp"
#include "support/seeded_random.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;

void require(bool holds) {
  if (!holds) std::abort();
}

// A request of the client's that the server may answer.
struct Asked {
  stun::Method method;
  stun::TransactionId id;
};

// A client, a server that knows its password and may say anything, and what both may never do.
class World {
 public:
  explicit World(ByteReader& input) : input_(input), shape_(input.u8()), client_(now_, config(), random_) {
    drain();
  }

  void step() {
    switch (input_.u8() % 10) {
      case 0:
        now_ += std::chrono::milliseconds(std::uint32_t{input_.u16()} * 8);
        client_.handle_timeout(now_);
        break;
      case 1:
        next_timeout();
        break;
      case 2:
      case 3:
        answer();
        break;
      case 4:
        deliver(input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining())));
        break;
      case 5:
        send();
        break;
      case 6:
        client_.permit(now_, peer().address);
        break;
      case 7:
        say_data();
        break;
      case 8:
        change();
        break;
      default:
        grant();  // What random bytes would hardly ever say.
        break;
    }
    drain();
  }

  // In the end the client is closed, and it is over.
  void finish() {
    client_.close(now_);
    while (client_.poll_transmit()) {
    }
    require(!client_.next_timeout() && client_.stage() >= turn::Stage::lost);
    client_.handle_timeout(now_ + 24h);
    require(!client_.poll_transmit());
  }

 private:
  bool is_stream() const { return (shape_ & 1) != 0; }
  turn::ClientConfig config() const {
    return {.flow = flow_,
            .server = server_,
            .protocol = is_stream() ? TransportProtocol::tcp : TransportProtocol::udp,
            .credentials = {"alice", "secret"},
            .both_families = (shape_ & 2) != 0,
            .use_channels = (shape_ & 4) == 0};
  }
  Endpoint peer() {
    const std::uint8_t which = input_.u8();
    if ((which & 0x40) != 0) return *Endpoint::parse("[2001:db8::9]:4000");
    return Endpoint::v4(198, 51, 100, which % 4, static_cast<std::uint16_t>(which % 3));
  }

  void next_timeout() {
    const auto due = client_.next_timeout();
    if (!due) return;
    now_ = std::max(now_, *due);
    client_.handle_timeout(now_);
    require(!client_.next_timeout() || *client_.next_timeout() > now_);
  }

  void send() {
    const Endpoint to = peer();
    const std::size_t size =
        std::min(input_.u8() * std::size_t{input_.u8() % 8 + 1U}, PacketBuffer::capacity);
    const auto sent = client_.send(now_, to, PacketBuffer::copy_of(std::vector<std::byte>(size)).value());
    require(!sent || size <= client_.max_payload(to.address.family()));
  }

  void change() {
    const std::uint8_t what = input_.u8();
    if (what < 64) client_.set_credentials(now_, {(what & 1) != 0 ? "alice" : "bob", "secret"});
    if (what >= 64 && what < 96) client_.handle_flow(now_, flow_, FlowCongested{});
    if (what >= 96 && what < 250) client_.handle_flow(now_, flow_, FlowWritable{});
    if (what == 250) client_.handle_flow(now_, flow_, FlowClosed{});
  }

  void say_data() {
    const Endpoint from = peer();
    const Bytes payload = input_.bytes(std::min<std::size_t>(input_.u8() % 32, input_.remaining()));
    if (input_.u8() % 2 == 0) {
      stun::Builder out(stun::Class::indication, stun::Method::data, {});
      deliver(out.xor_peer_address(from).data(payload).finish().value().bytes());
    } else {
      auto packet = PacketBuffer::copy_of(payload).value();
      turn::prepend_channel_data(packet, static_cast<std::uint16_t>(turn::min_channel + input_.u8() % 4),
                                 is_stream());
      deliver(packet.bytes());
    }
  }

  const Asked* asked() { return asked_.empty() ? nullptr : &asked_[input_.u8() % asked_.size()]; }
  void answer() {
    const Asked* request = asked();
    if (request == nullptr) return;
    const std::uint8_t shape = input_.u8();
    stun::Builder out((shape & 1) != 0 ? stun::Class::error_response : stun::Class::success_response,
                      request->method, request->id);
    constexpr int codes[] = {300, 400, 401, 401, 401, 403, 437, 438, 438, 440, 441, 486, 500, 508, 699, 420};
    if ((shape & 1) != 0) out.error_code(codes[input_.u8() % std::size(codes)], "reason");
    if ((shape & 2) != 0) out.realm("r");
    if ((shape & 4) != 0) {
      const std::uint8_t which = input_.u8();
      out.nonce(which < 128 ? "plain" : stun::make_nonce({(which & 1) != 0, (which & 2) != 0}, "x"));
    }
    if ((shape & 8) != 0) {
      const std::uint16_t algorithms[] = {input_.u8(), input_.u8()};
      out.password_algorithms(std::vector{static_cast<stun::PasswordAlgorithm>(algorithms[0] % 4),
                                          static_cast<stun::PasswordAlgorithm>(algorithms[1] % 4)});
    }
    if ((shape & 16) != 0) out.lifetime(input_.u32());
    if ((shape & 32) != 0) {
      out.attribute(static_cast<stun::AttributeType>(input_.u16()),
                    input_.bytes(std::min<std::size_t>(input_.u8() % 24, input_.remaining())));
    }
    if ((shape & 64) != 0) out.xor_relayed_address(relayed_).xor_mapped_address(relayed_);
    deliver_sealed(out, shape);
  }
  void grant() {
    const Asked* request = asked();
    if (request == nullptr) return;
    stun::Builder out(stun::Class::success_response, request->method, request->id);
    out.xor_relayed_address(relayed_).xor_relayed_address(*Endpoint::parse("[2001:db8::1]:5"));
    out.xor_mapped_address(relayed_).lifetime(input_.u16());
    deliver_sealed(out, input_.u8());
  }
  void deliver_sealed(stun::Builder& out, std::uint8_t shape) {
    static crypto::HmacSha1Key md5_key(stun::long_term_key_md5({"alice", "r", "secret"}));
    static crypto::HmacSha256Key sha256_key(stun::long_term_key_sha256({"alice", "r", "secret"}));
    static crypto::HmacSha256Key mixed_key(stun::long_term_key_md5({"alice", "r", "secret"}));
    stun::Seal seal{.fingerprint = (shape & 128) != 0};
    const std::uint8_t kind = input_.u8() % 4;
    if (kind == 0) seal.integrity = &md5_key;
    if (kind == 1) seal.integrity_sha256 = &sha256_key;
    if (kind == 2) seal.integrity_sha256 = &mixed_key;
    if (const auto packet = out.finish(seal)) deliver(packet->bytes());
  }

  void deliver(Bytes bytes) {
    client_.handle_datagram(now_, {flow_, server_, {}, bytes});
    drain();
  }

  void look_at(Bytes message) {
    if (turn::begins_channel_data(message[0])) {
      require(turn::ChannelDataView::parse(message).has_value());
      require(client_.stage() == turn::Stage::allocated);
      return;
    }
    const auto view = stun::MessageView::parse(message);
    require(view && view->unknown_required().empty());
    if (view->message_class() != stun::Class::request) return;
    asked_.push_back({view->method(), view->id()});
    if (asked_.size() > 16) asked_.pop_front();
  }

  void drain() {
    while (const auto transmit = client_.poll_transmit()) {
      require(transmit->flow == flow_ && transmit->destination == server_);
      require(client_.stage() < turn::Stage::lost);
      require(is_stream() ? transmit->payload.size() % 4 == 0 : transmit->payload.size() <= 1472);
      if (!is_stream()) {
        look_at(transmit->payload.bytes());
        continue;
      }
      deframer_.feed(transmit->payload.bytes());
      while (const auto message = deframer_.next()) look_at(*message);
      require(!deframer_.broken());
    }
    while (const auto event = client_.poll_event()) {
      require(ends_ == 0);
      if (std::holds_alternative<turn::Allocated>(*event)) require(++allocations_ == 1);
      if (std::holds_alternative<turn::Received>(*event)) require(allocations_ == 1);
      if (std::holds_alternative<turn::Lost>(*event) || std::holds_alternative<turn::Redirected>(*event))
        ++ends_;
    }
    require((ends_ == 1) == (client_.stage() == turn::Stage::lost));
    require(client_.next_timeout().has_value() == (ends_ == 0));
    require(client_.relayed().empty() == (client_.stage() != turn::Stage::allocated));
  }

  ByteReader& input_;
  std::uint8_t shape_;
  testing::SeededRandom random_{1};
  TimePoint now_{};
  FlowId flow_{1};
  Endpoint server_ = Endpoint::v4(192, 0, 2, 1, 3478);
  Endpoint relayed_ = Endpoint::v4(192, 0, 2, 1, 49'152);
  turn::Client client_;
  turn::StreamDeframer deframer_;
  std::deque<Asked> asked_;
  int allocations_ = 0;
  int ends_ = 0;
};

}  // namespace

// Property: whatever a server says that knows the password, and whatever is sent, the client writes
// whole messages that fit, allocates once, ends once, is silent after that, and its time moves on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  World world(input);
  while (input.remaining() > 0) world.step();
  world.finish();
  return 0;
}

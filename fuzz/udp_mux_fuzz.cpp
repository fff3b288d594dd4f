#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "petrel/io/udp_mux.hpp"
#include "petrel/stun/builder.hpp"

namespace {

using namespace petrel;
using namespace std::chrono_literals;
using io::SharedSocketId;
using io::UdpMux;

void require(bool holds) {
  if (!holds) std::abort();
}

// Four users on two sockets, whoever sends to them, and what may be known of whom.
class World {
 public:
  explicit World(ByteReader& input) : input_(input) {}

  void step() {
    switch (input_.u8() % 8) {
      case 0:
        now_ += std::chrono::milliseconds(std::uint32_t{input_.u16()} * 2);
        break;
      case 1:
        join_or_leave();
        break;
      case 2:
        name();
        break;
      case 3:
      case 4:
        send();
        break;
      case 5:
      case 6:
        receive(message());
        break;
      default: {
        const Bytes raw = input_.bytes(std::min<std::size_t>(input_.u8(), input_.remaining()));
        receive({raw.begin(), raw.end()});
        break;
      }
    }
    const UdpMux::Sizes sizes = mux_.sizes();
    require(sizes.ufrags <= users * UdpMux::max_ufrags);
    require(sizes.addresses <= users * UdpMux::max_addresses);
    require(sizes.requests <= users * UdpMux::max_requests);
  }

  void finish() {
    for (std::uint64_t user = 1; user <= users; ++user) mux_.remove({user});
    const UdpMux::Sizes sizes = mux_.sizes();
    require(sizes.ufrags + sizes.addresses + sizes.requests == 0);
  }

 private:
  static constexpr std::size_t users = 4;

  io::NetworkUserId user() { return {input_.u8() % users + 1}; }
  SharedSocketId socket() { return {input_.u8() % 2 + 1U}; }
  Endpoint remote() {
    const std::uint8_t which = input_.u8();
    return Endpoint::v4(192, 0, 2, which % 2, which);
  }
  // Every flow is named after its socket, so that the two cannot be mixed up unnoticed.
  static FlowId flow_of(SharedSocketId socket) { return {socket.value + 100}; }

  void join_or_leave() {
    const auto who = user();
    const auto where = socket();
    switch (input_.u8() % 3) {
      case 0:
        mux_.join(who, flow_of(where), where);
        seats_.emplace(who, where);
        break;
      case 1: {
        const bool was_there = seats_.erase({who, where}) > 0;
        const auto unused = mux_.leave(who, flow_of(where));
        if (was_there)
          std::erase_if(answered_, [&](const auto& each) {
            return std::get<0>(each) == who && std::get<1>(each) == where;
          });
        require(unused.has_value() == (was_there && is_empty(where)));
        break;
      }
      default:
        mux_.remove(who);
        for (std::uint32_t each = 1; each <= 2; ++each) seats_.erase({who, SharedSocketId{each}});
        names_[who].clear();
        std::erase_if(asked_, [&](const auto& each) { return each.first == who; });
        std::erase_if(answered_, [&](const auto& each) { return std::get<0>(each) == who; });
        break;
    }
  }
  bool is_empty(SharedSocketId where) const {
    for (const auto& seat : seats_) {
      if (seat.second == where) return false;
    }
    return true;
  }

  void name() {
    const auto who = user();
    std::vector<std::string> ufrags;
    for (int count = input_.u8() % 4; count > 0; --count) ufrags.push_back(ufrag());
    mux_.name_ufrags(who, ufrags);
    names_[who] = {ufrags.begin(), ufrags.end()};
  }
  std::string ufrag() { return "u" + std::to_string(input_.u8() % 8); }

  std::vector<std::byte> message() {
    stun::TransactionId id{};
    id[0] = static_cast<std::byte>(input_.u8() % 16);
    const auto message_class = static_cast<stun::Class>(input_.u8() % 4);
    const bool binding = input_.u8() % 8 != 0;
    stun::Builder out(message_class, binding ? stun::Method::binding : stun::Method::allocate, id);
    std::string username;
    if (input_.u8() % 4 != 0) out.username(username = ufrag() + (input_.u8() % 2 == 0 ? ":x" : ""));
    const PacketBuffer packet = out.finish().value();
    return {packet.bytes().begin(), packet.bytes().end()};
  }

  void send() {
    const auto who = user();
    const auto where = socket();
    const Endpoint to = remote();
    const auto bytes = message();
    mux_.handle_sent(now_, who, where, to, bytes);
    if (std::to_integer<int>(bytes[1]) == 1 && bytes[0] == std::byte{0}) asked_.insert({who, bytes[8]});
    if (std::to_integer<int>(bytes[1]) == 1 && bytes[0] == std::byte{1}) answered_.insert({who, where, to});
  }

  void receive(const std::vector<std::byte>& bytes) {
    const auto where = socket();
    const Endpoint from = remote();
    const auto to = mux_.route(now_, where, from, bytes);
    if (!to) return;
    // Only who is there, and only for one of the reasons.
    require(seats_.contains({to->user, where}) && to->flow == flow_of(where));
    const bool is_stun = !bytes.empty() && bytes[0] <= std::byte{3};
    const bool is_response = is_stun && (std::to_integer<int>(bytes[0]) & 1) != 0;
    if (is_response) {
      require(asked_.contains({to->user, bytes[8]}));
      answered_.insert({to->user, where, from});  // It may have been a proof.
    } else if (is_stun && (std::to_integer<int>(bytes[1]) & 0x10) == 0) {
      require(!names_[to->user].empty());
    } else {
      require(answered_.contains({to->user, where, from}));
    }
  }

  ByteReader& input_;
  UdpMux mux_;
  TimePoint now_{};
  std::set<std::pair<io::NetworkUserId, SharedSocketId>> seats_;
  std::map<io::NetworkUserId, std::set<std::string>> names_;
  std::set<std::pair<io::NetworkUserId, std::byte>> asked_;  ///< By the byte that makes a transaction.
  std::set<std::tuple<io::NetworkUserId, SharedSocketId, Endpoint>> answered_;
};

}  // namespace

// Property: nobody gets what is not for it, whoever sends what, and nothing is left of who leaves.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader input(std::as_bytes(std::span(data, size)));
  World world(input);
  while (input.remaining() > 0) world.step();
  world.finish();
  return 0;
}

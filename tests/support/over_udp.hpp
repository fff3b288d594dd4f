#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::testing {

/// Makes a FlowCore of a packet core (handle_packet/poll_packet), which knows no addresses:
/// one UDP socket at `local`, and everything goes to and comes from `remote`.
template <class PacketCore>
class OverUdp {
 public:
  using Event = typename std::remove_cvref_t<decltype(std::declval<PacketCore&>().poll_event())>::value_type;

  OverUdp(PacketCore& core, const Endpoint& local, const Endpoint& remote)
      : core_(core), local_(local), remote_(remote), bind_(BindUdp{flow, local}) {}

  bool handle_datagram(TimePoint now, const Datagram& datagram) {
    if (datagram.source != remote_) return false;
    core_.handle_packet(now, datagram.payload);
    return true;
  }
  void handle_timeout(TimePoint now) { core_.handle_timeout(now); }
  void handle_flow(TimePoint, FlowId, const FlowChange&) {}
  std::optional<TimePoint> next_timeout() const { return std::as_const(core_).next_timeout(); }
  std::optional<IoRequest> poll_request() {
    if (!bind_) return std::nullopt;
    return std::exchange(bind_, std::nullopt);
  }
  std::optional<Transmit> poll_transmit() {
    auto packet = core_.poll_packet();
    if (!packet) return std::nullopt;
    return Transmit{flow, remote_, *std::move(packet)};
  }
  std::optional<Event> poll_event() { return core_.poll_event(); }

  const Endpoint& local() const { return local_; }

  static constexpr FlowId flow{1};

 private:
  PacketCore& core_;
  Endpoint local_;
  Endpoint remote_;
  std::optional<BindUdp> bind_;
};

}  // namespace petrel::inline v0::testing

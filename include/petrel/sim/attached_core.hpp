#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::sim {

/// A FlowCore of any type, as the world drives it.
class AttachedCore {
 public:
  virtual ~AttachedCore() = default;

  virtual void handle_datagram(TimePoint now, const Datagram& datagram) = 0;
  virtual void handle_timeout(TimePoint now) = 0;
  virtual void handle_flow(TimePoint now, FlowId flow, const FlowChange& change) = 0;
  virtual void handle_resolved(TimePoint now, std::uint32_t id, const std::vector<IpAddress>& addresses) = 0;
  virtual void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) = 0;
  virtual std::optional<TimePoint> next_timeout() const = 0;
  virtual std::optional<IoRequest> poll_request() = 0;
  virtual std::optional<Transmit> poll_transmit() = 0;
  /// Gives the core's next event to whoever asked for events; false if there is none.
  virtual bool deliver_event() = 0;
};

template <FlowCore Core, class OnEvent>
class AttachedCoreOf final : public AttachedCore {
 public:
  AttachedCoreOf(Core& core, OnEvent on_event) : core_(core), on_event_(std::move(on_event)) {}

  void handle_datagram(TimePoint now, const Datagram& datagram) override {
    core_.handle_datagram(now, datagram);
  }
  void handle_timeout(TimePoint now) override { core_.handle_timeout(now); }
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change) override {
    core_.handle_flow(now, flow, change);
  }
  void handle_resolved(TimePoint now, std::uint32_t id, const std::vector<IpAddress>& addresses) override {
    // Only cores that ask for names can be answered.
    if constexpr (requires { core_.handle_resolved(now, id, addresses); }) {
      core_.handle_resolved(now, id, addresses);
    }
  }
  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) override {
    if constexpr (requires { core_.handle_interfaces(now, addresses); }) {
      core_.handle_interfaces(now, addresses);
    }
  }
  std::optional<TimePoint> next_timeout() const override { return std::as_const(core_).next_timeout(); }
  std::optional<IoRequest> poll_request() override { return core_.poll_request(); }
  std::optional<Transmit> poll_transmit() override { return core_.poll_transmit(); }
  bool deliver_event() override {
    auto event = core_.poll_event();
    if (!event) return false;
    on_event_(*event);
    return true;
  }

 private:
  Core& core_;
  OnEvent on_event_;
};

}  // namespace petrel::inline v0::sim

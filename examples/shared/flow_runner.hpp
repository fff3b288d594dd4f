#pragma once

#include <functional>
#include <span>
#include <utility>

#include "petrel/io/network.hpp"
#include "petrel/net/protocol_core.hpp"

namespace shared {

/// Runs a FlowCore on a network: sockets and clock, nothing more. Everything on the network's executor.
/// `on_event` is called from inside the network's calls and those of with(), and must not destroy this.
template <petrel::FlowCore Core>
class FlowRunner final : public petrel::io::NetworkUser {
 public:
  using OnEvent = std::function<void(const typename Core::Event&)>;

  template <class... Arguments>
  explicit FlowRunner(petrel::io::Network& network, OnEvent on_event, Arguments&&... arguments)
      : network_(&network),
        core_(network.now(), std::forward<Arguments>(arguments)..., network.random()),
        on_event_(std::move(on_event)),
        id_(network.attach(*this)) {
    run();
  }
  ~FlowRunner() {
    if (network_ != nullptr) network_->detach(id_);
  }
  FlowRunner(const FlowRunner&) = delete;
  FlowRunner& operator=(const FlowRunner&) = delete;

  /// Lets `work(core, now)` change the core, and sends what comes of it.
  template <class Work>
  void with(Work work) {
    if (network_ == nullptr) return;
    work(core_, network_->now());
    run();
  }

  void on_datagrams(std::span<const petrel::Datagram> datagrams) override {
    for (const petrel::Datagram& datagram : datagrams) core_.handle_datagram(network_->now(), datagram);
    run();
  }
  void on_flow(petrel::FlowId flow, const petrel::FlowChange& change) override {
    core_.handle_flow(network_->now(), flow, change);
    run();
  }
  void on_resolved(std::uint32_t id, std::span<const petrel::IpAddress> addresses) override {
    // Only cores that ask for names can be answered.
    if constexpr (requires { core_.handle_resolved(network_->now(), id, addresses); }) {
      core_.handle_resolved(network_->now(), id, addresses);
      run();
    }
  }
  void on_timeout() override {
    core_.handle_timeout(network_->now());
    run();
  }
  void on_writable() override { run(); }
  void on_network_gone() override { network_ = nullptr; }

 private:
  void run() {
    // All that it sends is of streams, which take everything.
    while (auto transmit = core_.poll_transmit()) network_->send(id_, {&*transmit, 1});
    while (const auto request = core_.poll_request()) network_->request(id_, *request);
    network_->set_timeout(id_, core_.next_timeout());
    while (const auto event = core_.poll_event()) on_event_(*event);
  }

  petrel::io::Network* network_;
  Core core_;
  OnEvent on_event_;
  petrel::io::NetworkUserId id_;
};

}  // namespace shared

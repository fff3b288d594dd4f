#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "kvs_service/service.hpp"
#include "petrel/io/network.hpp"

namespace kvs_service {

/// Runs a Service on a network: sockets and clock, nothing more. Everything on the network's executor.
class ServiceRunner final : public petrel::io::NetworkUser {
 public:
  ServiceRunner(petrel::io::Network& network, ServiceConfig config,
                std::function<void(const Service::Event&)> on_event)
      : network_(&network),
        service_(network.now(), std::move(config), network.unix_time(), network.random()),
        on_event_(std::move(on_event)),
        id_(network.attach(*this)) {
    run();
  }
  ~ServiceRunner() {
    if (network_ != nullptr) network_->detach(id_);
  }
  ServiceRunner(const ServiceRunner&) = delete;
  ServiceRunner& operator=(const ServiceRunner&) = delete;

  Service& service() { return service_; }

  void on_datagrams(std::span<const petrel::Datagram> datagrams) override {
    service_.set_unix_time(network_->now(), network_->unix_time());
    for (const petrel::Datagram& datagram : datagrams) service_.handle_datagram(network_->now(), datagram);
    run();
  }
  void on_flow(petrel::FlowId flow, const petrel::FlowChange& change) override {
    service_.handle_flow(network_->now(), flow, change);
    run();
  }
  void on_resolved(std::uint32_t, std::span<const petrel::IpAddress>) override {}
  void on_timeout() override {
    service_.handle_timeout(network_->now());
    run();
  }
  void on_writable() override { run(); }
  void on_network_gone() override { network_ = nullptr; }

 private:
  void run() {
    // All that it sends is of streams, which take everything.
    while (auto transmit = service_.poll_transmit()) network_->send(id_, {&*transmit, 1});
    while (const auto request = service_.poll_request()) network_->request(id_, *request);
    network_->set_timeout(id_, service_.next_timeout());
    while (const auto event = service_.poll_event()) on_event_(*event);
  }

  petrel::io::Network* network_;
  Service service_;
  std::function<void(const Service::Event&)> on_event_;
  petrel::io::NetworkUserId id_;
};

}  // namespace kvs_service

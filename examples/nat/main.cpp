// petrel-nat: what kind of NAT this machine is behind.

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nat/options.hpp"
#include "petrel/io/network.hpp"
#include "petrel/io/stun_binding.hpp"
#include "petrel/stun/binding_client.hpp"
#include "petrel/stun/errc.hpp"
#include "petrel/stun/nat_discovery.hpp"
#include "shared/program_main.hpp"
#include "shared/user_error.hpp"

namespace {

using petrel::stun::BindingClient;
using petrel::stun::NatDiscovery;
using petrel::stun::NatReport;

// Nobody wants to wait longer for what only refines a bad message.
constexpr petrel::Duration patience_with_tcp = std::chrono::seconds(5);
constexpr petrel::Duration patience_with_a_connection = std::chrono::seconds(15);
// The discovery numbers its own from 1.
constexpr petrel::FlowId connection{1000};

// Finds the server's address and runs one discovery on a network. A server that is silent over UDP is asked
// over TCP, which tells a network that blocks UDP from a server that is down.
class Asker final : public petrel::io::NetworkUser {
 public:
  Asker(asio::io_context& io, petrel::Network& network, nat::Options options)
      : io_(io), network_(network), options_(std::move(options)), id_(network.attach(*this)) {
    if (const auto address = petrel::IpAddress::parse(options_.server.host)) {
      start(*address);
    } else {
      network_.request(id_, petrel::Resolve{1, options_.server.host});
    }
  }
  ~Asker() { network_.detach(id_); }

  void on_datagrams(std::span<const petrel::Datagram> datagrams) override {
    for (const petrel::Datagram& each : datagrams) {
      if (by_tcp_) {
        by_tcp_->handle_datagram(network_.now(), each);
      } else {
        discovery_->handle_datagram(network_.now(), each);
      }
    }
    run();
  }
  void on_flow(petrel::FlowId flow, const petrel::FlowChange& change) override {
    if (flow != connection) {
      discovery_->handle_flow(network_.now(), flow, change);
    } else if (std::holds_alternative<petrel::FlowOpened>(change)) {
      by_tcp_.emplace(network_.now(),
                      petrel::stun::BindingClientConfig{
                          .flow = connection, .server = report_->server, .over_stream = true},
                      network_.random());
    } else if (std::holds_alternative<petrel::FlowFailed>(change) ||
               std::holds_alternative<petrel::FlowClosed>(change)) {
      return finish(false);
    }
    run();
  }
  void on_resolved(std::uint32_t, std::span<const petrel::IpAddress> addresses) override {
    const auto found = std::ranges::find(addresses, options_.family, &petrel::IpAddress::family);
    if (found != addresses.end()) return start(*found);
    complaint_ = options_.server.host + " has no IPv" +
                 (options_.family == petrel::IpFamily::v4 ? "4" : "6") + " address: check the name" +
                 (addresses.empty()                         ? "."
                  : options_.family == petrel::IpFamily::v4 ? ", or use --ipv6."
                                                            : ".");
    io_.stop();
  }
  void on_timeout() override {
    if (report_) return finish(false);
    discovery_->handle_timeout(network_.now());
    run();
  }
  void on_writable() override {}
  void on_network_gone() override {}

  const std::optional<NatReport>& report() const { return report_; }
  std::optional<bool> answers_by_tcp() const { return answers_by_tcp_; }
  bool done() const { return done_; }
  const std::string& complaint() const { return complaint_; }

 private:
  void start(const petrel::IpAddress& address) {
    petrel::stun::NatDiscoveryConfig config;
    config.server = {address, options_.server.port};
    config.local = options_.local;
    for (const petrel::LocalAddress& each : network_.local_addresses()) {
      config.own_addresses.push_back(each.address);
    }
    config.measure_lifetime = options_.measure_lifetime;
    discovery_.emplace(network_.now(), std::move(config), network_.random());
    run();
  }

  void run() {
    if (report_) return run_by_tcp();
    send_all(*discovery_);
    while (const auto request = discovery_->poll_request()) network_.request(id_, *request);
    network_.set_timeout(id_, discovery_->next_timeout());
    report_ = discovery_->poll_event();
    if (!report_) return;
    if (report_->error != petrel::stun::Errc::timed_out || report_->mapped) return finish({});
    const petrel::IpAddress any =
        report_->server.address.is_v4() ? petrel::IpAddress{} : petrel::IpAddress::v6({});
    network_.request(id_, petrel::Connect{connection, {options_.local.value_or(any), 0}, report_->server});
    network_.set_timeout(id_, network_.now() + patience_with_tcp);
  }

  void run_by_tcp() {
    if (!by_tcp_) return;
    send_all(*by_tcp_);
    if (const auto event = by_tcp_->poll_event()) {
      finish(std::holds_alternative<petrel::stun::MappedAddress>(*event));
    }
  }

  template <class Core>
  void send_all(Core& core) {
    std::vector<petrel::Transmit> packets;
    while (auto packet = core.poll_transmit()) packets.push_back(*std::move(packet));
    network_.send(id_, packets);  // What a full socket does not take is lost, and asked for again.
  }

  void finish(std::optional<bool> answers_by_tcp) {
    if (std::exchange(done_, true)) return;
    answers_by_tcp_ = answers_by_tcp;
    io_.stop();
  }

  asio::io_context& io_;
  petrel::Network& network_;
  nat::Options options_;
  petrel::io::NetworkUserId id_;
  std::optional<NatDiscovery> discovery_;
  std::optional<NatReport> report_;
  std::optional<BindingClient> by_tcp_;
  std::optional<bool> answers_by_tcp_;
  bool done_ = false;
  std::string complaint_;
};

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path + ": see whether --ca names a PEM file");
  return {std::istreambuf_iterator<char>(file), {}};
}

// One question, over a connection.
int ask(const nat::Options& options) {
  asio::io_context io(1);
  petrel::Network network(io.get_executor());
  petrel::StunQuery query{.url = options.url, .family = options.family};
  if (options.local) query.local = *options.local;
  if (!options.ca_path.empty()) query.tls.ca_pem = contents(options.ca_path);
  query.limit = patience_with_a_connection;
  int code = 5;
  const auto print = [&]() -> asio::awaitable<void> {
    try {
      const petrel::StunAnswer answer = co_await petrel::ask_stun(network, std::move(query));
      std::fputs(
          nat::text_of({options.transport, answer.mapped, answer.local, answer.server, answer.tls_version})
              .c_str(),
          stdout);
      code = 0;
    } catch (const std::system_error& error) {
      std::fprintf(stderr, "petrel-nat: %s.\n", error.what());
    }
  };
  asio::co_spawn(io, print, [&](std::exception_ptr) { io.stop(); });
  io.run();
  return code;
}

int run(nat::Options options) {
  if (options.transport != petrel::TransportProtocol::udp) return ask(options);
  asio::io_context io(1);
  petrel::Network network(io.get_executor());
  if (options.measure_lifetime) std::fputs("This takes up to six minutes (Ctrl-C ends).\n", stderr);
  Asker asker(io, network, std::move(options));
  asio::signal_set signals(io, SIGINT, SIGTERM);
  signals.async_wait([&](std::error_code error, int) {
    if (!error) io.stop();
  });
  if (!asker.done()) io.run();

  if (!asker.complaint().empty()) {
    std::fprintf(stderr, "petrel-nat: %s\n", asker.complaint().c_str());
    return 1;
  }
  if (!asker.report()) return 1;  // Interrupted.
  std::fputs(nat::text_of(*asker.report(), asker.answers_by_tcp()).c_str(), stdout);
  return nat::exit_code(*asker.report());
}

}  // namespace

int main(int argc, char** argv) {
  return shared::program_main("petrel-nat", nat::parse_options(argc, argv), run);
}

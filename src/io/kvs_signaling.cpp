#include "petrel/io/kvs_signaling.hpp"

#include <utility>

#include "io/aws_environment.hpp"
#include "io/event_stream.hpp"
#include "io/send_queue.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/peer/ice_server.hpp"

namespace petrel::inline v0 {
namespace {

// Events that wait for next_event(). The core has the same bound.
constexpr std::size_t max_events = 1024;

kvs::CredentialSource source_of(const kvs::SignalingOptions& options, const io::AwsEnvironment& environment) {
  if (const auto* credentials = std::get_if<kvs::Credentials>(&options.credentials)) return *credentials;
  if (const auto* provider = std::get_if<kvs::IotProvider>(&options.credentials)) return *provider;
  const auto* defaults = std::get_if<kvs::DefaultCredentials>(&options.credentials);
  // What the environment has goes first; a provider that it names, before files.
  if (defaults != nullptr && defaults->profile.empty() &&
      !std::holds_alternative<kvs::Credentials>(environment.credentials({}))) {
    if (auto provider = environment.iot_provider()) return *std::move(provider);
  }
  return kvs::AskOwner{};
}

kvs::ClientConfig completed(kvs::SessionConfig config, const kvs::SignalingOptions& options) {
  const io::AwsEnvironment environment = io::AwsEnvironment::of_process();
  const auto* defaults = std::get_if<kvs::DefaultCredentials>(&options.credentials);
  const std::string profile = defaults != nullptr ? defaults->profile : std::string();
  if (config.region.empty()) config.region = environment.region(profile);
  if (config.endpoint_url.empty()) config.endpoint_url = environment.endpoint_url();
  kvs::ClientConfig client{std::move(config), source_of(options, environment), options.tls};
  client.tls.ca_pem += environment.ca_pem();
  return client;
}

}  // namespace

namespace detail {

/// Runs one kvs::Client on a network.
class KvsSignalingState final : public io::NetworkUser,
                                public std::enable_shared_from_this<KvsSignalingState> {
 public:
  KvsSignalingState(io::Network& network, kvs::SessionConfig config, kvs::SignalingOptions options)
      : network_(&network),
        options_(std::move(options)),
        client_(kvs::Client::create(network.now(), completed(std::move(config), options_),
                                    network.unix_time(), network.random())
                    .value()),
        events_(network.executor(), max_events) {}

  void attach() {
    id_ = network_->attach(*this);
    run();
  }

  void close() {
    if (network_ == nullptr) return;
    const auto self = shared_from_this();
    client_.close(network_->now());
    carry_out();
    network_->detach(id_);
    let_go();
  }

  template <class Do>
  auto with_client(Do work) {
    const auto self = shared_from_this();
    if (network_ != nullptr) client_.set_unix_time(network_->now(), network_->unix_time());
    auto result = work(client_, network_ == nullptr ? TimePoint{} : network_->now());
    if (network_ != nullptr) run();
    return result;
  }
  const kvs::Client& client() const { return client_; }
  bool closed() const { return network_ == nullptr; }

  void set_callback(std::function<void(const kvs::Event&)> callback) {
    events_.set_callback(std::move(callback));
    // Never from inside a call: what waits already comes with the next turn of the loop.
    if (network_ != nullptr && events_.due()) network_->set_timeout(id_, network_->now());
  }

  asio::awaitable<std::optional<kvs::Event>> next_event() {
    return events_.next(shared_from_this(), [this] { return closed() || client_.over(); });
  }

  void on_datagrams(std::span<const Datagram> datagrams) override {
    const auto self = shared_from_this();
    client_.set_unix_time(network_->now(), network_->unix_time());
    for (const Datagram& datagram : datagrams) client_.handle_datagram(network_->now(), datagram);
    run();
    deliver();
  }
  void on_flow(FlowId flow, const FlowChange& change) override {
    const auto self = shared_from_this();
    client_.handle_flow(network_->now(), flow, change);
    run();
    deliver();
  }
  void on_resolved(std::uint32_t id, std::span<const IpAddress> addresses) override {
    const auto self = shared_from_this();
    client_.handle_resolved(network_->now(), id, addresses);
    run();
    deliver();
  }
  void on_timeout() override {
    const auto self = shared_from_this();
    client_.set_unix_time(network_->now(), network_->unix_time());
    client_.handle_timeout(network_->now());
    run();
    deliver();
  }
  void on_writable() override {
    const auto self = shared_from_this();
    sending_.handle_writable();
    run();
  }
  void on_interfaces_changed() override {
    const auto self = shared_from_this();
    client_.handle_interfaces(network_->now(), network_->local_addresses());
    run();
    deliver();
  }
  void on_network_gone() override {
    const auto self = shared_from_this();
    client_.close(TimePoint{});  // Its words of goodbye are lost; its dice go with the network.
    let_go();
  }

 private:
  void carry_out() {
    sending_.send(*network_, id_,
                  client_);  // Before requests, which may close the flow that a last word leaves by.
    while (const auto request = client_.poll_request()) network_->request(id_, *request);
  }

  void run() {
    for (;;) {
      carry_out();
      auto event = client_.poll_event();
      if (!event) break;
      const auto* wanted = std::get_if<kvs::CredentialsWanted>(&*event);
      const auto* defaults = std::get_if<kvs::DefaultCredentials>(&options_.credentials);
      if (wanted != nullptr && defaults != nullptr) {
        find_credentials(defaults->profile);
      } else {
        events_.push(*std::move(event));
      }
    }
    // Events for a callback come from the loop, never from inside a call of the user's.
    network_->set_timeout(id_, events_.due() ? network_->now() : client_.next_timeout());
    events_.wake();
  }

  void find_credentials(const std::string& profile) {
    auto found = io::AwsEnvironment::of_process().credentials(profile);
    if (auto* credentials = std::get_if<kvs::Credentials>(&found)) {
      return client_.set_credentials(network_->now(), std::move(*credentials));
    }
    auto& missing = std::get<io::AwsEnvironment::Missing>(found);
    client_.refuse_credentials(network_->now(), missing.error, std::move(missing.detail),
                               /*transient=*/false);
  }

  void deliver() {
    events_.deliver([this] { return network_ != nullptr; });
    if (network_ != nullptr) network_->set_timeout(id_, client_.next_timeout());
  }

  void let_go() {
    network_ = nullptr;
    events_.let_go();
  }

  io::Network* network_;
  io::NetworkUserId id_{};
  kvs::SignalingOptions options_;
  kvs::Client client_;
  io::EventStream<kvs::Event> events_;
  io::SendQueue sending_;
};

}  // namespace detail

namespace kvs {

Signaling::Signaling(io::Network& network, SessionConfig config, SignalingOptions options)
    : state_(std::make_shared<detail::KvsSignalingState>(network, std::move(config), std::move(options))) {
  state_->attach();
}

Signaling::~Signaling() {
  if (state_) state_->close();
}

Signaling::Signaling(Signaling&&) noexcept = default;

Signaling& Signaling::operator=(Signaling&& other) noexcept {
  if (this == &other) return *this;
  if (state_) state_->close();
  state_ = std::move(other.state_);
  return *this;
}

void Signaling::on_event(std::function<void(const Event&)> callback) {
  state_->set_callback(std::move(callback));
}
asio::awaitable<std::optional<Event>> Signaling::next_event() { return state_->next_event(); }

Result<void> Signaling::send_offer(std::string sdp) {
  return state_->with_client(
      [&](Client& client, TimePoint now) { return client.send_offer(now, std::move(sdp)); });
}
Result<void> Signaling::send_answer(const std::string& peer, std::string sdp) {
  return state_->with_client(
      [&](Client& client, TimePoint now) { return client.send_answer(now, peer, std::move(sdp)); });
}
Result<void> Signaling::send_candidate(const std::string& peer, const CandidateMessage& candidate) {
  return state_->with_client(
      [&](Client& client, TimePoint now) { return client.send_candidate(now, peer, candidate); });
}
void Signaling::forget_peer(const std::string& peer) {
  state_->with_client([&](Client& client, TimePoint) {
    client.forget_peer(peer);
    return true;
  });
}
void Signaling::set_credentials(Credentials credentials) {
  state_->with_client([&](Client& client, TimePoint now) {
    client.set_credentials(now, std::move(credentials));
    return true;
  });
}
void Signaling::refuse_credentials(std::error_code error, std::string detail, bool transient) {
  state_->with_client([&](Client& client, TimePoint now) {
    client.refuse_credentials(now, error, std::move(detail), transient);
    return true;
  });
}

std::vector<IceServer> Signaling::ice_servers() const {
  std::vector<IceServer> servers;
  for (const IceServerEntry& entry : state_->client().ice_servers()) {
    for (const std::string& url : entry.urls) {
      IceServer server{url, entry.username, std::string(entry.credential.reveal())};
      // A kind of URL that is new at the service must not cost the others: a peer takes all or none.
      if (parse_ice_server(server)) servers.push_back(std::move(server));
    }
  }
  return servers;
}

PeerConfig Signaling::peer_config(PeerConfig config) const {
  config.ice_servers = ice_servers();
  return config;
}

bool Signaling::connected() const { return state_->client().connected(); }
std::string Signaling::channel_arn() const { return state_->client().channel_arn(); }
std::string Signaling::client_id() const { return state_->client().client_id(); }
SessionStats Signaling::stats() const { return state_->client().stats(); }
void Signaling::close() { state_->close(); }

}  // namespace kvs
}  // namespace petrel::inline v0

#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "io/event_stream.hpp"
#include "io/send_queue.hpp"
#include "petrel/io/whip_call.hpp"
#include "petrel/whip/client.hpp"

namespace petrel::inline v0::detail {

/// Runs one whip::Client and its peers on a network.
class WhipCallState final : public io::NetworkUser, public std::enable_shared_from_this<WhipCallState> {
 public:
  WhipCallState(io::Network& network, whip::SessionConfig config, whip::Call::Prepare prepare,
                whip::CallOptions options);

  void attach();
  /// Ends in order, and tells Closed.
  void close();
  /// The owner is going.
  void let_go();

  void set_callback(std::function<void(const whip::CallEvent&)> callback);
  asio::awaitable<std::optional<whip::CallEvent>> next_event();

  PeerConnection* peer() { return peer_ ? &*peer_ : nullptr; }
  bool established() const { return client_.established(); }
  std::vector<IceServer> ice_servers() const;
  void set_ice_servers(std::vector<IceServer> servers);

  void on_datagrams(std::span<const Datagram> datagrams) override;
  void on_flow(FlowId flow, const FlowChange& change) override;
  void on_resolved(std::uint32_t id, std::span<const IpAddress> addresses) override;
  void on_timeout() override;
  void on_writable() override;
  void on_network_gone() override;

 private:
  // What the client tells.
  void handle(const whip::OfferWanted& event);
  void handle(const whip::Answered& event);
  void handle(const whip::Restarted& event);
  void handle(const whip::RestartRefused& event);
  void handle(const whip::Interrupted& event);
  void handle(const whip::Warning& event) { tell(event); }
  void handle(const whip::Failed& event);
  void handle(const whip::Closed& event);

  // What the peer tells.
  void listen(PeerConnection& peer);
  void handle_state(ConnectionState state);
  void handle_negotiation_needed();

  void send_offer();
  void drop_peer();
  void lose(std::error_code error, std::string detail);
  void fail(std::error_code error, std::string detail);
  std::optional<std::string> rejection() const;
  std::optional<TimePoint> next_due() const;

  /// To be called at the end of whatever has changed something.
  void settle();
  /// From the loop only, since it calls the owner.
  void work();
  void tell(whip::CallEvent event) { events_.push(std::move(event)); }
  bool finished() const { return network_ == nullptr || over_; }

  io::Network* network_;
  io::NetworkUserId id_{};
  whip::Call::Prepare prepare_;
  whip::CallOptions options_;
  whip::Client client_;
  std::deque<whip::Event> told_;  ///< By the client, not yet looked at.
  std::optional<PeerConnection> peer_;
  unsigned peers_ = 0;
  bool over_ = false;

  std::optional<TimePoint> offer_at_;    ///< An offer waits for its candidates, and no longer than this.
  std::optional<TimePoint> restart_at_;  ///< The connection has been disconnected.
  bool restarting_ = false;

  io::EventStream<whip::CallEvent> events_;
  io::SendQueue sending_;
};

}  // namespace petrel::inline v0::detail

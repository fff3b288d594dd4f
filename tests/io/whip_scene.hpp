#pragma once

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "petrel/io/whip_call.hpp"
#include "petrel/io/whip_server.hpp"
#include "petrel/sim/host_network.hpp"
#include "petrel/sim/wall_clock.hpp"
#include "petrel/sim/world.hpp"
#include "petrel/whip/link.hpp"
#include "whip/scripted_server.hpp"

namespace petrel::inline v0::whip {

/// A server that takes media at /whip and gives it at /whep, by this library's own means, on a host of a
/// virtual network.
class MediaServer {
 public:
  MediaServer(sim::World& world, asio::io_context& context, const IpAddress& address)
      : world_(world),
        host(world.add_host({.name = "server", .addresses = {address}})),
        network_(world, host, context),
        http({address, 8080},
             [](const http::Request&) { return http::problem(http::Status::not_found, "no"); }) {
    http.later = [this](FlowId flow, const http::Request& request) {
      if (mangle) {
        if (const auto response = mangle(request)) {
          // Outside of the server's own call.
          world_.after({}, [this, flow, response = *response] { reply(flow, response); });
          return true;
        }
      }
      asio::co_spawn(network_.executor(), serve(flow, request), asio::detached);
      return true;
    };
    world_.attach(host, http);
  }
  ~MediaServer() { world_.detach(&http); }

  /// The sessions there are, by id.
  struct Hosted {
    ServedSession session;
    std::unique_ptr<PeerConnection> peer;
    std::optional<Sender> sender{};
    std::size_t frames = 0;
  };

  std::size_t asked(http::Method method) const {
    return static_cast<std::size_t>(std::ranges::count(http.asked, method, &http::Request::method));
  }

 private:
  void reply(FlowId flow, const http::Response& response) {
    http.reply(world_.now(), flow, response);
    world_.flush(&http);
  }

  asio::awaitable<void> serve(FlowId flow, http::Request request) {
    std::optional<http::Response> response;
    try {
      auto answering = answer(std::move(request));
      response = co_await std::move(answering);
    } catch (const std::system_error&) {
      response = http::problem(http::Status::internal_server_error, "the session has gone meanwhile");
    }
    reply(flow, *response);
  }

  asio::awaitable<http::Response> answer(http::Request request) {
    const std::string endpoint = request.path.starts_with("/whep") ? "/whep" : "/whip";
    auto action = route(request, endpoint);
    if (!action) co_return unknown_session();
    if (auto* create = std::get_if<SessionCreate>(&*action)) {
      auto creating = this->create(std::move(create->offer), endpoint);
      co_return co_await std::move(creating);
    }
    if (auto* trickle = std::get_if<SessionTrickle>(&*action)) {
      const auto found = sessions.find(trickle->session);
      if (found == sessions.end()) co_return unknown_session();
      auto applying = apply(*found->second.peer, found->second.session, std::move(*trickle),
                            network_.random(), std::chrono::milliseconds(500));
      co_return co_await std::move(applying);
    }
    if (auto* leave = std::get_if<SessionDelete>(&*action)) {
      co_return sessions.erase(leave->session) > 0 ? no_content() : unknown_session();
    }
    co_return std::get<http::Response>(*std::move(action));
  }

  asio::awaitable<http::Response> create(std::string offer, std::string endpoint) {
    const ServedSession session = new_session(network_.random());
    Hosted& hosted = sessions[session.id];
    hosted.session = session;
    hosted.peer = std::make_unique<PeerConnection>(network_, config);
    PeerConnection& peer = *hosted.peer;
    const std::string id = session.id;
    peer.on_track([this, id](Transceiver track) {
      track.receiver().on_frame(
          [this, id](const std::shared_ptr<const EncodedFrame>&) { ++sessions[id].frames; });
    });
    if (endpoint == "/whep") {
      hosted.sender = peer.add_transceiver(Kind::video, {.direction = Direction::send_only})->sender();
    }
    if (!peer.set_remote_description({SdpType::offer, std::move(offer)}) || !peer.set_local_description()) {
      sessions.erase(id);
      co_return bad_offer("it cannot be read");
    }
    auto gathered = peer.gathered_description(std::chrono::milliseconds(500));
    const SessionDescription answer = co_await std::move(gathered);
    http::Response response = created({session.id, session.etag, answer.sdp}, endpoint);
    for (const IceServer& server : recommended) response.headers.add("Link", to_link(server));
    co_return response;
  }

  sim::World& world_;

 public:
  sim::HostId host;

 private:
  sim::HostNetwork network_;

 public:
  ScriptedServer http;
  PeerConfig config{};
  std::vector<IceServer> recommended{};
  std::map<std::string, Hosted> sessions{};
  /// Something else than the server's own answer.
  std::function<std::optional<http::Response>(const http::Request&)> mangle{};
};

/// A call and its server.
struct CallScene {
  explicit CallScene(std::uint64_t seed = 1,
                     sim::LinkConfig link = {.latency = std::chrono::milliseconds(20)})
      : world(seed, link),
        client_host(world.add_host({.name = "client"})),
        network(world, client_host, context),
        server(world, context, IpAddress::v4(203, 0, 113, 80)) {
    world.on_time(sim::set_wall_clock);
  }
  ~CallScene() {
    call.reset();
    server.sessions.clear();
    sim::reset_wall_clock();
  }

  void publish(SessionConfig config = {}) {
    start(std::move(config), "/whip", [this](PeerConnection& peer) {
      ++peers;
      sender = peer.add_transceiver(Kind::video, {.direction = Direction::send_only, .codecs = {h264()}})
                   ->sender();
    });
  }
  void play() {
    start({}, "/whep", [this](PeerConnection& peer) {
      ++peers;
      auto video = peer.add_transceiver(Kind::video, {.direction = Direction::recv_only, .codecs = {h264()}});
      video->receiver().on_frame([this](const std::shared_ptr<const EncodedFrame>&) { ++frames; });
    });
  }
  void start(SessionConfig config, const std::string& path, Call::Prepare prepare) {
    config.url = "http://203.0.113.80:8080" + path;
    call.emplace(network, std::move(config), std::move(prepare), options);
    call->on_event([this](const CallEvent& event) { events.push_back(event); });
  }

  static std::shared_ptr<const EncodedFrame> picture(TimePoint now) {
    static constexpr unsigned char bytes[] = {0, 0,    0,    1,    0x67, 0x42, 0xc0, 0x1f, 0, 0,    0,
                                              1, 0x68, 0xce, 0x3c, 0x80, 0,    0,    0,    1, 0x65, 0x88};
    return EncodedFrame::make(std::as_bytes(std::span(bytes)), {.capture_time = now, .key_frame = true});
  }
  /// Runs, with a picture each 100 ms, until `done`.
  bool film_until(const std::function<bool()>& done, Duration limit = std::chrono::seconds(120)) {
    for (const TimePoint end = world.now() + limit; world.now() < end;) {
      if (world.run_until(done, std::chrono::milliseconds(100))) return true;
      if (sender) (void)sender->send_frame(picture(world.now()));
      for (auto& [id, hosted] : server.sessions) {
        if (hosted.sender) (void)hosted.sender->send_frame(picture(world.now()));
      }
    }
    return false;
  }
  std::size_t arrived() const {
    std::size_t sum = 0;
    for (const auto& [id, hosted] : server.sessions) sum += hosted.frames;
    return sum;
  }
  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [](const CallEvent& each) { return std::holds_alternative<E>(each); }));
  }
  template <class E>
  const E* last() const {
    for (auto each = events.rbegin(); each != events.rend(); ++each) {
      if (const auto* match = std::get_if<E>(&*each)) return match;
    }
    return nullptr;
  }
  bool has_ended_with(std::size_t closed) const { return count<Closed>() == closed; }

  sim::World world;
  asio::io_context context;
  sim::HostId client_host;
  sim::HostNetwork network;
  MediaServer server;
  CallOptions options{};
  std::optional<Call> call;
  std::optional<Sender> sender;
  std::vector<CallEvent> events;
  std::size_t peers = 0;
  std::size_t frames = 0;
};

}  // namespace petrel::inline v0::whip

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kvs/session.hpp"
#include "petrel/base/base64.hpp"
#include "petrel/http/date.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::kvs {

using namespace std::chrono_literals;

inline constexpr std::int64_t wall_start = 1'705'314'645;
inline constexpr std::string_view test_arn =
    "arn:aws:kinesisvideo:eu-west-1:123456789012:channel/front-door/1234567890123";

inline SessionConfig master_config() {
  return {.channel = "front-door", .region = "eu-west-1", .endpoint_url = "http://control.example"};
}
inline SessionConfig viewer_config() {
  SessionConfig config = master_config();
  config.role = Role::viewer;
  config.client_id = "viewer-1";
  return config;
}

inline std::string frame(std::string_view type, std::string_view payload, std::string_view sender = {}) {
  std::string text = R"({"messageType":")" + std::string(type) + R"(","messagePayload":")" +
                     base64_encode(as_bytes(payload)) + '"';
  if (!sender.empty()) text += R"(,"senderClientId":")" + std::string(sender) + '"';
  return text + "}";
}
inline std::string offer_frame(std::string_view sdp, std::string_view sender) {
  return frame("SDP_OFFER", R"({"type":"offer","sdp":")" + std::string(sdp) + "\"}", sender);
}
inline std::string answer_frame(std::string_view sdp) {
  return frame("SDP_ANSWER", R"({"type":"answer","sdp":")" + std::string(sdp) + "\"}");
}
inline std::string candidate_frame(std::string_view line, std::string_view sender = {}) {
  return frame("ICE_CANDIDATE",
               R"({"candidate":")" + std::string(line) + R"(","sdpMid":"0","sdpMLineIndex":0})", sender);
}

/// A session in virtual time, and the service at the other end of its actions. What the service does can be
/// changed piece by piece.
class Bench {
 protected:
  struct Held {};
  Bench(SessionConfig config, std::uint64_t seed, Held)
      : random(seed), session(TimePoint{}, std::move(config), wall_start, random) {
    gives_credentials = false;
    run();
    gives_credentials = true;
  }

 public:
  explicit Bench(SessionConfig config = master_config(), std::uint64_t seed = 1)
      : Bench(std::move(config), seed, Held{}) {
    go();
  }

  /// Answers in place of the service, for one path; nullopt: no answer for now.
  using Answer = std::function<http::Response(const http::Request&)>;

  static http::Response ok(std::string body) { return {http::Status::ok, {}, std::move(body)}; }
  static http::Response error(int status, std::string_view type, std::string_view message = {}) {
    http::Response response{static_cast<http::Status>(status), {}, {}};
    response.headers.add("x-amzn-ErrorType", std::string(type));
    response.body = R"({"message":")" + std::string(message) + "\"}";
    return response;
  }
  static std::string channel(std::string_view status) {
    return R"({"ChannelInfo":{"ChannelName":"front-door","ChannelARN":")" + std::string(test_arn) +
           R"(","ChannelStatus":")" + std::string(status) + R"(","Version":"v1"}})";
  }

  /// Takes every action, and lets the service answer it at once.
  void run() {
    while (auto action = session.poll_action()) {
      std::visit([&](auto& each) { take(each); }, *action);
    }
    while (auto event = session.poll_event()) events.push_back(*std::move(event));
  }
  /// Moves time on, from deadline to deadline.
  void wait(Duration duration) {
    const TimePoint end = now + duration;
    int turns = 0;
    while (true) {
      const auto due = session.next_timeout();
      if (!due || *due > end) break;
      ASSERT_LT(++turns, 100'000) << "a deadline that does not move";
      now = std::max(now, *due);
      session.handle_timeout(now);
      run();
    }
    now = end;
    session.handle_timeout(now);
    run();
  }
  void give(std::string_view text) {
    ASSERT_NE(socket, 0U);
    session.handle_text(now, socket, text);
    run();
  }
  void drop_socket(std::string_view why = "closed") {
    session.handle_socket_closed(now, std::exchange(socket, 0),
                                 std::make_error_code(std::errc::connection_reset), std::string(why));
    run();
  }
  template <class E>
  std::vector<E> all() const {
    std::vector<E> found;
    for (const Event& each : events) {
      if (const auto* match = std::get_if<E>(&each)) found.push_back(*match);
    }
    return found;
  }
  template <class E>
  std::size_t count() const {
    return all<E>().size();
  }
  std::size_t calls(std::string_view path) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(requests, [&](const http::Request& each) { return each.path == path; }));
  }

  /// The credentials that everything waits for.
  void go() {
    session.handle_credentials(now, credentials);
    run();
  }

  testing::SeededRandom random;
  Session session;
  TimePoint now{};
  /// What each path answers, in order; the last one stays. Without an entry: as the service does when all is
  /// well.
  std::map<std::string, std::deque<http::Response>> answers{};
  std::deque<http::Response> refusals{};  ///< Of the WebSocket, before it opens.
  bool network = true;                    ///< Otherwise every call and socket fails.
  std::string hangs{};                    ///< A path that is never answered.
  bool pongs = true;
  bool gives_credentials = true;
  Credentials credentials{"AKID", "secret"};
  int ttl = 300;

  std::vector<http::Request> requests{};
  std::vector<http::Url> socket_urls{};
  std::vector<std::string> sent{};
  std::vector<Event> events{};
  std::vector<std::uint32_t> closed{};
  std::uint32_t socket = 0;
  std::size_t wanted = 0;
  std::size_t pings = 0;

 private:
  http::Response usual(const std::string& path) const {
    if (path == "/describeSignalingChannel") return ok(channel("ACTIVE"));
    if (path == "/createSignalingChannel") return ok(R"({"ChannelARN":")" + std::string(test_arn) + "\"}");
    if (path == "/getSignalingChannelEndpoint") {
      return ok(R"({"ResourceEndpointList":[{"Protocol":"HTTPS","ResourceEndpoint":"https://r.example"},)"
                R"({"Protocol":"WEBRTC","ResourceEndpoint":"https://w.example"},)"
                R"({"Protocol":"WSS","ResourceEndpoint":"wss://m.example"}]})");
    }
    if (path == "/v1/get-ice-server-config") {
      return ok(R"({"IceServerList":[{"Uris":["turn:t.example:443?transport=udp"],"Username":"u)" +
                std::to_string(requests.size()) + R"(","Password":"p","Ttl":)" + std::to_string(ttl) + "}]}");
    }
    return ok("");
  }
  void take(SendCall& call) {
    requests.push_back(call.request);
    if (call.request.path == hangs) return;
    if (!network) {
      session.handle_call_failed(now, call.id, std::make_error_code(std::errc::network_unreachable),
                                 "no network");
      return;
    }
    auto& scripted = answers[call.request.path];
    http::Response response = usual(call.request.path);
    if (!scripted.empty()) {
      response = scripted.front();
      if (scripted.size() > 1) scripted.pop_front();
    }
    session.handle_response(now, call.id, response);
  }
  void take(OpenSocket& open) {
    socket_urls.push_back(open.url);
    if (!network) {
      session.handle_socket_closed(now, open.id, std::make_error_code(std::errc::network_unreachable),
                                   "no network");
    } else if (!refusals.empty()) {
      const http::Response refusal = refusals.front();
      refusals.pop_front();
      session.handle_socket_refused(now, open.id, refusal);
    } else {
      socket = open.id;
      session.handle_socket_opened(now, open.id);
    }
  }
  void take(SendText& text) { sent.push_back(text.text); }
  void take(SendPing& ping) {
    ++pings;
    if (pongs && ping.id == socket) session.handle_pong(now, ping.id);
  }
  void take(CloseSocket& close) {
    closed.push_back(close.id);
    if (close.id == socket) socket = 0;
  }
  void take(WantCredentials&) {
    ++wanted;
    if (gives_credentials) session.handle_credentials(now, credentials);
  }
};

/// A bench to be changed before anything is sent: it waits for go().
class Scripted : public Bench {
 public:
  explicit Scripted(SessionConfig config = master_config(), std::uint64_t seed = 1)
      : Bench(std::move(config), seed, Held{}) {}
};

}  // namespace petrel::inline v0::kvs

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "support/seeded_random.hpp"
#include "whip/session.hpp"

namespace petrel::inline v0::whip {

inline constexpr std::string_view an_offer =
    "v=0\r\na=ice-options:trickle ice2\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=setup:actpass\r\n"
    "a=ice-ufrag:our1\r\na=ice-pwd:ourpasswordourpassword\r\n"
    "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n";
inline constexpr std::string_view another_offer =
    "v=0\r\na=ice-options:trickle ice2\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=setup:actpass\r\n"
    "a=ice-ufrag:our2\r\na=ice-pwd:otherpasswordotherpass\r\n";
inline constexpr std::string_view an_answer =
    "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=setup:passive\r\na=ice-ufrag:srv1\r\n"
    "a=ice-pwd:serverpasswordserverpa\r\na=candidate:9 1 udp 1 192.0.2.9 5000 typ host\r\n";

inline http::Response status(unsigned code, http::Headers headers = {}, std::string body = {}) {
  return {static_cast<http::Status>(code), std::move(headers), std::move(body)};
}
inline http::Response created(std::string location = "/session/1", std::string etag = "\"g1\"") {
  http::Headers headers{{"Content-Type", "application/sdp"}, {"Location", std::move(location)}};
  if (!etag.empty()) headers.add("ETag", std::move(etag));
  return status(201, std::move(headers), std::string(an_answer));
}

// A session whose server is the test.
struct Bench {
  explicit Bench(SessionConfig wanted = {}, std::uint64_t seed = 1)
      : random(seed), session(now, completed(std::move(wanted)), random) {
    take();
  }

  static SessionConfig completed(SessionConfig config) {
    if (config.url.empty()) config.url = "https://server.example/whip/live?key=hidden";
    return config;
  }

  void take() {
    while (auto action = session.poll_action()) {
      if (auto* send = std::get_if<SendCall>(&*action)) {
        open.push_back(send->id);
        calls.push_back(std::move(*send));
      } else {
        const auto id = std::get<CancelCall>(*action).id;
        EXPECT_EQ(std::erase(open, id), 1u) << "cancelled what was not under way";
        cancelled.push_back(id);
      }
    }
    while (auto event = session.poll_event()) events.push_back(*std::move(event));
  }
  // To the request that was sent last.
  void answer(const http::Response& response) {
    ASSERT_FALSE(open.empty());
    const auto id = open.back();
    open.pop_back();
    session.handle_response(now, id, response);
    take();
  }
  void fail(std::errc error = std::errc::timed_out) {
    ASSERT_FALSE(open.empty());
    const auto id = open.back();
    open.pop_back();
    session.handle_call_failed(now, id, std::make_error_code(error), "no answer");
    take();
  }
  void offer(std::string_view sdp = an_offer) {
    EXPECT_TRUE(session.send_offer(now, std::string(sdp)));
    take();
  }
  // Up to an established session.
  void establish(const http::Response& response = created()) {
    if (std::get_if<OfferWanted>(events.empty() ? nullptr : &events.back()) == nullptr) answer(status(204));
    offer();
    answer(response);
    ASSERT_TRUE(session.established());
    events.clear();
  }
  void candidate(const std::string& text, const std::string& ufrag = {}) {
    EXPECT_TRUE(session.send_candidate(now, {text, "0", ufrag}));
    take();
  }
  void restart() {
    EXPECT_TRUE(session.restart_ice(now, another_offer));
    take();
  }
  // From timeout to timeout.
  void wait(Duration duration) {
    const TimePoint end = now + duration;
    for (auto due = session.next_timeout(); due && *due <= end; due = session.next_timeout()) {
      now = std::max(now, *due);
      session.handle_timeout(now);
      take();
    }
    now = end;
  }

  const SendCall& last() const { return calls.back(); }
  std::string header(std::string_view name) const {
    return std::string(last().request.headers.get(name).value_or("-"));
  }
  template <class E>
  const E* event() const {
    if (events.empty()) return nullptr;
    return std::get_if<E>(&events.back());
  }
  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(events, [](const Event& each) { return std::holds_alternative<E>(each); }));
  }

  testing::SeededRandom random;
  TimePoint now{};
  Session session;
  std::vector<SendCall> calls;
  std::vector<std::uint32_t> open;
  std::vector<std::uint32_t> cancelled;
  std::vector<Event> events;
};

}  // namespace petrel::inline v0::whip

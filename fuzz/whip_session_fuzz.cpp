#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "support/seeded_random.hpp"
#include "whip/session.hpp"

namespace {

using namespace petrel;

constexpr std::array<unsigned, 16> statuses{200, 201, 204, 302, 307, 308, 400, 401,
                                            404, 405, 406, 409, 412, 422, 428, 503};
constexpr std::array<std::string_view, 6> bodies{"",
                                                 "v=0\r\na=setup:passive\r\na=ice-ufrag:s\r\na=ice-pwd:p\r\n",
                                                 "v=0\r\na=setup:actpass\r\n",
                                                 "a=ice-ufrag:s2\r\na=ice-pwd:p2\r\nm=x\r\na=candidate:1\r\n",
                                                 "a=ice-ufrag:s2\r\n",
                                                 "<html>"};
constexpr std::array<std::string_view, 6> places{"",          "/s/1",       "https://other.example/x",
                                                 "http://a/", "//a:b:c/..", "mailto:nobody"};
constexpr std::array<std::string_view, 2> offers{
    "v=0\r\na=ice-options:trickle\r\na=ice-ufrag:o1\r\na=ice-pwd:p\r\nm=x\r\na=candidate:1\r\n",
    "v=0\r\na=ice-ufrag:o2\r\na=ice-pwd:q\r\nm=x\r\n"};

}  // namespace

// Drives a session by a script in the input, one operation of two bytes each: what its owner does and what
// the server answers, in any order. Properties: the token goes to one origin only, one PATCH is under way at
// most, a deadline that was handled is not left behind, and a session that is over asks for nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 2000) return 0;
  testing::SeededRandom random(1);
  TimePoint now{};
  whip::SessionConfig config{.url = "https://server.example/whip", .bearer_token = "token"};
  config.wait_for_candidates = data[0] % 2 == 1;
  config.ask_for_ice_servers = data[0] % 4 >= 2;
  whip::Session session(now, config, random);
  struct Open {
    std::uint32_t id;
    bool is_patch;
  };
  std::vector<Open> open;
  const auto drain = [&] {
    while (auto action = session.poll_action()) {
      if (const auto* send = std::get_if<whip::SendCall>(&*action)) {
        const bool is_home =
            send->url.host == "server.example" && send->url.port == 443 && send->url.secure();
        if (send->request.headers.get("Authorization").has_value() != is_home) std::abort();
        open.push_back({send->id, send->request.method == http::Method::patch});
      } else {
        std::erase_if(open,
                      [&](const Open& each) { return each.id == std::get<whip::CancelCall>(*action).id; });
      }
    }
    if (std::ranges::count_if(open, &Open::is_patch) > 1) std::abort();
    while (session.poll_event()) {
    }
    if (session.over() && session.next_timeout()) std::abort();
  };
  drain();
  for (std::size_t i = 1; i + 1 < size; i += 2) {
    const std::uint8_t operand = data[i + 1];
    const std::uint32_t call = open.empty() ? operand : open[operand % open.size()].id;
    const auto done = [&] { std::erase_if(open, [&](const Open& each) { return each.id == call; }); };
    constexpr std::uint8_t operations = 9;
    switch (data[i] % operations) {
      case 0:
        static_cast<void>(session.send_offer(now, std::string(offers[operand % offers.size()])));
        break;
      case 1:
        static_cast<void>(session.send_candidate(
            now,
            {operand == 0 ? "" : "candidate:" + std::to_string(operand), "0", operand % 3 == 0 ? "o1" : ""}));
        break;
      case 2:
        static_cast<void>(session.restart_ice(now, offers[operand % offers.size()]));
        break;
      case 3:
        session.handle_connected(now);
        break;
      case 4:
        session.abandon(now, make_error_code(whip::Errc::not_connected), "no way");
        break;
      case 5: {
        http::Response response{static_cast<http::Status>(statuses[operand % statuses.size()]),
                                {{"ETag", "\"g\""}, {"Link", "<stun:a>; rel=ice-server"}},
                                std::string(bodies[operand / 16 % bodies.size()])};
        if (operand % 5 != 0) response.headers.add("Location", std::string(places[operand % places.size()]));
        if (operand % 3 == 0) response.headers.add("Retry-After", std::to_string(operand));
        if (operand % 7 == 0) response.headers.add("Content-Type", "application/sdp");
        done();
        session.handle_response(now, call, response);
        break;
      }
      case 6:
        done();
        session.handle_call_failed(now, call, std::make_error_code(std::errc::timed_out), "late");
        break;
      case 7:
        if (operand == 0) session.close(now);
        break;
      default:
        now += std::chrono::milliseconds(operand * operand);
        session.handle_timeout(now);
        drain();
        if (const auto due = session.next_timeout(); due && *due <= now) std::abort();
    }
    drain();
  }
  session.close(now);
  drain();
  return 0;
}

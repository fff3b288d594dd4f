#include "kvs/session.hpp"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "support/seeded_random.hpp"

namespace {

using namespace petrel;

constexpr std::array<std::string_view, 8> bodies{
    R"({"ChannelInfo":{"ChannelARN":"arn:aws:kinesisvideo:r:1:channel/a/1","ChannelStatus":"ACTIVE"}})",
    R"({"ChannelInfo":{"ChannelARN":"arn:aws:kinesisvideo:r:1:channel/a/1","ChannelStatus":"CREATING"}})",
    R"({"ChannelInfo":{"ChannelARN":"arn:aws:kinesisvideo:r:1:channel/a/1","ChannelStatus":"DELETING"}})",
    R"({"ChannelARN":"arn:aws:kinesisvideo:r:1:channel/a/1"})",
    R"({"ResourceEndpointList":[{"Protocol":"WSS","ResourceEndpoint":"wss://m"},{"Protocol":"HTTPS","ResourceEndpoint":"https://r"}]})",
    R"({"IceServerList":[{"Uris":["turn:t"],"Ttl":300}]})",
    R"({"message":"Signature expired"})",
    "{"};
constexpr std::array<std::string_view, 8> frames{
    R"({"messageType":"GO_AWAY"})",
    R"({"messageType":"RECONNECT_ICE_SERVER"})",
    R"({"messageType":"SDP_OFFER","senderClientId":"v","messagePayload":"eyJzZHAiOiIifQ=="})",
    R"({"messageType":"ICE_CANDIDATE","senderClientId":"v","messagePayload":"eyJjYW5kaWRhdGUiOiIifQ=="})",
    R"({"messageType":"STATUS_RESPONSE","statusResponse":{"correlationId":"petrel-1","statusCode":"429"}})",
    R"({"messageType":"SDP_ANSWER","messagePayload":"eyJzZHAiOiIifQ=="})",
    "",
    "{"};

}  // namespace

// Drives a session by a script in the input, one operation of two bytes each: what the service answers, in
// any order and to anything. Properties: a deadline that was handled is not left behind, a session that is
// over asks for nothing, and actions keep to what was opened.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 2000) return 0;
  testing::SeededRandom random(1);
  TimePoint now{};
  kvs::SessionConfig config{.channel = "a", .region = "r"};
  if (data[0] % 2 == 1) config.role = kvs::Role::viewer;
  config.storage_session = data[0] % 4 >= 2;
  kvs::Session session(now, config, 1'700'000'000, random);
  std::vector<std::uint32_t> calls;
  std::vector<std::uint32_t> sockets;
  const auto drain = [&] {
    while (auto action = session.poll_action()) {
      if (const auto* call = std::get_if<kvs::SendCall>(&*action)) calls.push_back(call->id);
      if (const auto* open = std::get_if<kvs::OpenSocket>(&*action)) sockets.push_back(open->id);
      if (const auto* text = std::get_if<kvs::SendText>(&*action)) {
        if (text->id == 0 || text->text.empty()) std::abort();
      }
    }
    while (session.poll_event()) {
    }
    if (session.over() && session.next_timeout()) std::abort();
  };
  for (std::size_t i = 1; i + 1 < size; i += 2) {
    const std::uint8_t operand = data[i + 1];
    const std::uint32_t call = calls.empty() ? operand : calls.back();
    const std::uint32_t socket = sockets.empty() ? operand : sockets[operand % sockets.size()];
    constexpr std::uint8_t operations = 14;
    switch (data[i] % operations) {
      case 0:
        session.handle_credentials(now, {"A", "s", "", 1'700'000'000 + operand * 100});
        break;
      case 1:
        session.handle_no_credentials(now, make_error_code(kvs::Errc::no_credentials), "none",
                                      operand % 2 == 0);
        break;
      case 2:
        session.handle_response(now, call,
                                {http::Status::ok, {}, std::string(bodies[operand % bodies.size()])});
        break;
      case 3:
        session.handle_response(now, call,
                                {static_cast<http::Status>(300 + operand),
                                 {{"Date", "Sun, 06 Nov 1994 08:49:37 GMT"}},
                                 std::string(bodies[operand % bodies.size()])});
        break;
      case 4:
        session.handle_call_failed(now, call, std::make_error_code(std::errc::timed_out), "late");
        break;
      case 5:
        session.handle_socket_opened(now, sockets.empty() ? operand : sockets.back());
        break;
      case 6:
        session.handle_socket_refused(now, sockets.empty() ? operand : sockets.back(),
                                      {static_cast<http::Status>(300 + operand), {}, {}});
        break;
      case 7:
        session.handle_socket_closed(now, socket, {}, "closed");
        break;
      case 8:
        session.handle_text(now, socket, frames[operand % frames.size()]);
        break;
      case 9:
        session.handle_pong(now, socket);
        break;
      case 10:
        static_cast<void>(session.send_description(now, operand % 2 == 0 ? "v" : "", {{}, "v=0"}));
        static_cast<void>(session.send_candidate(now, operand % 2 == 0 ? "v" : "", {"candidate:1"}));
        break;
      case 11:
        session.handle_network_change(now);
        break;
      case 12:
        session.set_unix_time(now, 1'700'000'000 + operand);
        break;
      default:
        now += std::chrono::milliseconds(operand * operand * 10);
        session.handle_timeout(now);
        drain();
        if (const auto due = session.next_timeout(); due && *due <= now) {
          session.handle_timeout(now);
          drain();
          if (const auto again = session.next_timeout(); again && *again <= now) std::abort();
        }
    }
    drain();
  }
  session.close(now);
  drain();
  return 0;
}

#include "petrel/http/server_connection.hpp"

#include <cstdint>
#include <cstdlib>

#include "petrel/base/bytes.hpp"

// Drives a connection by a script in the input: one operation a byte, with bytes of the stream behind it.
//
// Properties: a closed connection stays closed and has no timer, a timer is never left behind after it
// was handled, and there is one answer for each request.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel;
  using namespace std::chrono_literals;
  TimePoint now{};
  http::ServerConnection connection(
      now, {.request_line_bytes = 64, .header_bytes = 128, .headers = 8, .body_bytes = 64});
  ByteReader script(std::as_bytes(std::span(data, size)));
  bool is_answering = false;
  bool was_closed = false;
  while (script.remaining() > 0) {
    const std::uint8_t operation = script.u8();
    if (operation < 200) {
      connection.handle_bytes(now, script.bytes(std::min<std::size_t>(operation, script.remaining())));
    } else if (operation < 220) {
      if (const auto request = connection.poll_request()) {
        if (is_answering) std::abort();
        is_answering = true;
      }
    } else if (operation < 240) {
      const bool taken = connection.respond(now, {http::Status::ok, {}, "x"}).has_value();
      if (taken && !is_answering) std::abort();
      if (taken && !connection.poll_bytes()) std::abort();
      is_answering = is_answering && !taken;
    } else if (operation < 250) {
      now += std::chrono::seconds(operation - 240);
      connection.handle_timeout(now);
      if (const auto due = connection.next_timeout(); due && *due <= now) std::abort();
    } else if (operation < 252) {
      connection.handle_end(now);
    } else {
      connection.poll_bytes();
    }
    if (was_closed && !connection.closed()) std::abort();
    was_closed = connection.closed();
    if (was_closed && connection.next_timeout()) std::abort();
  }
  return 0;
}

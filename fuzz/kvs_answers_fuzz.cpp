#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "petrel/base/bytes.hpp"
#include "petrel/kvs/control_plane.hpp"
#include "petrel/kvs/iot_credentials.hpp"
#include "petrel/kvs/profiles.hpp"
#include "petrel/kvs/service_error.hpp"

// All that the service's answers, its refusals and AWS's files are read by. Properties: lists keep to their
// bounds, and what is told to people is one printable line.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel;
  const std::string text(as_text(std::as_bytes(std::span(data, size))));
  static_cast<void>(kvs::read_channel(text));
  static_cast<void>(kvs::read_created(text));
  static_cast<void>(kvs::read_channel_list(text));
  static_cast<void>(kvs::read_endpoints(text));
  static_cast<void>(kvs::read_storage(text));
  static_cast<void>(kvs::read_iot_credentials(text));
  static_cast<void>(kvs::parse_iso_date(text));
  static_cast<void>(kvs::read_profile(text, text, "default"));
  if (const auto arn = kvs::parse_channel_arn(text); arn && !kvs::is_channel_name(arn->name)) std::abort();
  if (const auto servers = kvs::read_ice_servers(text)) {
    if (servers->empty() || servers->size() > kvs::max_ice_servers) std::abort();
    for (const auto& server : *servers) {
      if (server.urls.empty() || server.urls.size() > kvs::max_ice_urls) std::abort();
      if (server.ttl < std::chrono::seconds(1) || server.ttl > std::chrono::hours(24)) std::abort();
    }
  }
  const int status = size == 0 ? 500 : 300 + data[0];
  const auto error =
      kvs::read_service_error({static_cast<http::Status>(status), {{"x-amzn-ErrorType", text}}, text});
  const std::string line = kvs::describe(error, {"ConnectAsMaster", text, "eu-west-1", 0});
  for (const char c : line) {
    if (c < 0x20 || c > 0x7e) std::abort();
  }
  return 0;
}

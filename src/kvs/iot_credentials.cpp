#include "petrel/kvs/iot_credentials.hpp"

#include "kvs/json.hpp"
#include "petrel/kvs/sigv4.hpp"

namespace petrel::inline v0::kvs {

Result<http::Url> iot_url(const IotProvider& provider) {
  const bool is_url = provider.endpoint.find("://") != std::string::npos;
  auto url = http::parse_url(is_url ? provider.endpoint : "https://" + provider.endpoint);
  if (!url) return url.error();
  url->path = "/role-aliases/" + http::percent_encode(provider.role_alias) + "/credentials";
  url->query.clear();
  return url;
}

http::Request iot_request(const IotProvider& provider) {
  http::Request request{.method = http::Method::get};
  request.headers = {{"x-amzn-iot-thingname", provider.thing_name}, {"Accept", "application/json"}};
  return request;
}

Result<Credentials> read_iot_credentials(std::string_view body) {
  const auto object = parse_object(body);
  const Json* found = object ? member(*object, "credentials") : nullptr;
  if (found == nullptr) return Errc::bad_answer;
  Credentials credentials{text_of(*found, "accessKeyId"), text_of(*found, "secretAccessKey"),
                          text_of(*found, "sessionToken"), parse_iso_date(text_of(*found, "expiration"))};
  if (credentials.empty() || credentials.session_token.empty() || !credentials.expires_at)
    return Errc::bad_answer;
  return credentials;
}

std::optional<std::int64_t> parse_iso_date(std::string_view text) {
  // To the form without separators: "2024-01-15T10:30:45.123Z" is "20240115T103045Z".
  constexpr std::size_t seconds_end = 19;
  if (text.size() <= seconds_end || !text.ends_with('Z')) return std::nullopt;
  const std::string_view fraction = text.substr(seconds_end, text.size() - seconds_end - 1);
  if (!fraction.empty() &&
      (fraction.front() != '.' || fraction.find_first_not_of("0123456789", 1) != fraction.npos)) {
    return std::nullopt;
  }
  if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':') return std::nullopt;
  std::string plain;
  plain.append(text, 0, 4)
      .append(text, 5, 2)
      .append(text, 8, 5)
      .append(text, 14, 2)
      .append(text, 17, 2)
      .append("Z");
  return parse_amz_date(plain);
}

}  // namespace petrel::inline v0::kvs

#include "turn/report_text.hpp"

#include <array>
#include <charconv>

#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::turn {
namespace {

constexpr std::size_t max_text = 127;  // RFC 8489 14.8: a reason has fewer than 128 characters.

std::string_view name_of(TransportProtocol protocol) {
  switch (protocol) {
    case TransportProtocol::udp:
      return "UDP";
    case TransportProtocol::tcp:
      return "TCP";
    case TransportProtocol::tls:
      return "TLS";
    case TransportProtocol::dtls:
      return "DTLS";
  }
  return {};
}

bool is_of_proxy(std::error_code error) {
  return error == Errc::proxy_unauthenticated || error == Errc::proxy_refused ||
         error == Errc::proxy_failed || error == Errc::bad_proxy_answer;
}

// "9.5 s"
std::string in_seconds(Duration elapsed) {
  const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

// What an ERROR-CODE means for whoever has to mend it; empty for those that only the server can explain.
std::string_view meaning_of(int code, bool credentials_sent) {
  switch (code) {
    case stun::error_code::unauthenticated:
      return credentials_sent ? "wrong username or password" : "it asks for a username and password";
    case stun::error_code::forbidden:
      return "forbidden";
    case stun::error_code::allocation_mismatch:
      return "it has no such allocation, or one of an earlier use of our port";
    case stun::error_code::stale_nonce:
      return "it calls every nonce stale";
    case stun::error_code::address_family_not_supported:
      return "no relayed address of this family";
    case stun::error_code::wrong_credentials:
      return "the allocation was made with another username";
    case stun::error_code::unsupported_transport_protocol:
      return "it does not relay this transport";
    case stun::error_code::allocation_quota_reached:
      return "quota reached";
    case stun::error_code::insufficient_capacity:
      return "no capacity left";
    default:
      return {};
  }
}

std::string describe_code(const ClientConfig& config, const ClientReport& report, int code) {
  std::string text = std::to_string(code) + " from " + server_label(config);
  if (report.credentials_sent) text += " after our credentials";
  const std::string_view meaning = meaning_of(code, report.credentials_sent);
  if (!meaning.empty()) return text.append(": ").append(meaning);
  if (!report.last_error_reason.empty()) return text.append(": ").append(report.last_error_reason);
  return text;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out(text.substr(0, max_text));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

std::string server_label(const ClientConfig& config) {
  return config.server_name.empty() ? config.server.to_string() : printable(config.server_name);
}

std::string describe_loss(const ClientConfig& config, const ClientReport& report, int code, Duration elapsed,
                          std::string_view link_detail) {
  if (!link_detail.empty()) {
    const bool of_tls = report.reached == Stage::handshake && !is_of_proxy(report.error);
    const std::string_view what = of_tls ? "no TLS with " : "no connection to ";
    return std::string(what).append(server_label(config)).append(": ").append(link_detail);
  }
  if (report.error == Errc::timed_out) {
    const bool refreshing = report.reached == Stage::allocated;
    return (refreshing ? "no answer any more from " : "no answer from ") + config.server.to_string() +
           " by " + std::string(name_of(config.protocol)) +
           (refreshing ? std::string() : " in " + in_seconds(elapsed));
  }
  if (code != 0 && report.error != Errc::weak_authentication && report.error != Errc::malformed_answer) {
    return describe_code(config, report, code);
  }
  return server_label(config) + ": " + report.error.message();
}

}  // namespace petrel::inline v0::turn

#include "petrel/ice/candidate.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <limits>

#include "petrel/ice/credentials.hpp"

namespace petrel::inline v0::ice {
namespace {

constexpr std::size_t max_foundation_length = 32;  // RFC 8839 5.1
constexpr std::size_t max_name_length = 253;       // RFC 1035 2.3.4, as text

bool is_digit(char c) { return '0' <= c && c <= '9'; }
char lower(char c) { return 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_alphanumeric(char c) { return is_digit(c) || ('a' <= lower(c) && lower(c) <= 'z'); }

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// A cursor over tokens that single spaces divide. RFC 8839 5.1 allows exactly one;
// more are forgiven, as some signaling layers reformat lines.
class Tokens {
 public:
  explicit Tokens(std::string_view text) : rest_(text) {}

  // Empty at the end.
  std::string_view next() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
    const std::string_view token = rest_.substr(0, rest_.find(' '));
    rest_.remove_prefix(token.size());
    return token;
  }

 private:
  std::string_view rest_;
};

template <class Integer>
std::optional<Integer> parse_number(std::string_view text, Integer low = 0,
                                    Integer high = std::numeric_limits<Integer>::max()) {
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || value < low || value > high) return std::nullopt;
  return value;
}

// A DNS name, mDNS included. One whose last label is a number was meant to be an address.
bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > max_name_length) return false;
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; };
  if (!std::ranges::all_of(text, allowed)) return false;
  const std::string_view last_label = text.substr(text.rfind('.') + 1);
  return !std::ranges::all_of(last_label, is_digit);
}

std::optional<CandidateType> parse_type(std::string_view text) {
  for (const auto type : {CandidateType::host, CandidateType::server_reflexive, CandidateType::peer_reflexive,
                          CandidateType::relay}) {
    if (text == to_string(type)) return type;
  }
  return std::nullopt;
}

bool parse_address(std::string_view text, Candidate& candidate) {
  if (const auto address = IpAddress::parse(text)) {
    candidate.endpoint.address = *address;
    return true;
  }
  candidate.host_name = text;
  return is_host_name(text);
}

// What follows the type: raddr and rport, then extensions as pairs of tokens.
bool parse_rest(Tokens& tokens, Candidate& candidate) {
  std::optional<IpAddress> related_address;
  std::optional<std::uint16_t> related_port;
  for (std::string_view name = tokens.next(); !name.empty(); name = tokens.next()) {
    const std::string_view value = tokens.next();
    if (value.empty()) return false;
    if (name == "raddr") {
      related_address = IpAddress::parse(value);  // A name says nothing we could use.
    } else if (name == "rport") {
      related_port = parse_number<std::uint16_t>(value);
      if (!related_port) return false;
    } else if (name == "tcptype") {
      candidate.tcp_type = value;
    } else if (name == "ufrag") {
      candidate.ufrag = value;
    }
  }
  if (related_address && related_port) candidate.related = Endpoint{*related_address, *related_port};
  return candidate.ufrag.size() <= max_credential_length && is_ice_text(candidate.ufrag);
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
  if (text.starts_with(prefix)) text.remove_prefix(prefix.size());
  return text;
}

}  // namespace

std::string_view to_string(CandidateType type) {
  switch (type) {
    case CandidateType::host:
      return "host";
    case CandidateType::server_reflexive:
      return "srflx";
    case CandidateType::peer_reflexive:
      return "prflx";
    case CandidateType::relay:
      return "relay";
  }
  return "";
}

// RFC 8839 5.1:
//   candidate:<foundation> <component> <transport> <priority> <address> <port>
//     typ <type> [raddr <address>] [rport <port>] *(<name> <value>)
Result<Candidate> parse_candidate(std::string_view text) {
  if (text.size() > max_candidate_length) return Errc::malformed_candidate;
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  // A control character inside would let one attribute become two lines of a description.
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' '; })) {
    return Errc::malformed_candidate;
  }
  Tokens tokens(without_prefix(without_prefix(text, "a="), "candidate:"));

  Candidate candidate;
  candidate.foundation = tokens.next();
  const auto component = parse_number<std::uint16_t>(tokens.next(), 1, 256);
  const std::string_view transport = tokens.next();
  const auto priority = parse_number<std::uint32_t>(tokens.next());
  const bool has_address = parse_address(tokens.next(), candidate);
  const auto port = parse_number<std::uint16_t>(tokens.next());
  const bool has_typ = tokens.next() == "typ";
  const std::string_view type_name = tokens.next();
  const bool rest_ok = parse_rest(tokens, candidate);

  const bool foundation_ok = !candidate.foundation.empty() &&
                             candidate.foundation.size() <= max_foundation_length &&
                             is_ice_text(candidate.foundation);
  if (!foundation_ok || !component || !priority || !has_address || !port || !has_typ || type_name.empty() ||
      !rest_ok) {
    return Errc::malformed_candidate;
  }
  const bool is_tcp = equals_ignoring_case(transport, "tcp");
  if (!is_tcp && !equals_ignoring_case(transport, "udp")) return Errc::unsupported_transport;
  const auto type = parse_type(type_name);
  if (!type) return Errc::unsupported_type;

  candidate.component = *component;
  candidate.protocol = is_tcp ? TransportProtocol::tcp : TransportProtocol::udp;
  candidate.priority = *priority;
  candidate.endpoint.port = *port;
  candidate.type = *type;
  return candidate;
}

std::string to_attribute(const Candidate& candidate) {
  std::string text = "candidate:" + candidate.foundation;
  const auto append = [&text](std::string_view token) { (text += ' ') += token; };

  append(std::to_string(candidate.component));
  append(candidate.protocol == TransportProtocol::tcp ? "tcp" : "udp");
  append(std::to_string(candidate.priority));
  append(candidate.host_name.empty() ? candidate.endpoint.address.to_string() : candidate.host_name);
  append(std::to_string(candidate.endpoint.port));
  append("typ");
  append(to_string(candidate.type));
  if (candidate.related) {
    append("raddr");
    append(candidate.related->address.to_string());
    append("rport");
    append(std::to_string(candidate.related->port));
  }
  if (!candidate.tcp_type.empty()) {
    append("tcptype");
    append(candidate.tcp_type);
  }
  if (!candidate.ufrag.empty()) {
    append("ufrag");
    append(candidate.ufrag);
  }
  return text;
}

}  // namespace petrel::inline v0::ice

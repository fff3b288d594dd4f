#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::sdp {

/// One `a=name` or `a=name:value`. What the value means is the matter of attributes.hpp.
struct Attribute {
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const Attribute&, const Attribute&) = default;
};

/// In the order of the text, unknown ones included.
using Attributes = std::vector<Attribute>;

/// The first attribute of this name, or nullptr. The pointer lives as long as the list is not changed.
PETREL_API const Attribute* find(const Attributes& attributes, std::string_view name);
inline bool has(const Attributes& attributes, std::string_view name) {
  return find(attributes, name) != nullptr;
}
/// The value of the first attribute of this name, empty where it has none or is not there.
PETREL_API std::string_view value_of(const Attributes& attributes, std::string_view name);

/// `o=`, RFC 8866 5.2. The id and the version are numbers without a bound, so they stay text.
struct Origin {
  std::string username = "-";
  std::string session_id = "0";
  std::string session_version = "0";
  std::string network_type = "IN";
  std::string address_type = "IP4";
  std::string address = "127.0.0.1";

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// `c=`, RFC 8866 5.7. WebRTC reads addresses from candidates and ignores this one.
struct Connection {
  std::string network_type = "IN";
  std::string address_type = "IP4";
  std::string address = "0.0.0.0";

  friend bool operator==(const Connection&, const Connection&) = default;
};

/// `b=`, RFC 8866 5.8: "AS" in kbit/s, "TIAS" (RFC 3890) in bit/s.
struct Bandwidth {
  std::string type;
  std::uint64_t value = 0;

  friend bool operator==(const Bandwidth&, const Bandwidth&) = default;
};

/// `t=`, RFC 8866 5.9. Always 0 0 in WebRTC.
struct Timing {
  std::uint64_t start = 0;
  std::uint64_t stop = 0;

  friend bool operator==(const Timing&, const Timing&) = default;
};

/// A line whose type has no field of its own: i=, u=, e=, p=, r=, z=, k=, and letters unknown to RFC 8866.
struct OtherLine {
  char type = 'i';
  std::string value;

  friend bool operator==(const OtherLine&, const OtherLine&) = default;
};

/// What stands before the first m=, and after each.
struct Section {
  std::optional<Connection> connection;
  std::vector<Bandwidth> bandwidth;
  std::vector<OtherLine> others;
  Attributes attributes;

  friend bool operator==(const Section&, const Section&) = default;
};

/// `m=` and what follows it, RFC 8866 5.14.
struct MediaSection : Section {
  std::string media;  ///< "audio", "video", "application"
  std::uint16_t port = 9;
  std::optional<std::uint16_t> port_count;
  std::string protocol;              ///< "UDP/TLS/RTP/SAVPF"
  std::vector<std::string> formats;  ///< Payload types, for RTP. Never empty in what was parsed.

  friend bool operator==(const MediaSection&, const MediaSection&) = default;
};

/// A session description, RFC 8866, as data. Owns all its text.
struct Session : Section {
  Origin origin;
  std::string name = "-";
  Timing timing;
  std::vector<MediaSection> media;

  friend bool operator==(const Session&, const Session&) = default;
};

}  // namespace petrel::inline v0::sdp

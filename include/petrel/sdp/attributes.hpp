#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/sdp/errc.hpp"
#include "petrel/sdp/session.hpp"

/// What attribute values mean. Each type names its attribute, reads a value by parse(), which
/// answers Errc::malformed_attribute, and writes it by text(). Numbers are decimal and checked
/// against their range; blanks at the end of a value are ignored, since some peers leave them.
///
/// Candidates and fingerprints stay text here: ice and dtls read them.
namespace petrel::inline v0::sdp {

/// RFC 8866 6.6: `a=rtpmap:111 opus/48000/2`.
struct RtpMap {
  static constexpr std::string_view name = "rtpmap";
  std::uint8_t payload_type = 0;
  std::string encoding;
  std::uint32_t clock_rate = 0;
  std::uint16_t channels = 1;

  PETREL_API static Result<RtpMap> parse(std::string_view value);
  PETREL_API std::string text() const;
};

struct FormatParameter {
  std::string name;  ///< Empty for a parameter that is only a value: "0-15", "111/111".
  std::string value;

  friend bool operator==(const FormatParameter&, const FormatParameter&) = default;
};

/// RFC 8866 6.15: `a=fmtp:108 packetization-mode=1;profile-level-id=42e01f`.
struct FormatParameters {
  static constexpr std::string_view name = "fmtp";
  std::string format;
  std::vector<FormatParameter> parameters;

  PETREL_API static Result<FormatParameters> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 4585 4.2: `a=rtcp-fb:96 nack pli`, `a=rtcp-fb:* transport-cc`.
struct RtcpFeedback {
  static constexpr std::string_view name = "rtcp-fb";
  std::optional<std::uint8_t> payload_type;  ///< nullopt: `*`
  std::string feedback;                      ///< Type and parameter with one blank between: "nack pli".

  PETREL_API static Result<RtcpFeedback> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 8866 6.7, as attribute names rather than values.
enum class MediaDirection : std::uint8_t { sendrecv, sendonly, recvonly, inactive };
PETREL_API std::optional<MediaDirection> parse_direction(std::string_view name);
PETREL_API std::string_view to_string(MediaDirection direction);
/// The last direction of a section, or nullopt where it has none.
PETREL_API std::optional<MediaDirection> direction_of(const Attributes& attributes);

/// RFC 8285 8: `a=extmap:4/recvonly urn:… attributes`.
struct ExtensionMap {
  static constexpr std::string_view name = "extmap";
  std::uint16_t id =
      0;  ///< 1–14 and 16–255 on the wire, 4096–4351 where it is yet to be chosen (RFC 8285 6).
  std::optional<MediaDirection> direction;
  std::string uri;
  std::string extension_attributes;

  PETREL_API static Result<ExtensionMap> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 8830 2: `a=msid:stream track`.
struct Msid {
  static constexpr std::string_view name = "msid";
  std::string stream_id;  ///< "-" is the absence of a stream.
  std::string track_id;   ///< May be empty.

  PETREL_API static Result<Msid> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 5576 4.1: `a=ssrc:1234 cname:abc`.
struct SsrcAttribute {
  static constexpr std::string_view name = "ssrc";
  std::uint32_t ssrc = 0;
  std::string attribute;  ///< "cname", "msid"
  std::string value;

  PETREL_API static Result<SsrcAttribute> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 5576 4.2: `a=ssrc-group:FID 1 2`.
struct SsrcGroup {
  static constexpr std::string_view name = "ssrc-group";
  /// The largest groups in use are simulcast's three layers; more is not believable.
  static constexpr std::size_t max_ssrcs = 32;
  std::string semantics;
  std::vector<std::uint32_t> ssrcs;

  PETREL_API static Result<SsrcGroup> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 5888 5: `a=group:BUNDLE 0 1`.
struct Group {
  static constexpr std::string_view name = "group";
  std::string semantics;
  std::vector<std::string> mids;

  PETREL_API static Result<Group> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 5888 4: a token.
struct Mid {
  static constexpr std::string_view name = "mid";
  std::string mid;

  PETREL_API static Result<Mid> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 4145 4, RFC 8842 5: `a=setup:actpass`.
struct Setup {
  static constexpr std::string_view name = "setup";
  enum class Role : std::uint8_t { active, passive, actpass, holdconn };
  Role role = Role::actpass;

  PETREL_API static Result<Setup> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 8839 5.6: `a=ice-options:trickle ice2`.
struct IceOptions {
  static constexpr std::string_view name = "ice-options";
  std::vector<std::string> options;

  PETREL_API static Result<IceOptions> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 3605 2.1: `a=rtcp:9 IN IP4 0.0.0.0`. The address is optional and unused.
struct RtcpPort {
  static constexpr std::string_view name = "rtcp";
  std::uint16_t port = 9;
  std::optional<Connection> connection;

  PETREL_API static Result<RtcpPort> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 8851 4: `a=rid:f send pt=96;max-width=1280`.
struct Rid {
  static constexpr std::string_view name = "rid";
  std::string id;
  bool send = true;
  std::string restrictions;

  PETREL_API static Result<Rid> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 8841 5: `a=sctp-port:5000`.
struct SctpPort {
  static constexpr std::string_view name = "sctp-port";
  std::uint16_t port = 5000;

  PETREL_API static Result<SctpPort> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 8841 6: `a=max-message-size:262144` in bytes; 0 is "any".
struct MaxMessageSize {
  static constexpr std::string_view name = "max-message-size";
  std::uint64_t bytes = 65536;

  PETREL_API static Result<MaxMessageSize> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// draft-hancke-tsvwg-snap: `a=sctp-init:AQAA…`, an SCTP INIT chunk in Base64.
struct SctpInit {
  static constexpr std::string_view name = "sctp-init";
  std::vector<std::byte> chunk;

  PETREL_API static Result<SctpInit> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// The form before RFC 8841: `a=sctpmap:5000 webrtc-datachannel 65535`.
struct SctpMap {
  static constexpr std::string_view name = "sctpmap";
  std::uint16_t port = 5000;
  std::string application;
  std::optional<std::uint32_t> streams;

  PETREL_API static Result<SctpMap> parse(std::string_view value);
  PETREL_API std::string text() const;
};

/// RFC 8839 5.4: the lengths that an ICE user fragment and password may have, in characters.
inline constexpr std::size_t min_ice_ufrag = 4;
inline constexpr std::size_t min_ice_pwd = 22;
inline constexpr std::size_t max_ice_credential = 256;
/// ice-char only: letters, digits, + and /.
PETREL_API bool is_ice_ufrag(std::string_view text);
PETREL_API bool is_ice_pwd(std::string_view text);

template <class T>
Attribute to_attribute(const T& value) {
  return {std::string(T::name), value.text()};
}

/// Every attribute of T's name that reads as one, in order. After parse() that is all of them.
template <class T>
std::vector<T> read_all(const Attributes& attributes) {
  std::vector<T> found;
  for (const Attribute& attribute : attributes) {
    if (attribute.name != T::name) continue;
    if (auto value = T::parse(attribute.value.value_or(std::string()))) found.push_back(*std::move(value));
  }
  return found;
}

/// The first of them.
template <class T>
std::optional<T> read(const Attributes& attributes) {
  for (const Attribute& attribute : attributes) {
    if (attribute.name != T::name) continue;
    if (auto value = T::parse(attribute.value.value_or(std::string()))) return *std::move(value);
  }
  return std::nullopt;
}

/// Whether this attribute is unknown here, or is as its RFC says. nullptr: fine; else what is wrong, as
/// words for people.
PETREL_API const char* complaint_about(const Attribute& attribute);

}  // namespace petrel::inline v0::sdp

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

enum class Kind : std::uint8_t { audio, video };

/// Which way media flows on an m-line, seen from the side that says it (RFC 8866 6.7).
enum class Direction : std::uint8_t { send_recv, send_only, recv_only, inactive };

inline bool sends(Direction direction) {
  return direction == Direction::send_recv || direction == Direction::send_only;
}
inline bool receives(Direction direction) {
  return direction == Direction::send_recv || direction == Direction::recv_only;
}
inline Direction direction_of(bool send, bool receive) {
  if (send) return receive ? Direction::send_recv : Direction::send_only;
  return receive ? Direction::recv_only : Direction::inactive;
}
/// The same flow, seen from the other side.
inline Direction reversed(Direction direction) { return direction_of(receives(direction), sends(direction)); }
inline Direction intersection(Direction a, Direction b) {
  return direction_of(sends(a) && sends(b), receives(a) && receives(b));
}

PETREL_API std::string_view to_string(Kind kind);            ///< As in an m-line.
PETREL_API std::string_view to_string(Direction direction);  ///< As in SDP: "sendrecv" and so on.

/// One `name=value` of an a=fmtp. `name` is empty where the format uses none ("0-15").
struct CodecParameter {
  std::string name;
  std::string value;

  friend bool operator==(const CodecParameter&, const CodecParameter&) = default;
};

/// A codec, and how it is set up, before it has a payload type.
///
/// What a=rtpmap, a=fmtp and a=rtcp-fb say of one payload type. Retransmission
/// (RFC 4588) is not a codec of its own here: it is a property of the one it repairs.
struct Codec {
  Kind kind = Kind::video;
  std::string name;                        ///< Encoding name, compared without regard to case.
  std::uint32_t clock_rate = 90000;        ///< Hz
  std::uint16_t channels = 1;              ///< Always 1 for video.
  std::vector<CodecParameter> parameters;  ///< In SDP order.
  std::vector<std::string> feedback;  ///< As in a=rtcp-fb: "nack", "nack pli", "ccm fir", "transport-cc".
  bool retransmission = false;        ///< RTX beside it.

  /// Value of a parameter, by its name without regard to case; nullopt if it is not there.
  PETREL_API std::optional<std::string_view> parameter(std::string_view name) const;
  PETREL_API void set_parameter(std::string_view name, std::string value);

  friend bool operator==(const Codec&, const Codec&) = default;
};

struct H264Options {
  /// RFC 6184 8.1: profile_idc, profile-iop and level_idc in hex. Constrained baseline, level 3.1.
  std::string profile_level_id = "42e01f";
  /// 1: FU-A and STAP-A may be used. 0: single NAL units only.
  std::uint8_t packetization_mode = 1;
};

PETREL_API Codec h264(const H264Options& options = {});  ///< RFC 6184
PETREL_API Codec vp8();                                  ///< RFC 7741
PETREL_API Codec opus();                                 ///< RFC 7587: always 48000/2 on the wire.

/// "H264/90000 42e01f mode 1": for messages to people.
PETREL_API std::string describe(const Codec& codec);

}  // namespace petrel::inline v0

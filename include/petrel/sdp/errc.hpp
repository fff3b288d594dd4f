#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::sdp {

/// Why a text is not a session description that this library reads.
enum class Errc {
  too_long = 1,             ///< More than max_session_bytes.
  too_many_lines,           ///< More than max_lines.
  too_many_media_sections,  ///< More than max_media_sections.
  malformed_line,           ///< Not `x=…`, or it holds a NUL or a stray CR (RFC 8866 5).
  unsupported_version,      ///< It does not start with `v=0`.
  missing_line,             ///< No o= or no s= line.
  duplicate_line,           ///< A line that may come once came twice.
  malformed_origin,         ///< RFC 8866 5.2
  malformed_connection,     ///< RFC 8866 5.7
  malformed_bandwidth,      ///< RFC 8866 5.8
  malformed_timing,         ///< RFC 8866 5.9
  malformed_media,          ///< RFC 8866 5.14
  malformed_attribute,      ///< An attribute that WebRTC depends on is not as its RFC says.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::sdp

template <>
struct std::is_error_code_enum<petrel::sdp::Errc> : std::true_type {};

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "petrel/base/result.hpp"
#include "petrel/sdp/errc.hpp"
#include "petrel/sdp/session.hpp"

namespace petrel::inline v0::sdp {

/// Browsers write 20 KB with some 280 attributes for three m-lines, and a conference of a
/// hundred m-lines with candidates stays below 256 KiB. Beyond that it is an attack or a mistake.
inline constexpr std::size_t max_session_bytes = std::size_t{256} * 1024;
/// 256 KiB of lines of half the usual 60 characters; 128 m-lines of ours take 5,000.
inline constexpr std::size_t max_lines = 8000;
/// What Chromium accepts at most in practice, and ours in a peer.
inline constexpr std::size_t max_media_sections = 128;

/// Where a text is wrong, for people. Lines and columns count from 1.
struct ParseDetail {
  std::size_t line = 0;
  std::size_t column = 0;
  std::string what;  ///< "a=rtpmap: no clock rate"
};

/// Reads a session description, RFC 8866.
///
/// Lines may end in CRLF or LF, and the last one need not end at all. Attributes and lines
/// that are unknown are kept in place. Attributes that attributes.hpp knows are checked here,
/// so that reading them later cannot fail. Deviates from RFC 8866 5 where real peers do:
/// the order of the lines within a section is free, t= may be missing, and an unknown type
/// letter is kept instead of damning the whole description.
PETREL_API Result<Session> parse(std::string_view text, ParseDetail* detail = nullptr);

}  // namespace petrel::inline v0::sdp

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/whip/errc.hpp"

namespace petrel::inline v0::whip {

constexpr std::size_t max_fragment_line = 1024;      // A candidate with every extension we know is below 400.
constexpr std::size_t max_fragment_candidates = 64;  // As many remote candidates as ice::Agent takes.
constexpr std::size_t max_fragment_sections = 64;

/// The candidates of one m-line in a fragment.
struct TrickleSection {
  std::optional<std::string> mid;  ///< Absent only where a player left it out: use `index`.
  std::size_t index = 0;           ///< The how-manieth m-line of the fragment. Not the offer's number.
  std::string ufrag;               ///< The section's own, or the fragment's; may be empty.
  std::string pwd;
  std::vector<std::string> candidates;  ///< "candidate:…", as add_ice_candidate takes it.
  bool end_of_candidates = false;
};

/// A body of type application/trickle-ice-sdpfrag, RFC 8840 9, as WHIP and WHEP PATCH carries it
/// (RFC 9725 4.3.1).
struct TrickleFragment {
  std::string ufrag;  ///< The first that the fragment names: whose generation the candidates are.
  std::string pwd;
  std::vector<TrickleSection> sections;
};

/// Reads a fragment. The candidates themselves are not parsed: that is ICE's business, which knows
/// which ones to ignore. Lines end with CRLF or LF; unknown attributes are skipped (RFC 8840 9.2).
PETREL_API Result<TrickleFragment> parse_trickle_fragment(std::string_view text);

/// The fragment as text; parse_trickle_fragment() reads it back as the same.
PETREL_API std::string write(const TrickleFragment& fragment);

}  // namespace petrel::inline v0::whip

#pragma once

#include <cstddef>
#include <string>
#include <system_error>
#include <vector>

#include "peer/jsep_description.hpp"
#include "peer/jsep_transceivers.hpp"
#include "petrel/base/result.hpp"

namespace petrel::inline v0::jsep {

/// What becomes of one m-line of a remote offer.
struct Verdict {
  std::error_code refusal;  ///< None: it is accepted.
  std::string detail;
  /// What the answer says, under the offer's payload types, by our preference.
  std::vector<DescribedCodec> codecs;

  bool accepted() const { return !refusal; }
};

/// RFC 9429 5.3.1: decides on each m-line of an offer whose transceivers have been found.
std::vector<Verdict> judge_offer(const Description& offer, const Transceivers& transceivers);

/// The first m-line that is accepted, in the order of its BUNDLE group: the one that carries
/// the transport of the answer.
std::optional<std::size_t> tagged(const Description& offer, const std::vector<Verdict>& verdicts);

/// Where the credentials of the m-line's transport stand: in it, or, for a bundled one that has
/// none, in the first of its group that has. nullptr: nowhere.
const MediaDescription* transport_section(const Description& remote, std::size_t tagged);

/// Whether the remote transport can be used at all: credentials, fingerprint, setup.
Result<void> check_transport(const Description& remote, std::size_t tagged, std::string& detail);

/// RFC 9429 5.8.3, RFC 3264 8: a later offer keeps the m-lines that there are. `is_free(i)` says which
/// places may be used again.
Result<void> check_continuation(const Description& offer, const std::vector<MediaLine>& lines,
                                const std::vector<bool>& is_free, const Description* before,
                                std::string& detail);

/// Gives the m-lines of an answer that has no mids those of the offer.
void adopt_mids(Description& answer, const Description& offer);

/// RFC 9429 5.8.3, RFC 3264 6: whether it is an answer to this offer of ours.
Result<void> check_answer(const Description& answer, const Description& offer, std::string& detail);

}  // namespace petrel::inline v0::jsep

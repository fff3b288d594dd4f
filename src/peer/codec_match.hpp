#pragma once

#include <span>
#include <string>
#include <string_view>

#include "petrel/peer/codec.hpp"

namespace petrel::inline v0 {

/// SDP compares encoding and parameter names without regard to case (RFC 8866 6.6, RFC 4855 3).
bool equal_names(std::string_view a, std::string_view b);

/// Whether an offered codec and one of ours are the same: name, clock rate, channels, and the
/// parameters that the codec's RFC makes part of its identity.
bool same_codec(const Codec& a, const Codec& b);

/// What we answer to `offered` with `ours`, which must be the same codec: our parameters, with
/// H.264's level as RFC 6184 8.2.2 wants it, and the feedback and retransmission that both have.
Codec answer_to(const Codec& offered, const Codec& ours);

/// What to send to a receiver that said `remote`, where we said `local`: the receiver's
/// parameters, H.264's level lowered to ours where levels must be equal.
Codec to_send(const Codec& local, const Codec& remote);

/// "ours: H264/90000 …; theirs: VP8/90000, …" for a failed match.
std::string both_sides(std::span<const Codec> ours, std::span<const Codec> theirs);

}  // namespace petrel::inline v0

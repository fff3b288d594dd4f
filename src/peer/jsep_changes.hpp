#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "peer/jsep_description.hpp"
#include "peer/jsep_transceivers.hpp"
#include "peer/jsep_verdict.hpp"
#include "petrel/peer/jsep.hpp"

namespace petrel::inline v0::jsep {

/// Two descriptions that answer each other. `we_answered` says whose numbers rule.
struct Agreement {
  const Description& local;
  const Description& remote;
  bool we_answered = false;
};

/// Which DTLS role a=setup gives us, RFC 8842 5.
std::optional<DtlsRole> role_of(const Agreement& agreement, std::size_t tagged);

/// What the remote description says of the transport; `tagged` is the m-line that carries it.
TransportChange transport_change(const Description& remote, std::size_t tagged);

/// One m-line of an agreement. Refused where either side has set port 0, for `verdict`'s reason
/// where we were the ones.
MediaChange media_change(const Agreement& agreement, std::size_t index, const Transceiver& transceiver,
                         const Verdict* verdict);

/// The m-line of the data channels in an agreement, or where it was refused.
DataChannelChange data_change(const Agreement& agreement, std::size_t index, const Verdict* verdict);

/// One m-line of an offer that is not answered yet.
MediaChange media_offer(const Description& offer, bool is_remote, std::size_t index,
                        const Transceiver& transceiver);

}  // namespace petrel::inline v0::jsep

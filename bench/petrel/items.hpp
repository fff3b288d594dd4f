#pragma once

namespace petrel::bench {

/// Of the heap, in KiB, for both ends of a pair once they are connected and rest: what DTLS takes with a
/// certificate for each end, and what SCTP takes. The rest of a pair is ICE, sockets, descriptions and the
/// facade.
double dtls_kib_per_pair();
double sctp_kib_per_pair();

}  // namespace petrel::bench

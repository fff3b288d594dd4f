#pragma once

#include "dtls/openssl_handles.hpp"
#include "petrel/dtls/connection.hpp"

namespace petrel::inline v0::dtls {

/// An OpenSSL BIO that keeps datagrams apart, which memory BIOs do not (BIO_s_dgram_mem
/// exists from OpenSSL 3.2 on only). Reads from and writes to `port`, which outlives it.
/// Null if OpenSSL fails.
BioHandle make_datagram_bio(PacketPort& port);

}  // namespace petrel::inline v0::dtls

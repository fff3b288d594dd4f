#pragma once

#include <cstdint>
#include <deque>

#include "petrel/tls/connection.hpp"
#include "tls/openssl_handles.hpp"

namespace petrel::inline v0::tls {

/// Where OpenSSL reads and writes instead of a socket.
struct TransportPort {
  /// What OpenSSL itself says on a stream (alerts, key updates) still has room when send() has none.
  static constexpr std::size_t max_outgoing_bytes = Connection::max_unsent_bytes + 128 * 1024;

  Transport transport = Transport::stream;
  Bytes incoming{};  ///< What OpenSSL has not read yet; borrowed during handle_bytes().
  std::deque<PacketBuffer> outgoing{};
  std::size_t outgoing_bytes = 0;
  bool overflowed = false;    ///< A stream found no room, and is broken.
  std::uint64_t dropped = 0;  ///< Datagrams that found no room.
};

/// An OpenSSL BIO on `port`, which outlives it. It keeps datagrams apart, which memory BIOs do not
/// (BIO_s_dgram_mem exists from OpenSSL 3.2 on only), and puts streams into packets. Null if OpenSSL
/// fails.
BioHandle make_transport_bio(TransportPort& port);

}  // namespace petrel::inline v0::tls

#include "tls/transport_bio.hpp"

#include <algorithm>

namespace petrel::inline v0::tls {
namespace {

// Of a datagram, what does not fit is lost, as with recv(); OpenSSL's buffer has room for the
// longest record.
int read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  TransportPort& port = crypto::port_of<TransportPort>(bio);
  if (port.incoming.empty() || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const Bytes taken = port.incoming.first(std::min(port.incoming.size(), static_cast<std::size_t>(size)));
  std::ranges::copy(as_text(taken), out);
  port.incoming = port.transport == Transport::stream ? port.incoming.subspan(taken.size()) : Bytes();
  return static_cast<int>(taken.size());
}

void append_datagram(TransportPort& port, Bytes datagram) {
  auto packet = PacketBuffer::copy_of(datagram);
  if (packet && port.outgoing.size() < Connection::max_unsent_packets) {
    port.outgoing_bytes += datagram.size();
    port.outgoing.push_back(*std::move(packet));
  } else {
    ++port.dropped;  // Like loss on the way, which DTLS survives.
  }
}

// Fills packets to the brim: their borders mean nothing on a stream.
void append_bytes(TransportPort& port, Bytes bytes) {
  port.outgoing_bytes += bytes.size();
  while (!bytes.empty()) {
    if (port.outgoing.empty() || port.outgoing.back().size() == PacketBuffer::capacity) {
      port.outgoing.emplace_back();
    }
    PacketBuffer& packet = port.outgoing.back();
    const std::size_t used = packet.size();
    const Bytes taken = bytes.first(std::min(bytes.size(), PacketBuffer::capacity - used));
    packet.resize(used + taken.size());
    std::ranges::copy(taken, packet.data() + used);
    bytes = bytes.subspan(taken.size());
  }
}

int write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  TransportPort& port = crypto::port_of<TransportPort>(bio);
  const Bytes bytes = as_bytes({data, static_cast<std::size_t>(size)});
  if (port.transport == Transport::datagram) {
    append_datagram(port, bytes);
  } else if (port.outgoing_bytes + bytes.size() > TransportPort::max_outgoing_bytes) {
    port.overflowed = true;
    return -1;
  } else {
    append_bytes(port, bytes);
  }
  return size;
}

}  // namespace

BioHandle make_transport_bio(TransportPort& port) {
  return crypto::make_bio<read, write>("petrel transport", port);
}

}  // namespace petrel::inline v0::tls

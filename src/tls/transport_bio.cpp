#include "tls/transport_bio.hpp"

#include <algorithm>

namespace petrel::inline v0::tls {
namespace {

TransportPort& port_of(BIO* bio) { return *static_cast<TransportPort*>(BIO_get_data(bio)); }

// Of a datagram, what does not fit is lost, as with recv(); OpenSSL's buffer has room for the
// longest record.
int read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  TransportPort& port = port_of(bio);
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
  TransportPort& port = port_of(bio);
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

// The rest of what OpenSSL 3 asks a BIO (timeouts, kTLS, MTU discovery) is answered with 0: not
// supported. The MTU is set on the connection, and no header is ours to subtract.
long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* transport_method() {
  static const BioMethodHandle method = [] {
    BioMethodHandle made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "petrel transport"));
    if (made) {
      BIO_meth_set_read(made.get(), read);
      BIO_meth_set_write(made.get(), write);
      BIO_meth_set_ctrl(made.get(), control);
      BIO_meth_set_create(made.get(), create);
    }
    return made;
  }();
  return method.get();
}

}  // namespace

BioHandle make_transport_bio(TransportPort& port) {
  BioHandle bio(transport_method() == nullptr ? nullptr : BIO_new(transport_method()));
  if (bio) BIO_set_data(bio.get(), &port);
  return bio;
}

}  // namespace petrel::inline v0::tls

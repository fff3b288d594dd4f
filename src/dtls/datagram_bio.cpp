#include "dtls/datagram_bio.hpp"

#include <algorithm>

namespace petrel::inline v0::dtls {
namespace {

PacketPort& port_of(BIO* bio) { return *static_cast<PacketPort*>(BIO_get_data(bio)); }

// One call reads one datagram. What does not fit is lost, as with recv(); OpenSSL's buffer
// has room for the longest record.
int read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  PacketPort& port = port_of(bio);
  if (port.incoming.empty() || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const Bytes packet = port.incoming.first(std::min(port.incoming.size(), static_cast<std::size_t>(size)));
  std::ranges::copy(as_text(packet), out);
  port.incoming = {};
  return static_cast<int>(packet.size());
}

int write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  PacketPort& port = port_of(bio);
  auto packet = PacketBuffer::copy_of(as_bytes({data, static_cast<std::size_t>(size)}));
  if (packet && port.outgoing.size() < Connection::max_queued_packets) {
    port.outgoing.push_back(*std::move(packet));
  } else {
    ++port.dropped;  // Like loss on the way, which DTLS survives.
  }
  return size;
}

// The rest of what OpenSSL 3 asks a datagram BIO (timeouts, kTLS, MTU discovery) is answered
// with 0: not supported. The MTU is set on the connection, and no header is ours to subtract.
long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

int create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD* datagram_method() {
  static const BioMethodHandle method = [] {
    BioMethodHandle made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "petrel datagrams"));
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

BioHandle make_datagram_bio(PacketPort& port) {
  BioHandle bio(datagram_method() == nullptr ? nullptr : BIO_new(datagram_method()));
  if (bio) BIO_set_data(bio.get(), &port);
  return bio;
}

}  // namespace petrel::inline v0::dtls

#include "dtls/datagram_bio.hpp"

#include <algorithm>

namespace petrel::inline v0::dtls {
namespace {

// One call reads one datagram. What does not fit is lost, as with recv(); OpenSSL's buffer
// has room for the longest record.
int read(BIO* bio, char* out, int size) {
  BIO_clear_retry_flags(bio);
  PacketPort& port = crypto::port_of<PacketPort>(bio);
  if (port.incoming.empty() || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const Bytes packet = port.incoming.first(std::min(port.incoming.size(), static_cast<std::size_t>(size)));
  std::ranges::copy(as_text(packet), out);
  port.incoming = {};
  return static_cast<int>(packet.size());
}

// Whoever goes on after OpenSSL must not use a number again.
void note_sealed(PacketPort& port, Bytes packet) {
  constexpr std::uint64_t first_of_epoch_1 = std::uint64_t{1} << 48;
  ByteReader reader(packet);
  while (reader.remaining() != 0) {
    reader.skip(3);
    const std::uint64_t number = reader.u64();
    ByteReader content(reader.bytes(reader.u16()));
    if (reader.ok() && number >= first_of_epoch_1)
      port.sealed = SealedRecord{number - first_of_epoch_1, content.u64()};
  }
}

int write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  PacketPort& port = crypto::port_of<PacketPort>(bio);
  const Bytes content = as_bytes({data, static_cast<std::size_t>(size)});
  note_sealed(port, content);
  auto packet = PacketBuffer::copy_of(content);
  if (packet && port.outgoing.size() < Connection::max_queued_packets) {
    port.outgoing.push_back(*std::move(packet));
  } else {
    ++port.dropped;  // Like loss on the way, which DTLS survives.
  }
  return size;
}

}  // namespace

BioHandle make_datagram_bio(PacketPort& port) {
  return crypto::make_bio<read, write>("petrel datagrams", port);
}

}  // namespace petrel::inline v0::dtls

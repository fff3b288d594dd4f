#include "tls/transport_bio.hpp"

#include <gtest/gtest.h>

#include <array>

namespace petrel::inline v0::tls {
namespace {

std::string read_some(BIO& bio, int most) {
  std::string text(static_cast<std::size_t>(most), '\0');
  const int size = BIO_read(&bio, text.data(), most);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

int write_text(BIO& bio, std::string_view text) {
  return BIO_write(&bio, text.data(), static_cast<int>(text.size()));
}

TEST(TransportBio, GivesADatagramWholeOrNotAtAll) {
  TransportPort port{.transport = Transport::datagram};
  const BioHandle bio = make_transport_bio(port);
  port.incoming = as_bytes("abcdef");
  EXPECT_EQ(read_some(*bio, 4), "abcd");
  EXPECT_EQ(read_some(*bio, 4), "") << "the rest of a datagram is lost, as with recv()";
  EXPECT_TRUE(BIO_should_retry(bio.get()));
}

TEST(TransportBio, GivesAStreamByteForByte) {
  TransportPort port{.transport = Transport::stream};
  const BioHandle bio = make_transport_bio(port);
  port.incoming = as_bytes("abcdef");
  EXPECT_EQ(read_some(*bio, 4), "abcd");
  EXPECT_EQ(read_some(*bio, 4), "ef");
  EXPECT_EQ(read_some(*bio, 4), "");
  EXPECT_TRUE(BIO_should_retry(bio.get()));
}

TEST(TransportBio, KeepsDatagramsApart) {
  TransportPort port{.transport = Transport::datagram};
  const BioHandle bio = make_transport_bio(port);
  EXPECT_EQ(write_text(*bio, "one"), 3);
  EXPECT_EQ(write_text(*bio, "two"), 3);
  ASSERT_EQ(port.outgoing.size(), 2u);
  EXPECT_EQ(as_text(port.outgoing[1].bytes()), "two");
}

TEST(TransportBio, FillsPacketsOfAStream) {
  TransportPort port{.transport = Transport::stream};
  const BioHandle bio = make_transport_bio(port);
  EXPECT_EQ(write_text(*bio, "one"), 3);
  EXPECT_EQ(write_text(*bio, std::string(PacketBuffer::capacity, 'x')),
            static_cast<int>(PacketBuffer::capacity));
  ASSERT_EQ(port.outgoing.size(), 2u);
  EXPECT_EQ(port.outgoing[0].size(), PacketBuffer::capacity);
  EXPECT_EQ(as_text(port.outgoing[0].bytes()).substr(0, 4), "onex");
  EXPECT_EQ(as_text(port.outgoing[1].bytes()), "xxx");
  EXPECT_EQ(port.outgoing_bytes, PacketBuffer::capacity + 3);
}

TEST(TransportBio, DropsDatagramsThatFindNoRoom) {
  TransportPort port{.transport = Transport::datagram};
  const BioHandle bio = make_transport_bio(port);
  for (std::size_t i = 0; i < Connection::max_unsent_packets; ++i) EXPECT_EQ(write_text(*bio, "x"), 1);
  EXPECT_EQ(port.dropped, 0u);
  EXPECT_EQ(write_text(*bio, "x"), 1) << "OpenSSL need not know";
  EXPECT_EQ(port.dropped, 1u);
  EXPECT_EQ(port.outgoing.size(), Connection::max_unsent_packets);
}

TEST(TransportBio, BreaksAStreamRatherThanLoseAPartOfIt) {
  TransportPort port{.transport = Transport::stream};
  const BioHandle bio = make_transport_bio(port);
  const std::string block(64 * 1024, 'x');
  for (std::size_t size = 0; size < TransportPort::max_outgoing_bytes; size += block.size()) {
    EXPECT_EQ(write_text(*bio, block), static_cast<int>(block.size()));
  }
  EXPECT_FALSE(port.overflowed);
  EXPECT_EQ(write_text(*bio, "x"), -1);
  EXPECT_FALSE(BIO_should_retry(bio.get()));
  EXPECT_TRUE(port.overflowed);
}

}  // namespace
}  // namespace petrel::inline v0::tls

#include "dtls/datagram_bio.hpp"

#include <gtest/gtest.h>

#include <array>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::dtls {
namespace {

using testing::hex;

TEST(DatagramBio, GivesOneWholeDatagramAndThenAsksForMore) {
  PacketPort port;
  const BioHandle bio = make_datagram_bio(port);
  ASSERT_TRUE(bio);
  const auto packet = hex("010203");
  port.incoming = packet;
  std::array<std::byte, 100> out{};

  EXPECT_EQ(BIO_read(bio.get(), out.data(), 100), 3);
  EXPECT_TRUE(equal(Bytes(out).first(3), packet));
  EXPECT_EQ(BIO_read(bio.get(), out.data(), 100), -1);
  EXPECT_TRUE(BIO_should_retry(bio.get()));
}

TEST(DatagramBio, LosesWhatDoesNotFitTheReader) {
  PacketPort port;
  const BioHandle bio = make_datagram_bio(port);
  const auto packet = hex("010203");
  port.incoming = packet;
  std::array<std::byte, 2> out{};
  EXPECT_EQ(BIO_read(bio.get(), out.data(), 2), 2);
  EXPECT_EQ(BIO_read(bio.get(), out.data(), 2), -1);
}

TEST(DatagramBio, KeepsDatagramsApart) {
  PacketPort port;
  const BioHandle bio = make_datagram_bio(port);
  EXPECT_EQ(BIO_write(bio.get(), "ab", 2), 2);
  EXPECT_EQ(BIO_write(bio.get(), "c", 1), 1);
  ASSERT_EQ(port.outgoing.size(), 2u);
  EXPECT_EQ(as_text(port.outgoing[0].bytes()), "ab");
  EXPECT_EQ(as_text(port.outgoing[1].bytes()), "c");
}

TEST(DatagramBio, CountsWhatItCannotKeep) {
  PacketPort port;
  const BioHandle bio = make_datagram_bio(port);
  const std::vector<std::byte> too_long(PacketBuffer::capacity + 1);
  EXPECT_EQ(BIO_write(bio.get(), too_long.data(), static_cast<int>(too_long.size())),
            static_cast<int>(too_long.size()));
  EXPECT_EQ(port.dropped, 1u);
  for (std::size_t i = 0; i < Connection::max_queued_packets + 1; ++i) BIO_write(bio.get(), "a", 1);
  EXPECT_EQ(port.dropped, 2u);
  EXPECT_EQ(port.outgoing.size(), Connection::max_queued_packets);
}

}  // namespace
}  // namespace petrel::inline v0::dtls

#include "sim/pcapng.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0::sim {
namespace {

using testing::hex;

Packet packet(std::string_view from, std::string_view to, std::string_view payload,
              TransportProtocol protocol = TransportProtocol::udp, TcpHeader tcp = {}) {
  return {Endpoint::parse(from).value(), Endpoint::parse(to).value(),
          PacketBuffer::copy_of(as_bytes(payload)).value(), protocol, tcp};
}

struct Block {
  std::uint32_t type;
  std::vector<std::byte> body;
};

// Reads blocks as any reader of the format does: lengths at both ends have to agree.
std::vector<Block> blocks_of(Bytes file) {
  std::vector<Block> blocks;
  ByteReader reader(file);
  while (reader.remaining() > 0) {
    const std::uint32_t type = reader.u32();
    const std::uint32_t length = reader.u32();
    EXPECT_EQ(length % 4, 0u);
    const Bytes body = reader.bytes(length - 12);
    blocks.push_back({type, {body.begin(), body.end()}});
    EXPECT_EQ(reader.u32(), length);
    EXPECT_TRUE(reader.ok());
    if (!reader.ok()) break;
  }
  return blocks;
}

TEST(Pcapng, BeginsWithASectionInBigEndian) {
  EXPECT_EQ(PcapngWriter().take(), hex("0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c"));
}

TEST(Pcapng, DescribesInterfacesByNameWithTimesInNanoseconds) {
  PcapngWriter writer;
  writer.take();
  EXPECT_EQ(writer.add_interface("a/eth0"), CaptureInterface{0});
  EXPECT_EQ(writer.take(), hex("00000001 0000002c 0065 0000 00000000"
                               "0002 0006 612f65746830 0000"
                               "0009 0001 09 000000"
                               "0000 0000 0000002c"));
  EXPECT_EQ(writer.add_interface("b"), CaptureInterface{1});
}

TEST(Pcapng, PutsUdpIntoIpv4) {
  PcapngWriter writer;
  writer.take();
  writer.add_packet(CaptureInterface{3}, Duration(0x0102030405060708), PcapngWriter::Direction::outbound,
                    packet("192.0.2.1:1000", "198.51.100.2:53", "hello"));
  EXPECT_EQ(writer.take(), hex("00000006 00000050 00000003 01020304 05060708 00000021 00000021"
                               "4500 0021 0001 4000 40 11 0000 c0000201 c6336402"
                               "03e8 0035 000d 0000 68656c6c6f 000000"
                               "0002 0004 00000002 0000 0000 00000050"));
}

TEST(Pcapng, ShowsDscpAndEcn) {
  const auto begin_of_ip = [](std::string_view from, std::string_view to) {
    Packet marked = packet(from, to, "hello");
    marked.dscp = 46;
    marked.ecn = Ecn::ce;
    PcapngWriter writer;
    writer.take();
    writer.add_packet(CaptureInterface{0}, {}, PcapngWriter::Direction::inbound, marked);
    return ByteReader(Bytes(blocks_of(writer.take()).at(0).body).subspan(20)).u16();
  };
  EXPECT_EQ(begin_of_ip("192.0.2.1:1000", "198.51.100.2:53"), 0x45bb);
  EXPECT_EQ(begin_of_ip("[2001:db8::1]:1000", "[2001:db8::2]:443"), 0x6bb0);
}

TEST(Pcapng, PutsTcpIntoIpv6AndCountsTheSyn) {
  const auto wire = [](TcpHeader tcp, std::string_view payload) {
    PcapngWriter writer;
    writer.take();
    writer.add_packet(
        CaptureInterface{0}, {}, PcapngWriter::Direction::inbound,
        packet("[2001:db8::1]:1000", "[2001:db8::2]:443", payload, TransportProtocol::tcp, tcp));
    const auto blocks = blocks_of(writer.take());
    const Bytes ip = Bytes(blocks.at(0).body).subspan(20);
    EXPECT_EQ(ByteReader(ip).u32(), 0x60000000u);
    const Bytes header = ip.subspan(40, 20);
    return std::vector<std::byte>(header.begin(), header.end());
  };
  EXPECT_EQ(wire({.syn = true}, ""), hex("03e8 01bb 00000000 00000000 5002 ffff 0000 0000"));
  EXPECT_EQ(wire({.syn = true, .ack = true}, ""), hex("03e8 01bb 00000000 00000001 5012 ffff 0000 0000"));
  EXPECT_EQ(wire({.sequence = 9, .acknowledgment = 4, .ack = true}, "x"),
            hex("03e8 01bb 0000000a 00000005 5018 ffff 0000 0000"));
  EXPECT_EQ(wire({.sequence = 10, .ack = true, .fin = true}, ""),
            hex("03e8 01bb 0000000b 00000001 5011 ffff 0000 0000"));
}

TEST(Pcapng, PadsPacketsAndSecretsOfEveryLength) {
  PcapngWriter writer;
  for (std::size_t size = 0; size < 9; ++size) {
    const std::string text(size, 'x');
    writer.add_packet(CaptureInterface{0}, {}, PcapngWriter::Direction::inbound,
                      packet("192.0.2.1:1", "192.0.2.2:2", text));
    writer.add_secret(text);
  }
  EXPECT_EQ(blocks_of(writer.take()).size(), 1u + 2 * 9);
}

TEST(Pcapng, GivesSecretsAsLinesOfAKeyLog) {
  PcapngWriter writer;
  writer.take();
  writer.add_secret("CLIENT_RANDOM 01 02");
  EXPECT_EQ(writer.take(), hex("0000000a 00000028 544c534b 00000014"
                               "434c49454e545f52414e444f4d203031203032 0a 00000028"));
}

}  // namespace
}  // namespace petrel::inline v0::sim

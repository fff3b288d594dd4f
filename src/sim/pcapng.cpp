#include "sim/pcapng.hpp"

#include <utility>

namespace petrel::inline v0::sim {
namespace {

// draft-ietf-opsawg-pcapng: block types, and the codes of options.
constexpr std::uint32_t section_header_block = 0x0a0d0d0a;
constexpr std::uint32_t interface_description_block = 1;
constexpr std::uint32_t enhanced_packet_block = 6;
constexpr std::uint32_t decryption_secrets_block = 10;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint32_t secrets_of_tls = 0x544c534b;
constexpr std::uint16_t end_of_options = 0;
constexpr std::uint16_t option_interface_name = 2;
constexpr std::uint16_t option_time_resolution = 9;
constexpr std::uint16_t option_packet_flags = 2;

constexpr std::uint16_t link_type_raw_ip = 101;  // LINKTYPE_RAW
constexpr std::uint8_t nanoseconds = 9;          // 10 to the power of minus this.

constexpr std::uint8_t ip_protocol_tcp = 6;
constexpr std::uint8_t ip_protocol_udp = 17;
constexpr std::uint8_t hop_limit = 64;
constexpr std::uint16_t dont_fragment = 0x4000;

// One block: opened by its type, closed by the length that goes to both of its ends. Big-endian,
// which the magic number tells.
class Block {
 public:
  Block(std::vector<std::byte>& out, std::uint32_t type) : out_(out), begin_(out.size()) {
    u32(type);
    u32(0);
  }
  ~Block() {
    align();
    const std::size_t length = out_.size() - begin_ + 4;
    u32(static_cast<std::uint32_t>(length));
    ByteWriter(std::span(out_).subspan(begin_ + 4, 4)).u32(static_cast<std::uint32_t>(length));
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  void u8(std::uint8_t value) { out_.push_back(static_cast<std::byte>(value)); }
  void u16(std::uint16_t value) {
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value & 0xff));
  }
  void u32(std::uint32_t value) {
    u16(static_cast<std::uint16_t>(value >> 16));
    u16(static_cast<std::uint16_t>(value & 0xffff));
  }
  void bytes(Bytes content) { out_.insert(out_.end(), content.begin(), content.end()); }
  void option(std::uint16_t code, Bytes value) {
    u16(code);
    u16(static_cast<std::uint16_t>(value.size()));
    bytes(value);
    align();
  }
  void align() {
    while ((out_.size() - begin_) % 4 != 0) u8(0);
  }

 private:
  std::vector<std::byte>& out_;
  std::size_t begin_;
};

void put_ip_header(Block& block, const Packet& packet, std::uint16_t identification) {
  const auto size = static_cast<std::uint16_t>(ip_size(packet));
  const std::uint8_t protocol = packet.protocol == TransportProtocol::tcp ? ip_protocol_tcp : ip_protocol_udp;
  const auto traffic_class = std::uint32_t{packet.dscp} << 2 | static_cast<std::uint32_t>(packet.ecn);
  if (packet.destination.address.is_v4()) {  // RFC 791 3.1
    block.u16(static_cast<std::uint16_t>(0x4500 | traffic_class));
    block.u16(size);
    block.u16(identification);
    block.u16(dont_fragment);
    block.u8(hop_limit);
    block.u8(protocol);
    block.u16(0);  // No checksum, as where the network card fills it in.
  } else {         // RFC 8200 3
    block.u32(0x60000000 | traffic_class << 20);
    block.u16(static_cast<std::uint16_t>(size - 40));
    block.u8(protocol);
    block.u8(hop_limit);
  }
  for (const Endpoint* endpoint : {&packet.source, &packet.destination}) {
    const auto& octets = endpoint->address.octets();
    block.bytes(std::as_bytes(std::span(octets)).first(endpoint->address.size()));
  }
}

void put_udp_header(Block& block, const Packet& packet) {  // RFC 768
  block.u16(packet.source.port);
  block.u16(packet.destination.port);
  block.u16(static_cast<std::uint16_t>(packet.payload.size() + 8));
  block.u16(0);
}

void put_tcp_header(Block& block, const Packet& packet) {  // RFC 9293 3.1
  const TcpHeader& tcp = packet.tcp;
  // On the wire a SYN takes a number of its own; ours begin behind it.
  const std::uint64_t behind_syn = tcp.syn ? 0 : 1;
  block.u16(packet.source.port);
  block.u16(packet.destination.port);
  block.u32(static_cast<std::uint32_t>(tcp.sequence + behind_syn));
  block.u32(tcp.ack ? static_cast<std::uint32_t>(tcp.acknowledgment + 1) : 0);
  constexpr unsigned words = 5;  // No options.
  const bool push = !packet.payload.empty();
  const unsigned flags = (tcp.fin ? 0x01u : 0u) | (tcp.syn ? 0x02u : 0u) | (tcp.rst ? 0x04u : 0u) |
                         (push ? 0x08u : 0u) | (tcp.ack ? 0x10u : 0u);
  block.u16(static_cast<std::uint16_t>(words << 12 | flags));
  block.u16(0xffff);  // The window; ours knows none.
  block.u16(0);
  block.u16(0);
}

}  // namespace

PcapngWriter::PcapngWriter() {
  Block block(out_, section_header_block);
  block.u32(byte_order_magic);
  block.u16(1);  // Version 1.0
  block.u16(0);
  block.u32(0xffffffff);  // As long as the file is.
  block.u32(0xffffffff);
}

CaptureInterface PcapngWriter::add_interface(std::string_view name) {
  Block block(out_, interface_description_block);
  block.u16(link_type_raw_ip);
  block.u16(0);
  block.u32(0);  // Packets are never cut.
  block.option(option_interface_name, as_bytes(name));
  block.option(option_time_resolution, std::array{std::byte{nanoseconds}});
  block.option(end_of_options, {});
  return CaptureInterface{interfaces_++};
}

void PcapngWriter::add_packet(CaptureInterface interface, Duration since_1970, Direction direction,
                              const Packet& packet) {
  const auto time = static_cast<std::uint64_t>(since_1970.count());
  const auto size = static_cast<std::uint32_t>(ip_size(packet));
  Block block(out_, enhanced_packet_block);
  block.u32(interface.value);
  block.u32(static_cast<std::uint32_t>(time >> 32));
  block.u32(static_cast<std::uint32_t>(time & 0xffffffff));
  block.u32(size);
  block.u32(size);
  put_ip_header(block, packet, ++identification_);
  if (packet.protocol == TransportProtocol::tcp) {
    put_tcp_header(block, packet);
  } else {
    put_udp_header(block, packet);
  }
  block.bytes(packet.payload.bytes());
  block.align();
  block.option(option_packet_flags,
               std::array{std::byte{0}, std::byte{0}, std::byte{0}, static_cast<std::byte>(direction)});
  block.option(end_of_options, {});
}

void PcapngWriter::add_secret(std::string_view line) {
  Block block(out_, decryption_secrets_block);
  block.u32(secrets_of_tls);
  block.u32(static_cast<std::uint32_t>(line.size() + 1));
  block.bytes(as_bytes(line));
  block.u8('\n');
}

std::vector<std::byte> PcapngWriter::take() { return std::exchange(out_, {}); }

}  // namespace petrel::inline v0::sim

#include "petrel/io/dump.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0 {
namespace {

constexpr std::uint32_t pcap_nanoseconds =
    0xa1b23c4d;  // The magic of pcap with nanosecond times, in our byte order.
constexpr std::uint32_t link_type_ipv4 = 228;
constexpr std::size_t ip_and_udp = 20 + 8;

Result<std::FILE*> open_private(const std::string& path, int flags, const char* mode) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, S_IRUSR | S_IWUSR);
  if (descriptor < 0) return std::error_code(errno, std::generic_category());
  std::FILE* file = ::fdopen(descriptor, mode);
  if (file == nullptr) {
    const std::error_code error(errno, std::generic_category());
    ::close(descriptor);
    return error;
  }
  return file;
}

void write_all(std::FILE* file, Bytes bytes) {
  // A full disk cuts the dump short; it must not cut the call short.
  (void)std::fwrite(bytes.data(), 1, bytes.size(), file);
}

void write_ip_and_udp(ByteWriter& out, PacketTap::Direction direction, std::size_t payload) {
  const bool outgoing = direction == PacketTap::Direction::outgoing;
  const std::uint32_t us = 0xc0000201;
  const std::uint32_t them = 0xc0000202;
  out.u16(0x4500);
  out.u16(static_cast<std::uint16_t>(ip_and_udp + payload));
  out.u32(0);
  out.u16(0x4011);  // TTL 64, UDP
  out.u16(0);       // No checksum: nobody routes this.
  out.u32(outgoing ? us : them);
  out.u32(outgoing ? them : us);
  out.u16(outgoing ? 5000 : 5002);
  out.u16(outgoing ? 5002 : 5000);
  out.u16(static_cast<std::uint16_t>(8 + payload));
  out.u16(0);
}

}  // namespace

Result<std::unique_ptr<KeyLogFile>> KeyLogFile::open(const std::string& path) {
  const auto file = open_private(path, O_APPEND, "a");
  if (!file) return file.error();
  return std::unique_ptr<KeyLogFile>(new KeyLogFile(*file));
}

void KeyLogFile::write(std::string_view line) noexcept {
  write_all(file_.get(), as_bytes(line));
  write_all(file_.get(), as_bytes("\n"));
  std::fflush(file_.get());
}

Result<std::unique_ptr<RtpDumpFile>> RtpDumpFile::open(const std::string& path) {
  const auto file = open_private(path, O_TRUNC, "w");
  if (!file) return file.error();
  // The global header is in the writer's byte order; the magic tells which. Ours is big-endian.
  std::array<std::byte, 24> header;
  ByteWriter out(header);
  out.u32(pcap_nanoseconds);
  out.u16(2);
  out.u16(4);
  out.u64(0);
  out.u32(65535);
  out.u32(link_type_ipv4);
  write_all(*file, out.written());
  return std::unique_ptr<RtpDumpFile>(new RtpDumpFile(*file));
}

void RtpDumpFile::on_packet(TimePoint now, Direction direction, Bytes packet) noexcept {
  if (packet.size() > 65535 - ip_and_udp) return;
  const auto since_start = now.time_since_epoch().count();
  std::array<std::byte, 16 + ip_and_udp> header;
  ByteWriter out(header);
  out.u32(static_cast<std::uint32_t>(since_start / 1'000'000'000));
  out.u32(static_cast<std::uint32_t>(since_start % 1'000'000'000));
  out.u32(static_cast<std::uint32_t>(ip_and_udp + packet.size()));
  out.u32(static_cast<std::uint32_t>(ip_and_udp + packet.size()));
  write_ip_and_udp(out, direction, packet.size());
  write_all(file_.get(), out.written());
  write_all(file_.get(), packet);
}

}  // namespace petrel::inline v0

#include <algorithm>

#include "petrel/rtp/errc.hpp"
#include "rtp/wire/rtcp_codec.hpp"

namespace petrel::inline v0::rtcp {
namespace {

using rtp::Errc;

constexpr std::size_t report_block_size = 24;  // RFC 3550 6.4.1
constexpr std::size_t longest_text = 255;      // Its length has one byte, RFC 3550 6.5 and 6.6.
constexpr std::uint8_t item_end = 0;
constexpr std::uint8_t item_cname = 1;

constexpr std::uint8_t block_reference_time = 4;  // RFC 3611 4.4
constexpr std::uint8_t block_delays = 5;          // RFC 3611 4.5
constexpr std::size_t delay_size = 12;

ReportBlock read_block(ByteReader& reader) {
  ReportBlock block;
  block.source = {reader.u32()};
  block.fraction_lost = reader.u8();
  const auto lost = static_cast<std::int32_t>(reader.u24());
  block.cumulative_lost = lost >= 0x800000 ? lost - 0x1000000 : lost;
  block.highest_sequence = reader.u32();
  block.jitter = reader.u32();
  block.last_report = reader.u32();
  block.delay_since_last_report = reader.u32();
  return block;
}

// What follows the blocks is a profile's extension (RFC 3550 6.4.3), and none of ours.
std::vector<ReportBlock> read_blocks(ByteReader& reader, std::uint8_t count) {
  std::vector<ReportBlock> blocks;
  if (reader.remaining() < count * report_block_size) {
    reader.skip(count * report_block_size);  // Fails the reader.
    return blocks;
  }
  blocks.reserve(count);
  for (int i = 0; i < count; ++i) blocks.push_back(read_block(reader));
  return blocks;
}

void write_blocks(ByteWriter& out, const std::vector<ReportBlock>& blocks) {
  for (const ReportBlock& block : blocks) {
    out.u32(block.source.value);
    out.u8(block.fraction_lost);
    // RFC 3550 A.3: held to what 24 bits with sign can say.
    const std::int32_t lost = std::clamp(block.cumulative_lost, -0x800000, 0x7fffff);
    out.u24(static_cast<std::uint32_t>(lost) & 0xffffff);
    out.u32(block.highest_sequence);
    out.u32(block.jitter);
    out.u32(block.last_report);
    out.u32(block.delay_since_last_report);
  }
}

/// One chunk, from its SSRC to its padding.
SourceDescription::Chunk read_chunk(ByteReader& reader) {
  SourceDescription::Chunk chunk;
  const std::size_t at_start = reader.remaining();
  chunk.source = {reader.u32()};
  while (reader.ok()) {
    const std::uint8_t item = reader.u8();
    if (item == item_end) break;
    const Bytes text = reader.bytes(reader.u8());
    if (item == item_cname && chunk.cname.empty()) chunk.cname = as_text(text);
  }
  reader.skip((4 - (at_start - reader.remaining()) % 4) % 4);
  return chunk;
}

}  // namespace

std::optional<Message> read_sender_report(std::uint8_t count, Bytes body) {
  ByteReader reader(body);
  SenderReport report;
  report.sender = {reader.u32()};
  report.ntp = {reader.u64()};
  report.rtp_timestamp = reader.u32();
  report.packet_count = reader.u32();
  report.octet_count = reader.u32();
  report.reports = read_blocks(reader, count);
  if (!reader.ok()) return std::nullopt;
  return report;
}

Result<PacketKind> write(ByteWriter& out, const SenderReport& report) {
  if (report.reports.size() > max_counted) return Errc::too_many_elements;
  out.u32(report.sender.value);
  out.u64(report.ntp.value);
  out.u32(report.rtp_timestamp);
  out.u32(report.packet_count);
  out.u32(report.octet_count);
  write_blocks(out, report.reports);
  return PacketKind{type_sender_report, static_cast<std::uint8_t>(report.reports.size())};
}

std::optional<Message> read_receiver_report(std::uint8_t count, Bytes body) {
  ByteReader reader(body);
  ReceiverReport report;
  report.sender = {reader.u32()};
  report.reports = read_blocks(reader, count);
  if (!reader.ok()) return std::nullopt;
  return report;
}

Result<PacketKind> write(ByteWriter& out, const ReceiverReport& report) {
  if (report.reports.size() > max_counted) return Errc::too_many_elements;
  out.u32(report.sender.value);
  write_blocks(out, report.reports);
  return PacketKind{type_receiver_report, static_cast<std::uint8_t>(report.reports.size())};
}

std::optional<Message> read_source_description(std::uint8_t count, Bytes body) {
  ByteReader reader(body);
  SourceDescription description;
  for (int i = 0; i < count; ++i) {
    description.chunks.push_back(read_chunk(reader));
    if (!reader.ok()) return std::nullopt;
  }
  return description;
}

Result<PacketKind> write(ByteWriter& out, const SourceDescription& description) {
  if (description.chunks.size() > max_counted) return Errc::too_many_elements;
  for (const SourceDescription::Chunk& chunk : description.chunks) {
    if (chunk.cname.size() > longest_text) return Errc::too_many_elements;
    const std::size_t at_start = out.size();
    out.u32(chunk.source.value);
    if (!chunk.cname.empty()) {
      out.u8(item_cname);
      out.u8(static_cast<std::uint8_t>(chunk.cname.size()));
      out.bytes(as_bytes(chunk.cname));
    }
    // RFC 3550 6.5: at least one zero ends the items, and zeros fill the last word.
    out.zeros(4 - (out.size() - at_start) % 4);
  }
  return PacketKind{type_source_description, static_cast<std::uint8_t>(description.chunks.size())};
}

std::optional<Message> read_bye(std::uint8_t count, Bytes body) {
  ByteReader reader(body);
  Bye bye;
  for (int i = 0; i < count; ++i) bye.sources.push_back({reader.u32()});
  if (reader.remaining() > 0) bye.reason = as_text(reader.bytes(reader.u8()));
  if (!reader.ok()) return std::nullopt;
  return bye;
}

Result<PacketKind> write(ByteWriter& out, const Bye& bye) {
  if (bye.sources.size() > max_counted || bye.reason.size() > longest_text) return Errc::too_many_elements;
  for (const Ssrc source : bye.sources) out.u32(source.value);
  if (!bye.reason.empty()) {
    out.u8(static_cast<std::uint8_t>(bye.reason.size()));
    out.bytes(as_bytes(bye.reason));
  }
  return PacketKind{type_bye, static_cast<std::uint8_t>(bye.sources.size())};
}

std::optional<Message> read_extended_report(Bytes body) {
  ByteReader reader(body);
  ExtendedReport report;
  report.sender = {reader.u32()};
  while (reader.ok() && reader.remaining() > 0) {
    const std::uint8_t type = reader.u8();
    reader.skip(1);
    const std::size_t words = reader.u16();
    ByteReader block(reader.bytes(4 * words));
    if (!reader.ok()) break;
    if (type == block_reference_time) {
      report.reference_time = NtpTime{block.u64()};
    } else if (type == block_delays) {
      if (block.remaining() % delay_size != 0) return std::nullopt;
      while (block.remaining() > 0) report.delays.push_back({{block.u32()}, block.u32(), block.u32()});
    }
    if (!block.ok()) return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  return report;
}

Result<PacketKind> write(ByteWriter& out, const ExtendedReport& report) {
  out.u32(report.sender.value);
  if (report.reference_time) {
    out.u8(block_reference_time);
    out.u8(0);
    out.u16(2);
    out.u64(report.reference_time->value);
  }
  if (!report.delays.empty()) {
    out.u8(block_delays);
    out.u8(0);
    out.u16(static_cast<std::uint16_t>(report.delays.size() * delay_size / 4));
    for (const ExtendedReport::Delay& delay : report.delays) {
      out.u32(delay.receiver.value);
      out.u32(delay.last_reference);
      out.u32(delay.delay_since_last_reference);
    }
  }
  return PacketKind{type_extended_report, 0};
}

}  // namespace petrel::inline v0::rtcp

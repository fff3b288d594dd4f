#include "petrel/mdns/message.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "mdns/read_name.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::mdns {
namespace {

constexpr std::uint16_t response_flag = 0x8000;
constexpr std::uint16_t authoritative_flag = 0x0400;  // RFC 6762 18.4: set in all answers.
constexpr std::uint16_t opcode_bits = 0x7800;
constexpr std::uint16_t response_code_bits = 0x000f;

constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t class_any = 255;
constexpr std::uint16_t top_bit =
    0x8000;  // Of a class: QU in questions (RFC 6762 18.12), cache-flush in records.

bool is_address_type(std::uint16_t type) {
  return type == static_cast<std::uint16_t>(RecordType::a) ||
         type == static_cast<std::uint16_t>(RecordType::aaaa);
}

// Walks a message. The first error is kept, and stops everything after it.
class Parser {
 public:
  explicit Parser(Bytes message) : message_(message) {}

  Result<Message> run();

 private:
  std::uint16_t u16() { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() { return integer(4); }
  std::uint32_t integer(std::size_t width);
  Bytes bytes(std::size_t count);
  Name name();
  void question();
  void record(bool wanted);
  void fail(Errc error) {
    if (!error_) error_ = error;
  }

  Bytes message_;
  std::size_t offset_ = 0;
  std::optional<Errc> error_;
  Message result_;
};

Bytes Parser::bytes(std::size_t count) {
  if (count > message_.size() - offset_) {
    fail(Errc::truncated);
    return {};
  }
  offset_ += count;
  return message_.subspan(offset_ - count, count);
}

std::uint32_t Parser::integer(std::size_t width) {
  std::uint32_t value = 0;
  for (const std::byte b : bytes(width)) value = value << 8 | std::to_integer<std::uint32_t>(b);
  return value;
}

Name Parser::name() {
  auto name = read_name(message_, offset_);
  if (!name) fail(Errc::bad_name);
  return name ? *std::move(name) : Name();
}

void Parser::question() {
  Question question{name()};
  const std::uint16_t type = u16();
  const std::uint16_t in_class = u16();
  question.type = static_cast<RecordType>(type);
  question.unicast_response = (in_class & top_bit) != 0;
  const std::uint16_t plain_class = in_class & static_cast<std::uint16_t>(~top_bit);
  if (error_ || (plain_class != class_in && plain_class != class_any)) return;
  if (!is_address_type(type) && question.type != RecordType::any) return;
  if (result_.questions.size() == max_questions) return fail(Errc::too_many_records);
  result_.questions.push_back(std::move(question));
}

void Parser::record(bool wanted) {
  AddressRecord record{name(), IpAddress()};
  const std::uint16_t type = u16();
  const std::uint16_t in_class = u16();
  record.ttl_seconds = u32();
  const Bytes data = bytes(u16());
  record.cache_flush = (in_class & top_bit) != 0;
  const bool of_internet = (in_class & static_cast<std::uint16_t>(~top_bit)) == class_in;
  if (error_ || !wanted || !of_internet || !is_address_type(type)) return;

  const bool v4 = type == static_cast<std::uint16_t>(RecordType::a);
  std::array<std::uint8_t, 16> octets{};
  if (data.size() != (v4 ? 4u : 16u)) return fail(Errc::truncated);
  std::ranges::transform(data, octets.begin(), [](std::byte b) { return std::to_integer<std::uint8_t>(b); });
  record.address = v4 ? IpAddress::v4(octets[0], octets[1], octets[2], octets[3]) : IpAddress::v6(octets);
  if (result_.addresses.size() == max_addresses) return fail(Errc::too_many_records);
  result_.addresses.push_back(std::move(record));
}

Result<Message> Parser::run() {
  result_.id = u16();
  const std::uint16_t flags = u16();
  const std::uint16_t questions = u16();
  const std::uint16_t answers = u16();
  const std::uint16_t authorities = u16();
  const std::uint16_t additionals = u16();
  if (error_) return *error_;
  if ((flags & (opcode_bits | response_code_bits)) != 0) return Errc::not_a_query;
  result_.response = (flags & response_flag) != 0;

  for (std::uint16_t i = 0; i < questions && !error_; ++i) question();
  for (std::uint16_t i = 0; i < answers && !error_; ++i) record(true);
  // A probe's authority section says what somebody would like to be true (RFC 6762 8.2).
  for (std::uint16_t i = 0; i < authorities && !error_; ++i) record(false);
  for (std::uint16_t i = 0; i < additionals && !error_; ++i) record(result_.response);
  if (error_) return *error_;
  return std::move(result_);
}

}  // namespace

Result<Message> parse(Bytes datagram) {
  if (datagram.size() > max_message_bytes) return petrel::Errc::too_long;
  return Parser(datagram).run();
}

Result<PacketBuffer> write(const Message& message) {
  if (message.questions.size() > max_questions || message.addresses.size() > max_addresses)
    return petrel::Errc::too_long;
  PacketBuffer packet;
  packet.resize(PacketBuffer::capacity);
  ByteWriter writer(packet.writable());
  writer.u16(message.id);
  writer.u16(message.response ? response_flag | authoritative_flag : 0);
  writer.u16(static_cast<std::uint16_t>(message.questions.size()));
  writer.u16(static_cast<std::uint16_t>(message.addresses.size()));
  writer.u32(0);  // No authority or additional records.
  for (const Question& question : message.questions) {
    writer.bytes(question.name.wire());
    writer.u16(static_cast<std::uint16_t>(question.type));
    writer.u16(question.unicast_response ? class_in | top_bit : class_in);
  }
  for (const AddressRecord& record : message.addresses) {
    writer.bytes(record.name.wire());
    writer.u16(static_cast<std::uint16_t>(record.address.is_v4() ? RecordType::a : RecordType::aaaa));
    writer.u16(record.cache_flush ? class_in | top_bit : class_in);
    writer.u32(record.ttl_seconds);
    writer.u16(static_cast<std::uint16_t>(record.address.size()));
    writer.bytes(std::as_bytes(std::span(record.address.octets()).first(record.address.size())));
  }
  if (!writer.ok()) return petrel::Errc::too_long;
  packet.resize(writer.size());
  return packet;
}

}  // namespace petrel::inline v0::mdns

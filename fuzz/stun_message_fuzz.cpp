#include <cstdint>
#include <cstdlib>
#include <span>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"

namespace {

using namespace petrel::stun;

void require(bool holds) {
  if (!holds) std::abort();
}

bool same(const std::optional<ErrorCode>& a, const std::optional<ErrorCode>& b) {
  return a.has_value() == b.has_value() && (!a || (a->code == b->code && a->reason == b->reason));
}

// The message again, its known attributes through our own setters.
petrel::Result<petrel::PacketBuffer> write_again(const MessageView& in) {
  Builder out(in.message_class(), in.method(), in.id());
  if (const auto value = in.mapped_address()) out.mapped_address(*value);
  if (const auto value = in.xor_mapped_address()) out.xor_mapped_address(*value);
  if (const auto value = in.alternate_server()) out.alternate_server(*value);
  if (const auto value = in.software()) out.attribute(AttributeType::software, petrel::as_bytes(*value));
  if (const auto value = in.username()) out.attribute(AttributeType::username, petrel::as_bytes(*value));
  if (const auto value = in.error_code(); value && value->reason.size() <= 508) {
    out.error_code(value->code, value->reason);
  }
  if (const auto value = in.unknown_attributes()) out.unknown_attributes({value->begin(), value->end()});
  if (const auto value = in.userhash()) out.userhash(*value);
  if (const auto value = in.password_algorithms()) out.password_algorithms({value->begin(), value->end()});
  if (const auto value = in.password_algorithm()) out.password_algorithm(*value);
  if (const auto value = in.priority()) out.priority(*value);
  if (in.use_candidate()) out.use_candidate();
  if (const auto value = in.ice_controlled()) out.ice_controlled(*value);
  if (const auto value = in.ice_controlling()) out.ice_controlling(*value);
  if (const auto value = in.channel_number()) out.channel_number(*value);
  if (const auto value = in.lifetime()) out.lifetime(*value);
  if (const auto value = in.xor_peer_address()) out.xor_peer_address(*value);
  if (const auto value = in.xor_relayed_address()) out.xor_relayed_address(*value);
  if (const auto value = in.data()) out.data(*value);
  if (const auto value = in.requested_address_family()) out.requested_address_family(*value);
  if (const auto value = in.additional_address_family()) out.additional_address_family(*value);
  if (const auto value = in.even_port()) out.even_port(*value);
  if (const auto value = in.requested_transport()) out.requested_transport(*value);
  if (in.dont_fragment()) out.dont_fragment();
  if (const auto value = in.reservation_token()) out.reservation_token(*value);
  if (const auto value = in.icmp()) out.icmp(*value);
  return out.finish();
}

void compare(const MessageView& in, const MessageView& out) {
  require(out.message_class() == in.message_class() && out.method() == in.method() && out.id() == in.id());
  require(out.unknown_required().empty() && out.fingerprint_ok());
  require(out.mapped_address() == in.mapped_address());
  require(out.xor_mapped_address() == in.xor_mapped_address());
  require(out.alternate_server() == in.alternate_server());
  require(out.software() == in.software() && out.username() == in.username());
  require(same(out.error_code(), in.error_code()) || in.error_code()->reason.size() > 508);
  require(out.userhash() == in.userhash() && out.password_algorithm() == in.password_algorithm());
  require(out.priority() == in.priority() && out.use_candidate() == in.use_candidate());
  require(out.ice_controlled() == in.ice_controlled() && out.ice_controlling() == in.ice_controlling());
  require(out.channel_number() == in.channel_number() && out.lifetime() == in.lifetime());
  require(out.xor_peer_address() == in.xor_peer_address());
  require(out.xor_relayed_address() == in.xor_relayed_address());
  require(out.data().has_value() == in.data().has_value() &&
          (!in.data() || petrel::equal(*out.data(), *in.data())));
  require(out.requested_address_family() == in.requested_address_family());
  require(out.additional_address_family() == in.additional_address_family());
  require(out.even_port() == in.even_port() && out.requested_transport() == in.requested_transport());
  require(out.dont_fragment() == in.dont_fragment() && out.reservation_token() == in.reservation_token());
  require(out.icmp() == in.icmp());
}

}  // namespace

// Property: every attribute that parses lies inside its input, and what its getter gives can be
// written again and read back as the same. Only a message that does not fit one packet cannot.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const petrel::Bytes input = std::as_bytes(std::span(data, size));
  const auto message = MessageView::parse(input);
  require(!message || looks_like_stun(input));
  if (!message) return 0;

  std::size_t covered = header_size;
  for (const Attribute& attribute : message->attributes()) {
    require(attribute.value.empty() ||
            (attribute.value.data() >= input.data() &&
             attribute.value.data() + attribute.value.size() <= input.data() + size));
    covered += 4 + (attribute.value.size() + 3) / 4 * 4;
  }
  require(covered <= size);
  message->integrity_ok(petrel::as_bytes("key"));
  message->integrity_sha256_ok(petrel::as_bytes("key"));
  message->fingerprint_ok();

  const auto packet = write_again(*message);
  if (packet) {
    compare(*message, MessageView::parse(packet->bytes()).value());
  } else {
    // Setters write no more than was read; finish() adds a FINGERPRINT of 8 bytes.
    require(packet.error() == Errc::message_too_long && size + 8 > petrel::PacketBuffer::capacity);
  }
  return 0;
}

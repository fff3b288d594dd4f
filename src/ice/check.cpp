#include "ice/check.hpp"

#include <array>
#include <string>

namespace petrel::inline v0::ice {

Result<PacketBuffer> make_check(const CheckContent& content, CheckParties parties) {
  stun::Builder builder(stun::Class::request, stun::Method::binding, content.id);
  builder.username(parties.remote.ufrag + ':' + parties.local.ufrag).priority(content.priority);
  if (content.role == Role::controlling) {
    builder.ice_controlling(content.tie_breaker);
  } else {
    builder.ice_controlled(content.tie_breaker);
  }
  if (content.use_candidate) builder.use_candidate();
  if (content.nomination) {
    std::array<std::byte, 4> value;
    ByteWriter(value).u32(*content.nomination);
    builder.attribute(nomination_attribute, value);
  }
  return builder.finish({.integrity = &parties.remote_key});
}

Result<PacketBuffer> make_success(const stun::TransactionId& id, const Endpoint& source,
                                  crypto::HmacSha1Key& local_key) {
  stun::Builder builder(stun::Class::success_response, stun::Method::binding, id);
  return builder.xor_mapped_address(source).finish({.integrity = &local_key});
}

Result<PacketBuffer> make_refusal(const stun::MessageView& request, Refusal refusal,
                                  crypto::HmacSha1Key* local_key) {
  stun::Builder builder(stun::Class::error_response, request.method(), request.id());
  builder.error_code(refusal.code, refusal.reason);
  if (refusal.code == stun::error_code::unknown_attribute) {
    const stun::AttributeTypeList& unknown = request.unknown_required();
    builder.unknown_attributes({unknown.begin(), unknown.size()});
  }
  return builder.finish({.integrity = local_key});
}

std::optional<std::uint32_t> nomination_of(const stun::MessageView& request) {
  const auto value = request.find(nomination_attribute);
  if (!value || value->size() != 4) return std::nullopt;
  return ByteReader(*value).u32();
}

std::string_view receiver_ufrag(const stun::MessageView& request) {
  const std::string_view name = request.username().value_or("");
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view{} : name.substr(0, colon);
}

}  // namespace petrel::inline v0::ice

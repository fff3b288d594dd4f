#include "turn_server/answers.hpp"

#include <utility>

#include "petrel/base/assert.hpp"
#include "petrel/crypto/hmac.hpp"

namespace petrel::inline v0::turn_server {
namespace {

namespace error_code = stun::error_code;

// RFC 8489 14.8, RFC 8656 19, RFC 6062 6.3.
std::string_view reason_of(int code) {
  switch (code) {
    case error_code::bad_request:
      return "Bad Request";
    case error_code::forbidden:
      return "Forbidden";
    case error_code::unknown_attribute:
      return "Unknown Attribute";
    case error_code::allocation_mismatch:
      return "Allocation Mismatch";
    case error_code::address_family_not_supported:
      return "Address Family not Supported";
    case error_code::wrong_credentials:
      return "Wrong Credentials";
    case error_code::unsupported_transport_protocol:
      return "Unsupported Transport Protocol";
    case error_code::peer_address_family_mismatch:
      return "Peer Address Family Mismatch";
    case error_code::connection_already_exists:
      return "Connection Already Exists";
    case error_code::connection_timeout_or_failure:
      return "Connection Timeout or Failure";
    case error_code::allocation_quota_reached:
      return "Allocation Quota Reached";
    case error_code::insufficient_capacity:
      return "Insufficient Capacity";
    default:
      return "Server Error";
  }
}

}  // namespace

void Answers::send(const Asked& asked, stun::Builder& builder, std::vector<std::byte>* copy) {
  if (!shared_.config().software.empty()) builder.software(shared_.config().software);
  Result<PacketBuffer> packet = [&] {
    if (asked.signer.with_sha256) {
      crypto::HmacSha256Key key(asked.signer.key.bytes());
      return builder.finish({.integrity_sha256 = &key, .fingerprint = asked.fingerprint});
    }
    crypto::HmacSha1Key key(asked.signer.key.bytes());
    return builder.finish({.integrity = &key, .fingerprint = asked.fingerprint});
  }();
  PETREL_ASSERT(packet);  // Every length in it is ours.
  if (copy != nullptr) copy->assign(packet->bytes().begin(), packet->bytes().end());
  clients_.send_answer(asked.client, *std::move(packet));
}

void Answers::refuse(const Asked& asked, int code, const stun::AttributeTypeList& unknown) {
  ++shared_.stats().refused;
  if (code == error_code::forbidden) ++shared_.stats().forbidden_peers;
  stun::Builder builder(stun::Class::error_response, asked.method, asked.id);
  builder.error_code(code, reason_of(code));
  if (!unknown.empty()) builder.unknown_attributes({unknown.begin(), unknown.end()});
  send(asked, builder);
}

}  // namespace petrel::inline v0::turn_server

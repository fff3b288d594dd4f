// Writes a Binding request, reads it back, and prints what it found.

#include <cstdio>
#include <string>

#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"

int main() {
  petrel::crypto::HmacSha1Key key(petrel::as_bytes("secret"));
  petrel::stun::Builder builder(petrel::stun::Class::request, petrel::stun::Method::binding, {});
  const auto packet = builder.username("consumer").finish({.integrity = &key});
  if (!packet) return 1;

  const auto request = petrel::stun::MessageView::parse(packet->bytes());
  if (!request || !request->integrity_ok(petrel::as_bytes("secret")) || !request->fingerprint_ok()) return 2;
  const auto refused = petrel::stun::MessageView::parse({});
  std::printf("%s sent %zu bytes; nothing is: %s\n", std::string(*request->username()).c_str(),
              packet->size(), refused.error().message().c_str());
  return 0;
}

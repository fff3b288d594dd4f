#include <array>
#include <cstdlib>

#include "petrel/srtp/session.hpp"

// The first byte chooses the profile and what is done with the rest. Properties: what was
// not protected with the keys is refused and leaves no trace, and what can be protected
// comes back byte for byte.

using namespace petrel;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array profiles{srtp::Profile::aes128_cm_sha1_80, srtp::Profile::aead_aes_128_gcm,
                                srtp::Profile::aead_aes_256_gcm};
  const srtp::Profile profile = profiles[data[0] % 3];
  const bool control = (data[0] & 0x40) != 0;
  const bool forged = (data[0] & 0x80) != 0;

  const std::array<std::byte, 32> octets{};
  const srtp::Keys keys{crypto::Secret(Bytes(octets).first(srtp::key_size(profile))),
                        crypto::Secret(Bytes(octets).first(srtp::salt_size(profile)))};
  auto sender = srtp::Session::create(profile, keys, keys).value();
  auto receiver = srtp::Session::create(profile, keys, keys).value();
  const Bytes input = std::as_bytes(std::span(data + 1, size - 1));
  auto packet = PacketBuffer::copy_of(input);
  if (!packet) return 0;

  const auto unprotect = [&] {
    return control ? receiver.unprotect_rtcp(*packet) : receiver.unprotect_rtp(*packet);
  };
  if (forged) {
    if (unprotect() || receiver.remote_sources() != 0) std::abort();
  } else if (control ? sender.protect_rtcp(*packet) : sender.protect_rtp(*packet)) {
    if (!unprotect() || !equal(packet->bytes(), input)) std::abort();
  }
  return 0;
}

#include <cstdlib>

#include "dtls/record_layer.hpp"

// Records that somebody makes up, and one that was sealed and then damaged. Properties: nothing opens that
// was not sealed with the key, what was opens to what it was, and once, in spite of all that came before.

namespace {

using namespace petrel;
using namespace petrel::dtls;

void require(bool holds) {
  if (!holds) std::abort();
}

TrafficKey key_of(Aead aead, std::byte fill) {
  const std::vector<std::byte> bytes(32, fill);
  const std::size_t key_size = aead == Aead::aes_128_gcm ? 16 : 32;
  const std::size_t iv_size = aead == Aead::chacha20_poly1305 ? 12 : 4;
  return {crypto::Secret(Bytes(bytes).first(key_size)), crypto::Secret(Bytes(bytes).first(iv_size))};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader reader(std::as_bytes(std::span(data, size)));
  const auto aead = static_cast<Aead>(reader.u8() % 3);
  const SealedRecord last{reader.u64() >> 16, reader.u64()};
  const std::size_t at = reader.u16();
  const std::byte damage{reader.u8()};
  if (!reader.ok()) return 0;
  const Bytes rest = reader.bytes(reader.remaining());

  const TrafficKey one = key_of(aead, std::byte{1}), other = key_of(aead, std::byte{2});
  const auto sender = RecordLayer::make(aead, one, other, last);
  const auto receiver = RecordLayer::make(aead, other, one, last);
  require(sender != nullptr && receiver != nullptr);
  require(!receiver->open(rest));

  const auto sealed = sender->seal(ContentType::application_data, rest);
  if (!sealed) return 0;  // Too long, or the last number is used up.
  std::vector<std::byte> damaged(sealed->bytes().begin(), sealed->bytes().end());
  damaged[at % damaged.size()] ^= damage;
  if (damage != std::byte{0}) require(!receiver->open(damaged));
  const auto opened = receiver->open(sealed->bytes());
  require(opened && equal(opened->content.bytes(), rest));
  require(!receiver->open(sealed->bytes()));
  return 0;
}

#include "dtls/record_layer.hpp"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "dtls/library_context.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/dtls/errc.hpp"

namespace petrel::inline v0::dtls {
namespace {

constexpr std::uint16_t dtls_1_2 = 0xfefd;
constexpr std::uint64_t epoch = std::uint64_t{1}
                                << 48;  // The one after the handshake, above the sequence number.
constexpr std::uint64_t most_records = epoch;
constexpr std::uint64_t window = 64;

constexpr std::size_t random_size = 32;
constexpr std::size_t master_secret_size = 48;

struct AeadFacts {
  Aead aead;
  int nid;
  const char* name;
  std::size_t key_size;
  std::size_t iv_size;
};
constexpr std::array<AeadFacts, 3> known_aeads{
    {{Aead::aes_128_gcm, NID_aes_128_gcm, "AES-128-GCM", 16, 4},
     {Aead::aes_256_gcm, NID_aes_256_gcm, "AES-256-GCM", 32, 4},
     {Aead::chacha20_poly1305, NID_chacha20_poly1305, "ChaCha20-Poly1305", 32, 12}}};
constexpr std::size_t most_key_material = 2 * (32 + 12);

const AeadFacts& facts_of(Aead aead) { return known_aeads[static_cast<std::size_t>(aead)]; }

// RFC 5246 6.2.3.3, with the epoch in front of the number.
std::array<std::byte, 13> additional_data(std::uint64_t number, ContentType type, std::size_t size) {
  std::array<std::byte, 13> out{};
  ByteWriter writer(out);
  writer.u64(number);
  writer.u8(static_cast<std::uint8_t>(type));
  writer.u16(dtls_1_2);
  writer.u16(static_cast<std::uint16_t>(size));
  return out;
}

// RFC 5246 6.3.
bool expand(ssl_st& ssl, const SSL_CIPHER& cipher, std::span<std::byte> material) {
  static constexpr std::string_view label = "key expansion";
  std::array<unsigned char, label.size() + 2 * random_size> seed;
  std::ranges::copy(label, seed.begin());
  std::array<unsigned char, master_secret_size> secret;
  const EVP_MD* digest = SSL_CIPHER_get_handshake_digest(&cipher);
  const SSL_SESSION* session = SSL_get0_session(&ssl);
  const std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>> kdf(
      EVP_KDF_fetch(library_context(), OSSL_KDF_NAME_TLS1_PRF, nullptr));
  const std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>> context(kdf ? EVP_KDF_CTX_new(kdf.get())
                                                                          : nullptr);
  const bool known =
      context && digest != nullptr && session != nullptr &&
      SSL_get_server_random(&ssl, seed.data() + label.size(), random_size) == random_size &&
      SSL_get_client_random(&ssl, seed.data() + label.size() + random_size, random_size) == random_size &&
      SSL_SESSION_get_master_key(session, secret.data(), secret.size()) == secret.size();
  bool expanded = false;
  if (known) {
    std::string digest_name = EVP_MD_get0_name(digest);
    const std::array<OSSL_PARAM, 4> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name.data(), 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret.data(), secret.size()),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed.data(), seed.size()),
        OSSL_PARAM_construct_end()};
    expanded = EVP_KDF_derive(context.get(), as_unsigned(material), material.size(), parameters.data()) == 1;
  }
  crypto::cleanse(std::as_writable_bytes(std::span(secret)));
  return expanded;
}

EVP_CIPHER_CTX* make_cipher(const AeadFacts& facts, const TrafficKey& key, bool seals) {
  const std::unique_ptr<EVP_CIPHER, Freed<EVP_CIPHER_free>> cipher(
      EVP_CIPHER_fetch(library_context(), facts.name, nullptr));
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  const bool made = cipher && context != nullptr &&
                    EVP_CipherInit_ex2(context, cipher.get(), as_unsigned(key.key.bytes()), nullptr,
                                       seals ? 1 : 0, nullptr) == 1;
  if (made) return context;
  EVP_CIPHER_CTX_free(context);
  return nullptr;
}

}  // namespace

std::unique_ptr<RecordLayer> RecordLayer::take_over(ssl_st& ssl, Role role, const SealedRecord& last) {
  const SSL_CIPHER* cipher = SSL_get_current_cipher(&ssl);
  if (cipher == nullptr) return nullptr;
  const auto* facts = std::ranges::find(known_aeads, SSL_CIPHER_get_cipher_nid(cipher), &AeadFacts::nid);
  if (facts == known_aeads.end()) return nullptr;  // The cipher list has no other.

  std::array<std::byte, most_key_material> material;
  const std::span<std::byte> used = std::span(material).first(2 * (facts->key_size + facts->iv_size));
  if (!expand(ssl, *cipher, used)) return nullptr;
  ByteReader reader{Bytes(used)};
  TrafficKey client, server;
  client.key = crypto::Secret(reader.bytes(facts->key_size));
  server.key = crypto::Secret(reader.bytes(facts->key_size));
  client.iv = crypto::Secret(reader.bytes(facts->iv_size));
  server.iv = crypto::Secret(reader.bytes(facts->iv_size));
  crypto::cleanse(material);
  const bool is_client = role == Role::client;
  return make(facts->aead, is_client ? client : server, is_client ? server : client, last);
}

std::unique_ptr<RecordLayer> RecordLayer::make(Aead aead, const TrafficKey& sending,
                                               const TrafficKey& receiving, const SealedRecord& last) {
  std::unique_ptr<RecordLayer> layer(new RecordLayer(aead, sending, receiving, last));
  return layer->sealing_ && layer->opening_ ? std::move(layer) : nullptr;
}

RecordLayer::RecordLayer(Aead aead, const TrafficKey& sending, const TrafficKey& receiving,
                         const SealedRecord& last)
    : aead_(aead),
      sending_iv_(sending.iv),
      receiving_iv_(receiving.iv),
      sealing_(make_cipher(facts_of(aead), sending, true)),
      opening_(make_cipher(facts_of(aead), receiving, false)),
      next_sequence_(last.sequence + 1),
      next_nonce_(last.nonce + 1) {}

// GCM's is a salt and what the record carries, ChaCha20's is masked by the record's number.
RecordLayer::Nonce RecordLayer::nonce(const crypto::Secret& iv, std::uint64_t number,
                                      std::uint64_t carried) const {
  Nonce out{};
  std::ranges::copy(iv.bytes(), out.begin());
  const std::span<std::byte> counted = std::span(out).last<8>();
  if (explicit_size() > 0) {
    ByteWriter(counted).u64(carried);
    return out;
  }
  std::array<std::byte, 8> mask{};
  ByteWriter(mask).u64(number);
  for (std::size_t i = 0; i < mask.size(); ++i) counted[i] ^= mask[i];
  return out;
}

Result<PacketBuffer> RecordLayer::seal(ContentType type, Bytes content) {
  if (content.size() + overhead() > PacketBuffer::capacity) return petrel::Errc::too_long;
  // RFC 6347 4.1: the number may not wrap.
  if (next_sequence_ >= most_records) return Errc::library_failure;
  const std::uint64_t number = epoch + next_sequence_++;
  const std::uint64_t carried = next_nonce_++;

  PacketBuffer packet;
  packet.resize(content.size() + overhead());
  ByteWriter header(packet.writable());
  header.u8(static_cast<std::uint8_t>(type));
  header.u16(dtls_1_2);
  header.u64(number);
  header.u16(static_cast<std::uint16_t>(content.size() + overhead() - header_size));
  if (explicit_size() > 0) header.u64(carried);

  const std::span<std::byte> sealed = packet.writable().subspan(header.size());
  unsigned char* const tag = as_unsigned(sealed.subspan(content.size()));
  const auto data = additional_data(number, type, content.size());
  const Nonce iv = nonce(sending_iv_, number, carried);
  EVP_CIPHER_CTX* cipher = sealing_.get();
  int size = 0;
  const bool done = EVP_EncryptInit_ex2(cipher, nullptr, nullptr, as_unsigned(Bytes(iv)), nullptr) == 1 &&
                    EVP_EncryptUpdate(cipher, nullptr, &size, as_unsigned(Bytes(data)), header_size) == 1 &&
                    EVP_EncryptUpdate(cipher, as_unsigned(sealed), &size, as_unsigned(content),
                                      static_cast<int>(content.size())) == 1 &&
                    EVP_EncryptFinal_ex(cipher, tag, &size) == 1 &&
                    EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, tag_size, tag) == 1;
  if (!done) return Errc::library_failure;
  return packet;
}

std::optional<RecordLayer::Record> RecordLayer::open(Bytes record) {
  ByteReader reader(record);
  const auto type = static_cast<ContentType>(reader.u8());
  const std::uint16_t version = reader.u16();
  const std::uint64_t number = reader.u64();
  const std::size_t length = reader.u16();
  if (!reader.ok() || version != dtls_1_2 || number < epoch || number >= 2 * epoch) return std::nullopt;
  if (length != reader.remaining() || length < explicit_size() + tag_size) return std::nullopt;
  const std::uint64_t carried = explicit_size() > 0 ? reader.u64() : 0;
  const Bytes sealed = reader.bytes(reader.remaining() - tag_size);
  std::array<unsigned char, tag_size> tag;
  std::ranges::copy(as_text(reader.bytes(tag_size)), tag.begin());
  const std::uint64_t sequence = number - epoch;
  if (sealed.size() > PacketBuffer::capacity || is_repeated(sequence)) return std::nullopt;

  Record out{type, {}};
  out.content.resize(sealed.size());
  const std::span<std::byte> content = out.content.writable();
  const auto data = additional_data(number, type, sealed.size());
  const Nonce iv = nonce(receiving_iv_, number, carried);
  EVP_CIPHER_CTX* cipher = opening_.get();
  int size = 0;
  const bool authentic =
      EVP_DecryptInit_ex2(cipher, nullptr, nullptr, as_unsigned(Bytes(iv)), nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1 &&
      EVP_DecryptUpdate(cipher, nullptr, &size, as_unsigned(Bytes(data)), header_size) == 1 &&
      EVP_DecryptUpdate(cipher, as_unsigned(content), &size, as_unsigned(sealed),
                        static_cast<int>(sealed.size())) == 1 &&
      EVP_DecryptFinal_ex(cipher, as_unsigned(content.subspan(content.size())), &size) == 1;
  if (!authentic) return std::nullopt;
  remember(sequence);
  return out;
}

bool RecordLayer::is_repeated(std::uint64_t sequence) const {
  if (seen_ == 0 || sequence > highest_) return false;
  const std::uint64_t age = highest_ - sequence;
  return age >= window || (seen_ >> age & 1) != 0;
}

void RecordLayer::remember(std::uint64_t sequence) {
  if (seen_ == 0 || sequence > highest_) {
    const std::uint64_t step = seen_ == 0 ? window : sequence - highest_;
    seen_ = (step >= window ? 0 : seen_ << step) | 1;
    highest_ = sequence;
  } else {
    seen_ |= std::uint64_t{1} << (highest_ - sequence);
  }
}

}  // namespace petrel::inline v0::dtls

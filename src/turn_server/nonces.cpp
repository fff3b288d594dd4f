#include "turn_server/nonces.hpp"

#include <array>
#include <charconv>

#include "petrel/base/base64.hpp"
#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::turn_server {
namespace {

// Time is eight hexadecimal digits, which are read back in one line.
constexpr std::size_t time_digits = 8;
// 120 bits, and 20 digits of Base64 without padding.
constexpr std::size_t signature_bytes = 15;
// Time, flow, and the client's address and port.
constexpr std::size_t max_signed_bytes = 4 + 4 + 16 + 2;

std::string hexadecimal(std::uint32_t value) {
  std::string text(time_digits, '0');
  for (std::size_t i = 0; i < time_digits; ++i) text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 0xf];
  return text;
}

std::optional<std::uint32_t> read_hexadecimal(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Nonces::Nonces(TimePoint now, Duration lifetime, stun::SecurityFeatures features, RandomSource& random)
    : start_(now), lifetime_(lifetime), features_(features), key_(random.bytes<32>()) {}

std::string Nonces::make(TimePoint now, const ClientId& client) {
  return sign(static_cast<std::uint32_t>(std::chrono::floor<std::chrono::seconds>(now - start_).count()),
              client);
}

bool Nonces::valid(TimePoint now, const ClientId& client, std::string_view nonce) {
  const std::size_t cookie_size = stun::make_nonce(features_, {}).size();
  if (nonce.size() < cookie_size + time_digits) return false;
  const auto second = read_hexadecimal(nonce.substr(cookie_size, time_digits));
  if (!second) return false;
  const Duration age = now - start_ - std::chrono::seconds(*second);
  if (age < Duration{0} || age >= lifetime_) return false;
  return crypto::equal_in_constant_time(as_bytes(sign(*second, client)), as_bytes(nonce));
}

std::string Nonces::sign(std::uint32_t second, const ClientId& client) {
  std::array<std::byte, max_signed_bytes> signed_part{};
  ByteWriter writer(signed_part);
  writer.u32(second);
  writer.u32(client.flow.value);
  writer.bytes(std::as_bytes(std::span(client.remote.address.octets())));
  writer.u16(client.remote.port);
  const auto signature = key_.compute(writer.written());
  return stun::make_nonce(features_,
                          hexadecimal(second) + base64_encode(Bytes(signature).first(signature_bytes)));
}

}  // namespace petrel::inline v0::turn_server

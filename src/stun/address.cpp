#include "stun/address.hpp"

#include <array>

#include "petrel/stun/message.hpp"

namespace petrel::inline v0::stun {

std::optional<IpFamily> family_of_code(std::uint8_t code) {
  if (code == 1) return IpFamily::v4;
  if (code == 2) return IpFamily::v6;
  return std::nullopt;
}

std::uint8_t code_of_family(IpFamily family) { return family == IpFamily::v4 ? 1 : 2; }

std::optional<Endpoint> read_address(Bytes value) {
  ByteReader reader(value);
  reader.skip(1);
  const auto family = family_of_code(reader.u8());
  Endpoint endpoint;
  endpoint.port = reader.u16();
  if (!reader.ok() || !family) return std::nullopt;

  std::array<std::uint8_t, 16> octets{};
  const std::size_t size = *family == IpFamily::v4 ? 4 : 16;
  if (reader.remaining() != size) return std::nullopt;
  for (std::size_t i = 0; i < size; ++i) octets[i] = reader.u8();
  endpoint.address = *family == IpFamily::v4 ? IpAddress::v4(octets[0], octets[1], octets[2], octets[3])
                                             : IpAddress::v6(octets);
  return endpoint;
}

void write_address(ByteWriter& writer, const Endpoint& endpoint) {
  writer.u8(0);
  writer.u8(code_of_family(endpoint.address.family()));
  writer.u16(endpoint.port);
  for (std::size_t i = 0; i < endpoint.address.size(); ++i) writer.u8(endpoint.address.octets()[i]);
}

std::optional<Endpoint> read_xor_address(Bytes value, const TransactionId& id) {
  const auto endpoint = read_address(value);
  if (!endpoint) return std::nullopt;
  return masked(*endpoint, id);
}

Endpoint masked(const Endpoint& endpoint, const TransactionId& id) {
  std::array<std::byte, 16> mask{};
  ByteWriter writer(mask);
  writer.u32(magic_cookie);
  writer.bytes(id);

  auto octets = endpoint.address.octets();
  for (std::size_t i = 0; i < endpoint.address.size(); ++i)
    octets[i] ^= std::to_integer<std::uint8_t>(mask[i]);
  Endpoint result;
  result.address = endpoint.address.is_v4() ? IpAddress::v4(octets[0], octets[1], octets[2], octets[3])
                                            : IpAddress::v6(octets);
  result.port = static_cast<std::uint16_t>(endpoint.port ^ (magic_cookie >> 16));
  return result;
}

}  // namespace petrel::inline v0::stun

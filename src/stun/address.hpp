#pragma once

#include <cstdint>
#include <optional>

#include "petrel/base/bytes.hpp"
#include "petrel/net/endpoint.hpp"
#include "petrel/stun/attributes.hpp"

namespace petrel::inline v0::stun {

/// FINGERPRINT is a CRC-32 XOR this ("STUN"), so that it differs from a CRC another protocol
/// may have at the same place (RFC 8489 14.7).
constexpr std::uint32_t fingerprint_mask = 0x5354554e;

// The flags of CHANGE-REQUEST (RFC 5780 7.2).
constexpr std::uint32_t change_address_flag = 4;
constexpr std::uint32_t change_port_flag = 2;

/// 0x01 is IPv4, 0x02 IPv6 (RFC 8489 14.1); nullopt for anything else.
std::optional<IpFamily> family_of_code(std::uint8_t code);
std::uint8_t code_of_family(IpFamily family);

/// The value of MAPPED-ADDRESS and its kin (RFC 8489 14.1).
std::optional<Endpoint> read_address(Bytes value);
void write_address(ByteWriter& writer, const Endpoint& endpoint);

/// XOR-MAPPED-ADDRESS and its kin hide the address from middleboxes that rewrite every
/// occurrence of one (RFC 8489 14.2): XOR with the magic cookie and the transaction id.
std::optional<Endpoint> read_xor_address(Bytes value, const TransactionId& id);
Endpoint masked(const Endpoint& endpoint, const TransactionId& id);

}  // namespace petrel::inline v0::stun

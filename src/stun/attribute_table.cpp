#include "stun/attribute_table.hpp"

#include <algorithm>
#include <array>

namespace petrel::inline v0::stun {
namespace {

constexpr std::size_t address_min = 8;     // IPv4
constexpr std::size_t address_max = 20;    // IPv6
constexpr std::size_t any = 0xffff;        // What the length field can say.
constexpr std::size_t username_max = 513;  // RFC 5389 15.3; RFC 8489 14.3 sends 508 at most.
constexpr std::size_t text_max = 763;  // 127 characters, decoding limit of RFC 8489 14.8, 14.9, 14.10, 14.14
constexpr std::size_t domain_max = 255;  // RFC 8489 14.16

constexpr std::array table{
    AttributeRow{AttributeType::mapped_address, "MAPPED-ADDRESS", address_min, address_max},
    AttributeRow{AttributeType::change_request, "CHANGE-REQUEST", 4, 4},
    AttributeRow{AttributeType::username, "USERNAME", 0, username_max},
    AttributeRow{AttributeType::message_integrity, "MESSAGE-INTEGRITY", 20, 20},
    AttributeRow{AttributeType::error_code, "ERROR-CODE", 4, 4 + text_max},
    AttributeRow{AttributeType::unknown_attributes, "UNKNOWN-ATTRIBUTES", 0, any},
    AttributeRow{AttributeType::channel_number, "CHANNEL-NUMBER", 4, 4},
    AttributeRow{AttributeType::lifetime, "LIFETIME", 4, 4},
    AttributeRow{AttributeType::xor_peer_address, "XOR-PEER-ADDRESS", address_min, address_max},
    AttributeRow{AttributeType::data, "DATA", 0, any},
    AttributeRow{AttributeType::realm, "REALM", 0, text_max},
    AttributeRow{AttributeType::nonce, "NONCE", 0, text_max},
    AttributeRow{AttributeType::xor_relayed_address, "XOR-RELAYED-ADDRESS", address_min, address_max},
    AttributeRow{AttributeType::requested_address_family, "REQUESTED-ADDRESS-FAMILY", 4, 4},
    AttributeRow{AttributeType::even_port, "EVEN-PORT", 1, 1},
    AttributeRow{AttributeType::requested_transport, "REQUESTED-TRANSPORT", 4, 4},
    AttributeRow{AttributeType::dont_fragment, "DONT-FRAGMENT", 0, 0},
    AttributeRow{AttributeType::message_integrity_sha256, "MESSAGE-INTEGRITY-SHA256", 16, 32},
    AttributeRow{AttributeType::password_algorithm, "PASSWORD-ALGORITHM", 4, any},
    AttributeRow{AttributeType::userhash, "USERHASH", 32, 32},
    AttributeRow{AttributeType::xor_mapped_address, "XOR-MAPPED-ADDRESS", address_min, address_max},
    AttributeRow{AttributeType::reservation_token, "RESERVATION-TOKEN", 8, 8},
    AttributeRow{AttributeType::priority, "PRIORITY", 4, 4},
    AttributeRow{AttributeType::use_candidate, "USE-CANDIDATE", 0, 0},
    AttributeRow{AttributeType::response_port, "RESPONSE-PORT", 2, 4},
    AttributeRow{AttributeType::connection_id, "CONNECTION-ID", 4, 4},
    AttributeRow{AttributeType::additional_address_family, "ADDITIONAL-ADDRESS-FAMILY", 4, 4},
    AttributeRow{AttributeType::address_error_code, "ADDRESS-ERROR-CODE", 4, 4 + text_max},
    AttributeRow{AttributeType::password_algorithms, "PASSWORD-ALGORITHMS", 4, any},
    AttributeRow{AttributeType::alternate_domain, "ALTERNATE-DOMAIN", 0, domain_max},
    AttributeRow{AttributeType::icmp, "ICMP", 8, 8},
    AttributeRow{AttributeType::software, "SOFTWARE", 0, text_max},
    AttributeRow{AttributeType::alternate_server, "ALTERNATE-SERVER", address_min, address_max},
    AttributeRow{AttributeType::fingerprint, "FINGERPRINT", 4, 4},
    AttributeRow{AttributeType::ice_controlled, "ICE-CONTROLLED", 8, 8},
    AttributeRow{AttributeType::ice_controlling, "ICE-CONTROLLING", 8, 8},
    AttributeRow{AttributeType::response_origin, "RESPONSE-ORIGIN", address_min, address_max},
    AttributeRow{AttributeType::other_address, "OTHER-ADDRESS", address_min, address_max},
};
static_assert(std::ranges::is_sorted(table, {}, &AttributeRow::type), "find_row() searches by halves");

}  // namespace

const AttributeRow* find_row(AttributeType type) {
  const auto row = std::ranges::lower_bound(table, type, {}, &AttributeRow::type);
  return row != table.end() && row->type == type ? &*row : nullptr;
}

}  // namespace petrel::inline v0::stun

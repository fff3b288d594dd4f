#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/mdns/errc.hpp"
#include "petrel/mdns/name.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::mdns {

/// What a question may ask for. Others exist, and are of no concern here.
enum class RecordType : std::uint16_t { a = 1, aaaa = 28, any = 255 };

struct Question {
  Name name;
  RecordType type = RecordType::a;
  bool unicast_response = false;  ///< The QU bit, RFC 6762 5.4.

  friend bool operator==(const Question&, const Question&) = default;
};

/// An A or AAAA record of class IN.
struct AddressRecord {
  Name name;
  IpAddress address;
  std::uint32_t ttl_seconds = 0;  ///< 0: goodbye, the record is no more (RFC 6762 10.1).
  bool cache_flush = false;       ///< The sender knows all records of this name and type (RFC 6762 10.2).

  friend bool operator==(const AddressRecord&, const AddressRecord&) = default;
};

/// What of a DNS message (RFC 1035 4, RFC 6762 18) is about addresses.
struct Message {
  std::uint16_t id = 0;  ///< 0, except towards resolvers that know no multicast (RFC 6762 6.7).
  bool response = false;
  std::vector<Question> questions{};
  /// A response's answers and additional records; the answers that a query knows already (RFC 6762 7.1).
  std::vector<AddressRecord> addresses{};

  friend bool operator==(const Message&, const Message&) = default;
};

inline constexpr std::size_t max_message_bytes = 9000;  // RFC 6762 17
/// Questions that one message may have. Ours have one; an eager resolver's some.
inline constexpr std::size_t max_questions = 64;
/// Address records that one message may have. Others do not count.
inline constexpr std::size_t max_addresses = 64;

/// Reads a whole message. Questions and records of other types and classes are checked for their
/// bounds and left out. Errors: Errc::truncated, bad_name, not_a_query, too_many_records;
/// petrel::Errc::too_long.
PETREL_API Result<Message> parse(Bytes datagram);

/// The message, without name compression. Error: petrel::Errc::too_long if it is longer than a packet.
PETREL_API Result<PacketBuffer> write(const Message& message);

}  // namespace petrel::inline v0::mdns

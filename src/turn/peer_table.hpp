#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"
#include "turn/requests.hpp"

namespace petrel::inline v0::turn {

/// A packet that waits until its peer has a permission.
struct WaitingPacket {
  Endpoint peer;
  PacketBuffer payload;
};

/// Whether packets may go to, and come from, one address: RFC 8656 9.
struct Permission {
  enum class State : std::uint8_t { wanted, granted, refused };

  IpAddress address;
  State state = State::wanted;
  bool asked = false;  ///< A CreatePermission is under way.
  TimePoint used;      ///< By a packet or by permit().
  TimePoint renewed;   ///< Granted, or refused, last.
  std::vector<WaitingPacket> waiting{};
};

/// A short way to write one peer's address: RFC 8656 12.
struct Channel {
  enum class State : std::uint8_t { unbound, bound, refused };

  Endpoint peer;
  std::uint16_t number = 0;
  State state = State::unbound;
  bool asked = false;  ///< A ChannelBind is under way.
  TimePoint used;
  TimePoint renewed;
};

/// The permissions and channels of one allocation: who has one, whose is to be renewed because it
/// is used, and whose may lapse.
class PeerTable {
 public:
  static constexpr Duration permission_lifetime = std::chrono::minutes(5);  // RFC 8656 9
  static constexpr Duration channel_lifetime = std::chrono::minutes(10);    // RFC 8656 12
  /// So long before the end a renewal is asked for: it may take every retransmission, 39.5 s.
  static constexpr Duration renewal_margin = std::chrono::minutes(1);
  /// RFC 8656 12: so long after its end a channel number is not given to another peer, and the peer
  /// no other number.
  static constexpr Duration channel_quarantine = std::chrono::minutes(5);
  /// So long a refusal is taken as the last word, however much is to be sent.
  static constexpr Duration refusal_memory = std::chrono::minutes(5);

  /// The permission of this address, now used once more; nullptr when there are too many. It stays
  /// where it is until another call that is not const.
  Permission* use_permission(TimePoint now, const IpAddress& address);
  const Permission* find_permission(const IpAddress& address) const;
  /// The channel of this peer, now used; nullptr unless one was made before, or is made now.
  Channel* use_channel(TimePoint now, const Endpoint& peer, bool make);
  /// The peer behind a channel number that has come.
  Channel* find_channel(std::uint16_t number);

  static bool is_granted(const Permission& permission, TimePoint now);
  static bool is_bound(const Channel& channel, TimePoint now);

  /// The next request to make, if any. A ChannelBind follows the permission of its peer.
  std::optional<Request> poll_request(TimePoint now);
  /// The answer to one. Of a permission's: what waited for it, to be sent or thrown away.
  std::vector<WaitingPacket> handle_answer(TimePoint now, const Request& request, bool granted);

  /// Forgets what has lapsed.
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;

 private:
  Permission* find(const IpAddress& address);
  std::uint16_t free_number() const;

  std::vector<Permission> permissions_;
  std::vector<Channel> channels_;
};

}  // namespace petrel::inline v0::turn

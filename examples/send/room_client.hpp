#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/ring_queue.hpp"
#include "petrel/net/protocol_core.hpp"
#include "petrel/peer/jsep.hpp"
#include "petrel/web/websocket_client.hpp"

namespace transfer {

enum class Role : std::uint8_t { send, receive, any };

/// We are in; the other one may not be.
struct Entered {};
/// The other one is there; what was of an earlier meeting is over.
struct Met {
  Role role = Role::any;  ///< What the other one wants.
  bool offers = false;    ///< We make the offer.
};
struct PeerLeft {};
struct PeerDescription {
  petrel::SessionDescription description;
};
struct PeerCandidate {
  std::string candidate;  ///< Empty: there are no more.
  std::string mid;
};
/// The room cannot be used: `detail` is one line for people. Nothing follows. Trying again may help unless
/// `final`.
struct RoomLost {
  std::string detail;
  bool final = false;
  bool may_be_full = false;  ///< The room has two already, one of whom may be an earlier visit of ours.
};

/// One member of a room, which `Rooms` serves. A FlowCore.
class RoomClient {
 public:
  using Event = std::variant<Entered, Met, PeerLeft, PeerDescription, PeerCandidate, RoomLost>;

  static constexpr std::size_t max_message_bytes = 64 * 1024;
  /// The server pings every ten seconds; without a sound for so long it is lost.
  static constexpr petrel::Duration silence_limit = std::chrono::seconds(45);

  /// `room` is `ws://HOST:PORT/room/NAME`, with the server's token as its query where it has one. `random`
  /// outlives this.
  RoomClient(petrel::TimePoint now, petrel::http::Url room, Role role, petrel::RandomSource& random);

  void send_description(petrel::TimePoint now, const petrel::SessionDescription& description);
  void send_candidate(petrel::TimePoint now, std::string_view candidate, std::string_view mid);
  /// Asks for another Met with the same one.
  void ask_again(petrel::TimePoint now);
  /// Leaves. No event follows.
  void close(petrel::TimePoint now);

  bool handle_datagram(petrel::TimePoint now, const petrel::Datagram& datagram);
  void handle_flow(petrel::TimePoint now, petrel::FlowId flow, const petrel::FlowChange& change);
  void handle_resolved(petrel::TimePoint now, std::uint32_t id, std::span<const petrel::IpAddress> addresses);
  void handle_timeout(petrel::TimePoint now);
  std::optional<petrel::TimePoint> next_timeout() const;
  std::optional<petrel::Transmit> poll_transmit() { return socket_.poll_transmit(); }
  std::optional<petrel::IoRequest> poll_request() { return socket_.poll_request(); }
  std::optional<Event> poll_event() { return events_.take(); }

 private:
  void settle();
  void read(std::string_view text);
  void lose(RoomLost lost);

  petrel::web::FlowNumbers numbers_;
  petrel::web::WebSocketClient socket_;
  std::uint64_t meeting_ = 0;
  petrel::TimePoint heard_;
  bool entered_ = false;
  bool over_ = false;
  petrel::RingQueue<Event> events_;
};

/// Reads the address of a room, or of its page: http becomes ws. nullopt: it is neither.
std::optional<petrel::http::Url> parse_room(std::string_view text);

}  // namespace transfer

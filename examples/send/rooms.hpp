#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/http/access.hpp"
#include "petrel/http/message.hpp"
#include "petrel/net/protocol_core.hpp"

namespace transfer {

struct RoomsConfig {
  petrel::Endpoint listen{};
  petrel::http::AccessPolicy access{};
  /// The only room there is; empty: any that somebody names.
  std::string only_room{};
  /// GET / and GET /room/NAME.
  petrel::http::Response page{};
};

struct RoomsListening {
  petrel::Endpoint local;
};
struct RoomsFailed {
  std::error_code error;
};

/// Rooms of two, which pass on what two peers have to tell each other before they can connect. A FlowCore.
///
/// A WebSocket at `/room/NAME?role=send`, `receive` or `any`, where NAME is up to 64 letters, digits, '-',
/// '_' and
/// '.'. Of the server's messages, `{"peer": {"role": "receive", "offer": true, "meeting": 7}}` says that the
/// other one is there, and who makes the offer; `{"left": true}` that it has gone. What a member sends has to
/// be
/// `{"meeting": 7, "description": {…}}` or `{"meeting": 7, "candidate": {…}}`, and is passed on as it is; of
/// another meeting than the present it is dropped, since its peer has gone. `{"meeting": 7, "again": true}`
/// makes a new meeting of the same two, after their connection broke. A third one is answered 409.
class Rooms {
 public:
  using Event = std::variant<RoomsListening, RoomsFailed>;

  static constexpr std::size_t max_connections = 256;
  /// A description with many candidates has some 10 kB.
  static constexpr std::size_t max_message_bytes = 64 * 1024;
  /// Of one member in one meeting; candidates come to a few dozen.
  static constexpr std::size_t max_messages = 1000;
  static constexpr petrel::Duration ping_interval = std::chrono::seconds(10);
  /// Nothing is heard of a member, not even answers to pings: it has gone without a word.
  static constexpr petrel::Duration silence_limit = std::chrono::seconds(30);

  /// `random` outlives this.
  Rooms(petrel::TimePoint now, RoomsConfig config, petrel::RandomSource& random);
  ~Rooms();

  bool handle_datagram(petrel::TimePoint now, const petrel::Datagram& datagram);
  void handle_flow(petrel::TimePoint now, petrel::FlowId flow, const petrel::FlowChange& change);
  void handle_timeout(petrel::TimePoint now);
  std::optional<petrel::TimePoint> next_timeout() const;
  std::optional<petrel::Transmit> poll_transmit() { return transmits_.take(); }
  std::optional<petrel::IoRequest> poll_request();
  std::optional<Event> poll_event() { return events_.take(); }

  std::size_t members() const;

 private:
  struct Connection;
  using Flows = std::vector<petrel::FlowId>;

  void settle(petrel::TimePoint now, petrel::FlowId flow);
  void flush(petrel::FlowId flow, Connection& connection);
  void send(petrel::FlowId flow, std::string_view bytes);
  void drop(petrel::FlowId flow);
  petrel::http::Response answer(petrel::FlowId flow, const petrel::http::Request& request);
  petrel::http::Response enter(petrel::FlowId flow, const petrel::http::Request& request, std::string room);
  void introduce(const std::string& room);
  void leave(petrel::FlowId flow);
  void pass_on(petrel::FlowId from, const std::string& text);
  void tell(petrel::FlowId flow, const std::string& text);
  petrel::FlowId other_in_room(petrel::FlowId flow);

  RoomsConfig config_;
  petrel::RandomSource& random_;
  std::map<petrel::FlowId, std::unique_ptr<Connection>> connections_;
  std::map<std::string, Flows, std::less<>> rooms_;  // Two at most, in the order they came.
  std::uint64_t last_meeting_ = 0;
  petrel::RingQueue<petrel::Transmit> transmits_;
  petrel::RingQueue<petrel::IoRequest> requests_;
  petrel::RingQueue<Event> events_;
};

/// Whether a room may be called so.
bool is_room_name(std::string_view name);

}  // namespace transfer

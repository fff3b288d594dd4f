#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "petrel/base/random.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/strong.hpp"
#include "petrel/mdns/errc.hpp"
#include "petrel/mdns/message.hpp"
#include "petrel/net/protocol_core.hpp"

namespace petrel::inline v0::mdns {

inline constexpr std::uint16_t port = 5353;
inline const Endpoint group_v4 = Endpoint::v4(224, 0, 0, 251, port);
inline const Endpoint group_v6{IpAddress::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb}),
                               port};

using QueryId = Strong<std::uint32_t, struct QueryIdTag>;

struct NodeConfig {
  /// The node takes flow ids from here up, one for each interface and family that it joins, and
  /// max_flows_ever at most.
  FlowId first_flow;
};

/// Somebody answers to the name. ICE uses the candidate only if there is exactly one address
/// (draft-ietf-mmusic-mdns-ice-candidates-03 3.2.1).
struct Resolved {
  QueryId id;
  std::string name;
  std::vector<IpAddress> addresses;  ///< At least one. Link-local ones have the scope they came from.
};
/// Nobody answered in time.
struct ResolveFailed {
  QueryId id;
  std::string name;
};

/// What arrived and had no effect, and why.
struct NodeStats {
  std::uint64_t malformed = 0;   ///< Does not parse.
  std::uint64_t off_link = 0;    ///< Came from elsewhere than this link (RFC 6762 11).
  std::uint64_t unrelated = 0;   ///< About names that are neither asked for nor ours: most of what there is.
  std::uint64_t suppressed = 0;  ///< Answers that the querier knows (RFC 6762 7.1), or over a limit.
  std::uint64_t flows_failed = 0;    ///< Interfaces that could not be joined.
  std::uint64_t output_dropped = 0;  ///< Packets that nobody polled in time.
};

/// One multicast DNS node (RFC 6762) for the names in ICE candidates
/// (draft-ietf-mmusic-mdns-ice-candidates-03): finds the address behind `<uuid>.local`, and
/// answers for names of this form that stand for addresses of our own. It knows no other names,
/// probes for none and keeps no cache.
///
/// A FlowCore. One node serves all peers of a process: it asks for one flow per interface and
/// family.
class PETREL_API Node {
 public:
  using Event = std::variant<Resolved, ResolveFailed>;

  /// resolve()s under way: a few peers' worth of candidates. A peer that names more does not get them.
  static constexpr std::size_t max_outstanding = 64;
  /// Names that we answer to: one per address and peer.
  static constexpr std::size_t max_published = 256;
  /// Interfaces times families joined at one time.
  static constexpr std::size_t max_flows = 32;
  /// Flows joined over the life of a node; interfaces that come and go use them up.
  static constexpr std::size_t max_flows_ever = 65536;
  /// Packets that nobody polled: goodbyes to all names on all interfaces fit.
  static constexpr std::size_t max_queued_packets = 512;
  /// Packets to one querier alone, a second: nobody shall make us flood a third.
  static constexpr std::size_t max_unicast_answers_per_second = 50;

  /// `random` outlives the node.
  Node(TimePoint now, NodeConfig config, RandomSource& random);

  /// The addresses of the interfaces that are up. Joins the groups on those that are new, and
  /// leaves those that are gone.
  void handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses);

  /// Asks for the addresses of `<uuid>.local`: at once, after one second and after three. Ends with
  /// one event, after seven seconds at the latest. Errors: Errc::not_resolvable,
  /// petrel::Errc::limit_reached, closed.
  Result<QueryId> resolve(TimePoint now, std::string_view name);
  /// No event comes for it any more. Unknown ids are harmless.
  void cancel(QueryId id);

  /// Makes a name for `address`, announces it and answers for it until unpublish(). It tells
  /// nothing about the address to whoever is not on this link. The same address gets a new name
  /// each time: one per peer (draft 3.1.1). Errors: Errc::not_publishable,
  /// petrel::Errc::limit_reached, closed.
  Result<std::string> publish(TimePoint now, const IpAddress& address);
  /// Says goodbye to the name. Unknown names are harmless.
  void unpublish(TimePoint now, std::string_view name);

  /// False: the datagram is of another's flow.
  bool handle_datagram(TimePoint now, const Datagram& datagram);
  void handle_flow(TimePoint now, FlowId flow, const FlowChange& change);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Transmit> poll_transmit();
  /// CloseFlow comes only once the goodbyes before it have been polled.
  std::optional<IoRequest> poll_request();
  std::optional<Event> poll_event();

  /// Says goodbye to all names and leaves the groups. Queries end without an event. Final.
  void close(TimePoint now);

  const NodeStats& stats() const { return stats_; }

 private:
  struct Flow {
    FlowId id;
    IpAddress interface;
    std::string interface_name;
    bool open = false;
  };
  struct Query {
    Name name;
    std::vector<QueryId> ids;  // Of all that ask for the same name.
    TimePoint started;
    std::size_t asked = 0;
    TimePoint next;  // When to ask again, or to give up.
  };
  struct Multicast {
    FlowId flow;
    TimePoint at;
    bool owed = false;  // Somebody has asked again, too soon.
  };
  struct Published {
    Name name;
    IpAddress address;
    std::optional<TimePoint> announce_again{};
    std::vector<Multicast> last_multicast{};  // By flow.
  };
  using Records = std::vector<AddressRecord>;

  TimePoint advance(TimePoint now) { return now_ = now > now_ ? now : now_; }
  Flow* find_flow(FlowId id);
  Published* find_published(const Name& name);
  std::size_t outstanding() const;
  std::uint32_t scope_of(std::string_view interface_name) const;
  void join(const LocalAddress& address);
  void leave(const Flow& flow);
  void forget(FlowId flow);
  void ask(const Query& query, const Flow& flow);
  void ask_everywhere(Query& query);
  void announce(Published& published);
  void handle_query(const Datagram& datagram, const Flow& flow, const Message& query);
  void handle_response(const Datagram& datagram, const Flow& flow, const Message& response);
  bool may_multicast(Published& published, FlowId flow);
  void multicast_owed(Published& published);
  bool may_unicast();
  void answer(const Flow& flow, const Records& records);
  void answer_one(const Flow& flow, const Datagram& datagram, const Message& query, Records records);
  void say_goodbye(const Records& records);
  void send(const Flow& flow, const Endpoint& destination, const Message& message);

  NodeConfig config_;
  RandomSource& random_;
  TimePoint now_;
  std::uint32_t flows_asked_ = 0;
  std::uint32_t last_query_ = 0;
  bool closed_ = false;
  std::vector<Flow> flows_;
  std::vector<Query> queries_;
  std::vector<Published> published_;
  std::deque<Transmit> transmits_;
  std::deque<JoinMulticast> joins_;
  std::deque<FlowId> closings_;
  std::deque<Event> events_;
  std::size_t unicast_answers_ = 0;  // In the second that began at unicast_since_.
  TimePoint unicast_since_;
  NodeStats stats_;
};

}  // namespace petrel::inline v0::mdns

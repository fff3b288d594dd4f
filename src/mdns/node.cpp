#include "petrel/mdns/node.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::mdns {
namespace {

using namespace std::chrono_literals;

// RFC 6762 5.2: a second between the first two questions, and at least twice as long each time
// after. The last one is when to give up: whoever has not answered three questions is not there.
constexpr std::array<Duration, 4> ask_after{0s, 1s, 3s, 7s};

constexpr std::uint32_t ttl_seconds = 120;            // RFC 6762 10: for records with addresses.
constexpr std::uint32_t max_legacy_ttl_seconds = 10;  // RFC 6762 6.7: resolvers that hear no goodbye.
constexpr Duration multicast_pause = 1s;              // RFC 6762 6, and 8.3 for announcements.

// AAAA records with their names in full have 70 bytes: so many fit an Ethernet frame.
constexpr std::size_t max_records_per_packet = 20;

bool answers(const Question& question, const IpAddress& address) {
  return question.type == RecordType::any ||
         question.type == (address.is_v4() ? RecordType::a : RecordType::aaaa);
}

// RFC 6762 7.1: there is no need to answer what the querier will know for half of its life to come.
bool knows(const Message& query, const Name& name, const IpAddress& address) {
  return std::ranges::any_of(query.addresses, [&](const AddressRecord& known) {
    return known.name == name && known.address.octets() == address.octets() &&
           known.address.family() == address.family() && known.ttl_seconds >= ttl_seconds / 2;
  });
}

AddressRecord record_of(const Name& name, const IpAddress& address, std::uint32_t ttl) {
  return {name, address, ttl, true};
}

// RFC 6762 11: only who is on this link may ask and answer. Sockets do not tell how wide the link
// is, so that what nobody routes to here from elsewhere counts, and what has our own prefix.
bool on_link(const Datagram& datagram, const IpAddress& interface) {
  const IpAddress& source = datagram.source.address;
  if (source.family() != interface.family()) return false;
  if (datagram.destination.address.is_multicast()) return true;  // The groups' scope is the link.
  if (source.is_link_local() || source.is_private() || source.is_loopback()) return true;
  const std::ptrdiff_t prefix_octets = source.is_v4() ? 3 : 8;
  return std::equal(source.octets().begin(), source.octets().begin() + prefix_octets,
                    interface.octets().begin());
}

// What may stand for a peer. Nobody answers with a loopback address but our own host.
bool is_usable(const IpAddress& address, const IpAddress& source) {
  return !address.is_unspecified() && !address.is_multicast() && !address.is_v4_mapped() &&
         (!address.is_loopback() || source.is_loopback());
}

// Link-local addresses mean something on their interface only, so the scope has to be known.
bool can_join(const LocalAddress& address) {
  if (address.deprecated || address.address.is_unspecified() || address.address.is_multicast()) return false;
  return address.address.is_v4() || (address.address.is_link_local() && address.address.scope_id() != 0);
}

}  // namespace

Node::Node(TimePoint now, NodeConfig config, RandomSource& random)
    : config_(config), random_(random), now_(now), unicast_since_(now) {}

Node::Flow* Node::find_flow(FlowId id) {
  const auto it = std::ranges::find(flows_, id, &Flow::id);
  return it == flows_.end() ? nullptr : &*it;
}

Node::Published* Node::find_published(const Name& name) {
  const auto it = std::ranges::find(published_, name, &Published::name);
  return it == published_.end() ? nullptr : &*it;
}

// --- Interfaces -------------------------------------------------------------

void Node::handle_interfaces(TimePoint now, std::span<const LocalAddress> addresses) {
  advance(now);
  if (closed_) return;
  std::erase_if(flows_, [&](const Flow& flow) {
    const bool gone = std::ranges::none_of(addresses, [&](const LocalAddress& address) {
      return address.address == flow.interface && address.interface_name == flow.interface_name &&
             can_join(address);
    });
    if (gone) leave(flow);
    return gone;
  });
  for (const LocalAddress& address : addresses) {
    const bool joined = std::ranges::any_of(flows_, [&](const Flow& flow) {
      return flow.interface_name == address.interface_name &&
             flow.interface.family() == address.address.family();
    });
    if (!joined && can_join(address)) join(address);
  }
}

void Node::join(const LocalAddress& address) {
  if (flows_.size() >= max_flows || flows_asked_ >= max_flows_ever) return;
  const FlowId id{config_.first_flow.value + flows_asked_++};
  flows_.push_back({id, address.address, address.interface_name});
  joins_.push_back({id, address.address.is_v4() ? group_v4 : group_v6, address.address});
}

void Node::leave(const Flow& flow) {
  forget(flow.id);
  if (std::erase_if(joins_, [&](const JoinMulticast& join) { return join.flow == flow.id; }) == 0) {
    closings_.push_back(flow.id);
  }
}

void Node::forget(FlowId flow) {
  for (Published& published : published_) {
    std::erase_if(published.last_multicast, [&](const Multicast& last) { return last.flow == flow; });
  }
}

void Node::handle_flow(TimePoint now, FlowId id, const FlowChange& change) {
  advance(now);
  Flow* flow = find_flow(id);
  if (flow == nullptr) return;
  if (std::holds_alternative<FlowOpened>(change)) {
    flow->open = true;
    for (const Query& query : queries_) ask(query, *flow);
    Records records;
    for (Published& published : published_) {
      if (may_multicast(published, id))
        records.push_back(record_of(published.name, published.address, ttl_seconds));
    }
    answer(*flow, records);
  } else if (std::holds_alternative<FlowFailed>(change) || std::holds_alternative<FlowClosed>(change)) {
    ++stats_.flows_failed;
    forget(id);
    std::erase_if(flows_, [&](const Flow& other) { return other.id == id; });
  }
}

// --- Asking -----------------------------------------------------------------

std::size_t Node::outstanding() const {
  std::size_t count = events_.size();
  for (const Query& query : queries_) count += query.ids.size();
  return count;
}

Result<QueryId> Node::resolve(TimePoint now, std::string_view text) {
  advance(now);
  if (closed_) return petrel::Errc::closed;
  const auto name = Name::from_text(text);
  if (!name || !name->is_uuid_local()) return Errc::not_resolvable;
  if (outstanding() >= max_outstanding) return petrel::Errc::limit_reached;

  const QueryId id{++last_query_};
  if (const Published* own = find_published(*name)) {
    events_.push_back(Resolved{id, name->to_string(), {own->address}});
  } else if (const auto same = std::ranges::find(queries_, *name, &Query::name); same != queries_.end()) {
    same->ids.push_back(id);  // RFC 6762 7.3: one question does for both.
  } else {
    queries_.push_back({*name, {id}, now_, 0, now_});
    ask_everywhere(queries_.back());
  }
  return id;
}

void Node::cancel(QueryId id) {
  for (Query& query : queries_) std::erase(query.ids, id);
  std::erase_if(queries_, [](const Query& query) { return query.ids.empty(); });
  std::erase_if(events_, [&](const Event& event) {
    return std::visit([&](const auto& outcome) { return outcome.id == id; }, event);
  });
}

void Node::ask_everywhere(Query& query) {
  for (const Flow& flow : flows_) ask(query, flow);
  // Whoever wakes late still asks no faster than once a second, and gives up in time.
  const TimePoint next = std::max(query.started + ask_after[++query.asked], now_ + ask_after[1]);
  query.next = std::min(next, query.started + ask_after.back());
}

// An interface's scope is known by its IPv6 flow; answers by IPv4 carry IPv6 addresses too.
std::uint32_t Node::scope_of(std::string_view interface_name) const {
  for (const Flow& flow : flows_) {
    if (flow.interface_name == interface_name && flow.interface.is_v6()) return flow.interface.scope_id();
  }
  return 0;
}

// One question to a packet, and none with the QU bit, though the draft (3.2.1) would have it:
// Chromium, whose candidates these names mostly are, answers neither two questions nor a QU one.
// It would not help either: of several programs that share the port, only one gets an answer that
// is not multicast (RFC 6762 15.1).
void Node::ask(const Query& query, const Flow& flow) {
  for (const RecordType type : {RecordType::a, RecordType::aaaa}) {
    send(flow, flow.interface.is_v4() ? group_v4 : group_v6, {.questions = {{query.name, type}}});
  }
}

void Node::handle_response(const Datagram& datagram, const Flow& flow, const Message& response) {
  // RFC 6762 6: answers come from the port of multicast DNS.
  if (datagram.source.port != port) {
    ++stats_.off_link;
    return;
  }
  bool related = false;
  std::erase_if(queries_, [&](const Query& query) {
    std::vector<IpAddress> addresses;
    for (const AddressRecord& record : response.addresses) {
      if (record.name != query.name || record.ttl_seconds == 0) continue;
      IpAddress address = record.address;
      if (address.is_v6() && address.is_link_local()) {
        address = IpAddress::v6(address.octets(), scope_of(flow.interface_name));
      }
      if (!is_usable(address, datagram.source.address)) continue;
      if (std::ranges::find(addresses, address) == addresses.end()) addresses.push_back(address);
    }
    if (addresses.empty()) return false;
    related = true;
    for (const QueryId id : query.ids) events_.push_back(Resolved{id, query.name.to_string(), addresses});
    return true;
  });
  if (!related) ++stats_.unrelated;
}

// --- Answering --------------------------------------------------------------

Result<std::string> Node::publish(TimePoint now, const IpAddress& address) {
  advance(now);
  if (closed_) return petrel::Errc::closed;
  if (!is_usable(address, address)) return Errc::not_publishable;
  if (published_.size() >= max_published) return petrel::Errc::limit_reached;
  Published& published = published_.emplace_back(Published{Name::random(random_), address});
  announce(published);
  published.announce_again = now_ + multicast_pause;  // RFC 6762 8.3: at least twice.
  return published.name.to_string();
}

void Node::unpublish(TimePoint now, std::string_view text) {
  advance(now);
  const auto name = Name::from_text(text);
  const Published* published = name ? find_published(*name) : nullptr;
  if (published == nullptr) return;
  say_goodbye({record_of(published->name, published->address, 0)});
  std::erase_if(published_, [&](const Published& other) { return other.name == *name; });
}

void Node::announce(Published& published) {
  for (const Flow& flow : flows_) {
    if (flow.open && may_multicast(published, flow.id)) {
      answer(flow, {record_of(published.name, published.address, ttl_seconds)});
    }
  }
}

// RFC 6762 6: a record is multicast once a second at most, on each interface. Who asks in between
// gets it when the second is over: Chromium for one does not ask twice.
bool Node::may_multicast(Published& published, FlowId flow) {
  auto last = std::ranges::find(published.last_multicast, flow, &Multicast::flow);
  if (last == published.last_multicast.end()) {
    published.last_multicast.push_back({flow, now_});
    return true;
  }
  last->owed = now_ < last->at + multicast_pause;
  if (last->owed) return false;
  last->at = now_;
  return true;
}

void Node::multicast_owed(Published& published) {
  for (const Flow& flow : flows_) {
    const auto last = std::ranges::find(published.last_multicast, flow.id, &Multicast::flow);
    if (last == published.last_multicast.end() || !last->owed || !may_multicast(published, flow.id)) continue;
    answer(flow, {record_of(published.name, published.address, ttl_seconds)});
  }
}

bool Node::may_unicast() {
  if (now_ >= unicast_since_ + 1s) {
    unicast_since_ = now_;
    unicast_answers_ = 0;
  }
  return ++unicast_answers_ <= max_unicast_answers_per_second;
}

void Node::handle_query(const Datagram& datagram, const Flow& flow, const Message& query) {
  // RFC 6762 6.7: another source port is of a resolver that knows nothing of multicast.
  const bool legacy = datagram.source.port != port;
  Records to_all, to_one;
  bool related = false;
  for (Published& published : published_) {
    const auto asks = [&](bool unicast) {
      return std::ranges::any_of(query.questions, [&](const Question& question) {
        return question.name == published.name && answers(question, published.address) &&
               (question.unicast_response || legacy) == unicast;
      });
    };
    const bool alone = asks(true);
    const bool everybody = asks(false);
    if (!alone && !everybody) continue;
    related = true;
    const AddressRecord record = record_of(published.name, published.address, ttl_seconds);
    if (knows(query, published.name, published.address)) {
      ++stats_.suppressed;
    } else if (alone) {
      to_one.push_back(record);
    } else if (may_multicast(published, flow.id)) {
      to_all.push_back(record);
    }
  }
  if (!related) ++stats_.unrelated;
  answer(flow, to_all);
  if (!to_one.empty()) answer_one(flow, datagram, query, std::move(to_one));
}

void Node::answer(const Flow& flow, const Records& records) {
  for (std::size_t from = 0; from < records.size(); from += max_records_per_packet) {
    const auto begin = records.begin() + static_cast<std::ptrdiff_t>(from);
    const auto size = std::min(records.size() - from, max_records_per_packet);
    send(flow, flow.interface.is_v4() ? group_v4 : group_v6,
         {.response = true, .addresses = Records(begin, begin + static_cast<std::ptrdiff_t>(size))});
  }
}

// As many records as fit a packet. RFC 6762 5.4 would rather multicast what has not been for a
// while, for the caches of others: names that one peer asks for, once, are in none.
void Node::answer_one(const Flow& flow, const Datagram& datagram, const Message& query, Records records) {
  if (!may_unicast()) {
    ++stats_.suppressed;
    return;
  }
  if (records.size() > max_records_per_packet) records.resize(max_records_per_packet);
  Message message{.response = true, .addresses = std::move(records)};
  if (datagram.source.port != port) {  // RFC 6762 6.7: looks like the answer of an ordinary server.
    message.id = query.id;
    message.questions = query.questions;
    for (Question& question : message.questions) question.unicast_response = false;
    for (AddressRecord& record : message.addresses) {
      record.ttl_seconds = max_legacy_ttl_seconds;
      record.cache_flush = false;
    }
  }
  send(flow, datagram.source, message);
}

void Node::say_goodbye(const Records& records) {
  for (const Flow& flow : flows_) answer(flow, records);
}

// --- The core ---------------------------------------------------------------

bool Node::handle_datagram(TimePoint now, const Datagram& datagram) {
  advance(now);
  const Flow* flow = find_flow(datagram.flow);
  if (flow == nullptr) return false;
  if (!on_link(datagram, flow->interface)) {
    ++stats_.off_link;
    return true;
  }
  const auto message = parse(datagram.payload);
  if (!message) {
    ++stats_.malformed;
  } else if (message->response) {
    handle_response(datagram, *flow, *message);
  } else {
    handle_query(datagram, *flow, *message);
  }
  return true;
}

void Node::handle_timeout(TimePoint now) {
  advance(now);
  for (Published& published : published_) {
    if (published.announce_again && now_ >= *published.announce_again) {
      published.announce_again.reset();
      announce(published);
    }
    multicast_owed(published);
  }
  for (Query& query : queries_) {
    if (now_ < query.next) continue;
    if (now_ < query.started + ask_after.back()) {
      ask_everywhere(query);
      continue;
    }
    for (const QueryId id : query.ids) events_.push_back(ResolveFailed{id, query.name.to_string()});
    query.ids.clear();
  }
  std::erase_if(queries_, [](const Query& query) { return query.ids.empty(); });
}

std::optional<TimePoint> Node::next_timeout() const {
  std::optional<TimePoint> earliest;
  const auto consider = [&](TimePoint due) {
    if (!earliest || due < *earliest) earliest = due;
  };
  for (const Query& query : queries_) consider(query.next);
  for (const Published& published : published_) {
    if (published.announce_again) consider(*published.announce_again);
    for (const Multicast& last : published.last_multicast) {
      if (last.owed) consider(last.at + multicast_pause);
    }
  }
  return earliest;
}

void Node::send(const Flow& flow, const Endpoint& destination, const Message& message) {
  if (!flow.open) return;
  auto packet = write(message);
  if (!packet || transmits_.size() >= max_queued_packets) {
    ++stats_.output_dropped;
    return;
  }
  transmits_.push_back({flow.id, destination, *std::move(packet)});
}

std::optional<Transmit> Node::poll_transmit() {
  if (transmits_.empty()) return std::nullopt;
  std::optional<Transmit> transmit(std::move(transmits_.front()));
  transmits_.pop_front();
  return transmit;
}

std::optional<IoRequest> Node::poll_request() {
  if (!joins_.empty()) {
    const JoinMulticast join = joins_.front();
    joins_.pop_front();
    return join;
  }
  if (closings_.empty()) return std::nullopt;
  const FlowId flow = closings_.front();
  if (std::ranges::find(transmits_, flow, &Transmit::flow) != transmits_.end()) return std::nullopt;
  closings_.pop_front();
  return CloseFlow{flow};
}

std::optional<Node::Event> Node::poll_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<Event> event(std::move(events_.front()));
  events_.pop_front();
  return event;
}

void Node::close(TimePoint now) {
  advance(now);
  if (closed_) return;
  closed_ = true;
  Records goodbyes;
  for (const Published& published : published_)
    goodbyes.push_back(record_of(published.name, published.address, 0));
  say_goodbye(goodbyes);
  for (const Flow& flow : flows_) leave(flow);
  flows_.clear();
  queries_.clear();
  published_.clear();
}

}  // namespace petrel::inline v0::mdns

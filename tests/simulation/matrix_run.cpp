#include "simulation/matrix_run.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "petrel/dtls/certificate.hpp"
#include "petrel/peer/peer.hpp"
#include "petrel/rtp/wire/packet.hpp"
#include "petrel/tls/identity.hpp"
#include "petrel/turn_server/server.hpp"
#include "support/network.hpp"
#include "support/seeded_openssl.hpp"

namespace petrel::inline v0::matrix {
namespace {

using namespace std::chrono_literals;
using testing::HostId;
using testing::NatConfig;
using testing::Network;
using testing::SeededOpenSsl;
using testing::SeededRandom;

constexpr const char* server_name = "turn.example";

// ICE gives up after 9.5 s of gathering on each side and 39.5 s of checks.
constexpr Duration limit = 120s;

// Keys cost more than all else in a call, so each is made once, from a seed of its own, whichever run is
// the first.
struct Identities {
  dtls::Certificate peers;
  tls::ServerIdentity server;
};

const Identities& identities() {
  static const Identities made = [] {
    const SeededOpenSsl dice(0);
    constexpr std::chrono::sys_seconds today{std::chrono::seconds(testing::wall_clock_epoch)};
    return Identities{dtls::Certificate::generate(today).value(),
                      tls::ServerIdentity::self_signed({server_name}, testing::wall_clock_epoch).value()};
  }();
  return made;
}

// Identities first: they have dice of their own, and there can be only one pair of dice.
std::uint64_t with_identities(std::uint64_t seed) {
  identities();
  return seed;
}

std::optional<NatConfig> nat_config(Nat nat) {
  switch (nat) {
    case Nat::open:
      return std::nullopt;
    case Nat::full_cone:
      return NatConfig::full_cone();
    case Nat::address_restricted:
      return NatConfig::address_restricted();
    case Nat::port_restricted:
      return NatConfig::port_restricted();
    case Nat::symmetric:
      return NatConfig::symmetric();
    case Nat::udp_blocked:
      return NatConfig::udp_blocked();
  }
  return std::nullopt;
}

bool has_v4(Family family) { return family != Family::v6; }
bool has_v6(Family family) { return family != Family::v4; }

// Where somebody is, inside and outside of a NAT for IPv4.
struct Place {
  IpAddress inside;
  IpAddress outside;
  IpAddress v6;
};
const Place alice_place{IpAddress::v4(10, 0, 0, 2), IpAddress::v4(203, 0, 113, 1),
                        IpAddress::parse("2001:db8:a::2").value()};
const Place bob_place{IpAddress::v4(10, 0, 1, 2), IpAddress::v4(203, 0, 113, 2),
                      IpAddress::parse("2001:db8:b::2").value()};
const IpAddress server_v4 = IpAddress::v4(198, 51, 100, 1);
const IpAddress server_v6 = IpAddress::parse("2001:db8:5::1").value();

std::vector<IpAddress> server_addresses(Family family) {
  std::vector<IpAddress> addresses;
  if (has_v6(family)) addresses.push_back(server_v6);
  if (has_v4(family)) addresses.push_back(server_v4);
  return addresses;
}

turn_server::ServerConfig server_config(const Cell& cell) {
  turn_server::ServerConfig config;
  for (const IpAddress& address : server_addresses(cell.family)) {
    config.listeners.push_back({{address, 3478}, TransportProtocol::udp});
    if (cell.turn == Turn::tcp) config.listeners.push_back({{address, 3478}, TransportProtocol::tcp});
    if (cell.turn == Turn::tls) config.listeners.push_back({{address, 5349}, TransportProtocol::tls});
    config.own_addresses.push_back(address);
  }
  config.identity = identities().server;
  config.realm = "example.org";
  config.users = {{"ada", "secret"}};
  config.unix_time = testing::wall_clock_epoch;
  return config;
}

std::vector<IceServer> ice_servers(Turn turn) {
  std::vector<IceServer> servers{{"stun:turn.example"}};
  if (turn == Turn::udp) servers.push_back({"turn:turn.example", "ada", "secret"});
  if (turn == Turn::tcp) servers.push_back({"turn:turn.example?transport=tcp", "ada", "secret"});
  if (turn == Turn::tls) servers.push_back({"turns:turn.example", "ada", "secret"});
  return servers;
}

char letter_of(ice::CandidateType type) { return ice::to_string(type).front(); }

bool is_at_server(const Endpoint& endpoint) {
  return endpoint.address == server_v4 || endpoint.address == server_v6;
}

// The first payload type of the first m-line.
std::uint8_t payload_type_of(const SessionDescription& description) {
  const std::size_t media = description.sdp.find("m=");
  const std::size_t profile = description.sdp.find("SAVPF ", media);
  std::uint8_t type = 0;
  const char* begin = description.sdp.data() + profile + 6;
  std::from_chars(begin, begin + 3, type);
  return type;
}

class Meeting {
 public:
  Meeting(const Cell& cell, std::uint64_t seed)
      : cell_(cell),
        openssl_(with_identities(seed)),
        network_(seed),
        dice_(network_.fork_random()),
        signalling_(milliseconds(1, 100)),
        alice_("alice", network_.fork_random()),
        bob_("bob", network_.fork_random()),
        server_random_(network_.fork_random()) {
    const HostId host =
        network_.add_host({.name = "server", .addresses = server_addresses(cell.family), .uplink = line(0)});
    network_.add_name(server_name, server_addresses(cell.family));
    add(alice_, alice_place, cell.alice, cell.mode == Mode::alice_lite);
    add(bob_, bob_place, cell.bob, cell.mode == Mode::bob_lite);
    server_.emplace(turn_server::Server::create(network_.now(), server_config(cell), server_random_).value());
    network_.attach(host, *server_);
    network_.attach(alice_.host, *alice_.peer, [this](PeerEvent& event) { on_event(alice_, bob_, event); });
    network_.attach(bob_.host, *bob_.peer, [this](PeerEvent& event) { on_event(bob_, alice_, event); });
  }

  Outcome hold() {
    Outcome outcome;
    start();
    // A side that has failed stays so; one that is connected waits for the other.
    network_.run_until([&] { return both(ConnectionState::connected) || both(ConnectionState::failed); },
                       limit);
    if (both(ConnectionState::connected)) {
      conclude(outcome);
    } else if (!both(ConnectionState::failed)) {
      outcome.fault = "Alice is " + std::string(to_string(alice_.peer->connection_state())) + ", Bob " +
                      std::string(to_string(bob_.peer->connection_state()));
    }
    outcome.seconds = std::chrono::duration<double>(network_.now().time_since_epoch()).count();
    return outcome;
  }

  std::string report() const {
    return "Alice: " + to_string(alice_.peer->report(network_.now())) +
           "\nBob: " + to_string(bob_.peer->report(network_.now())) + "\n" + network_.report() + "\n";
  }

 private:
  struct Side {
    Side(std::string its_name, SeededRandom its_random) : name(std::move(its_name)), random(its_random) {}

    std::string name;
    HostId host{};
    SeededRandom random;
    std::unique_ptr<Peer> peer;
    TransceiverId audio{};
    std::string told;  ///< The description that went to the other side.
  };

  Duration milliseconds(std::uint32_t least, std::uint32_t most) {
    return std::chrono::milliseconds(dice_.between(least, most));
  }
  testing::LinkConfig line(double loss_percent) {
    return {.latency = milliseconds(1, 30), .loss_percent = loss_percent};
  }

  void add(Side& side, const Place& place, Nat nat, bool lite) {
    const auto config = nat_config(nat);
    std::vector<IpAddress> own;
    std::vector<IpAddress> outside;
    if (has_v6(cell_.family)) own.push_back(place.v6);
    if (has_v4(cell_.family)) own.push_back(config ? place.inside : place.outside);
    if (has_v4(cell_.family)) outside.push_back(place.outside);
    side.host = network_.add_host({.name = side.name,
                                   .addresses = own,
                                   .site = config ? network_.add_nat(*config, outside) : testing::internet,
                                   .uplink = line(cell_.loss_percent),
                                   .announces_addresses = true});
    PeerConfig peer;
    peer.ice_servers = ice_servers(cell_.turn);
    peer.ice_lite = lite;
    peer.turn_tls.ca_pem = identities().server.certificate_pem();
    peer.turn_tls.use_system_roots = false;
    peer.turn_tls.unix_time = testing::wall_clock_epoch;
    peer.name = side.name;
    peer.certificate = identities().peers;
    side.peer = std::make_unique<Peer>(network_.now(), std::move(peer),
                                       ClockMapping{network_.now(), NtpTime{1ULL << 63}}, side.random);
  }

  void start() {
    alice_.audio = alice_.peer->add_transceiver(network_.now(), Kind::audio, {}).value();
    alice_.peer->deliver_packets(network_.now(), alice_.audio);
    alice_.peer->set_local_description(network_.now()).value();
    if (trickles()) send_description(alice_, bob_);
  }

  bool trickles() const { return cell_.mode != Mode::full; }

  void send_description(Side& from, Side& to) {
    from.told = from.peer->local_description().value().sdp;
    network_.after(signalling_, [this, &to, description = from.peer->local_description().value()] {
      to.peer->set_remote_description(network_.now(), description).value();
      if (description.type == SdpType::offer) answer();
    });
  }

  void answer() {
    bob_.audio = bob_.peer->transceivers().front().id;
    bob_.peer->set_direction(network_.now(), bob_.audio, Direction::send_recv).value();
    bob_.peer->deliver_packets(network_.now(), bob_.audio);
    bob_.peer->set_local_description(network_.now()).value();
    if (trickles()) send_description(bob_, alice_);
  }

  void on_event(Side& self, Side& other, PeerEvent& event) {
    if (const auto* local = std::get_if<LocalCandidate>(&event)) {
      if (!trickles()) return;
      network_.after(signalling_, [this, &other,
                                   candidate = jsep::Negotiation::TrickledCandidate{
                                       local->candidate, local->mid, local->media_line, local->ufrag}] {
        other.peer->add_ice_candidate(network_.now(), candidate).value();
      });
    } else if (const auto* gathering = std::get_if<IceGatheringStateChanged>(&event)) {
      if (trickles() || gathering->state != IceGatheringState::complete) return;
      send_description(self, other);
    } else if (const auto* packet = std::get_if<PacketArrived>(&event)) {
      const auto view = rtp::PacketView::parse(packet->packet.bytes()).value();
      if (!std::ranges::equal(view.payload(), as_bytes(payload))) return;
      if (&self == &alice_) {
        echoed_ = true;
      } else {
        bob_.peer->send_packet(network_.now(), bob_.audio, packet->packet.bytes()).value();
      }
    }
  }

  // Sends a packet until one has come back: it may be lost on the way like any other.
  bool echo() {
    constexpr int most_packets = 600;
    const std::uint8_t type = payload_type_of(alice_.peer->local_description().value());
    for (std::uint16_t sequence = 0; sequence < most_packets && !echoed_; ++sequence) {
      rtp::PacketHeader header;
      header.payload_type = rtp::PayloadType{type};
      header.sequence = sequence;
      const auto packet = rtp::write_packet(header, rtp::ExtensionBlock(), as_bytes(payload)).value();
      if (!alice_.peer->send_packet(network_.now(), alice_.audio, packet.bytes())) return false;
      network_.run_until([this] { return echoed_; }, 100ms);
    }
    return echoed_;
  }

  bool both(ConnectionState state) const {
    return alice_.peer->connection_state() == state && bob_.peer->connection_state() == state;
  }

  // A side that follows a new nomination does so only once it has checked that pair itself.
  bool agree() const {
    for (const Side* side : {&alice_, &bob_}) {
      if (side->peer->ice_connection_state() != ice::State::completed) return false;
    }
    const auto alice = alice_.peer->stats().pair;
    const auto bob = bob_.peer->stats().pair;
    return alice && bob && alice->local.endpoint == bob->remote.endpoint &&
           alice->remote.endpoint == bob->local.endpoint;
  }

  void conclude(Outcome& outcome) {
    if (!echo()) {
      const bool ends = network_.run_until([this] { return both(ConnectionState::failed); }, limit);
      if (!ends) outcome.fault = "no RTP packet came back";
      return;
    }
    network_.run_until([this] { return agree() || both(ConnectionState::failed); }, limit);
    if (both(ConnectionState::failed)) return;
    if (!agree()) {
      outcome.fault = "the sides do not agree on a pair";
      return;
    }
    const ice::SelectedPair alice = alice_.peer->stats().pair.value();
    const bool v4 = alice.local.endpoint.address.family() == IpFamily::v4;
    outcome.winner = {letter_of(alice.local.type), letter_of(alice.remote.type), v4 ? '4' : '6'};
    // A relay of Bob's that Alice knows by its checks; of what is trickled she is told in the end.
    const Endpoint& remote = alice.remote.endpoint;
    const bool is_untold = !trickles() && bob_.told.find(told_as(remote)) == std::string::npos;
    if (outcome.winner->remote == 'p' && is_at_server(remote) && is_untold) outcome.winner->remote = 'u';
  }

  // In a candidate line.
  static std::string told_as(const Endpoint& endpoint) {
    return ' ' + endpoint.address.to_string() + ' ' + std::to_string(endpoint.port) + ' ';
  }

  static constexpr std::string_view payload = "an RTP packet that Bob echoes";

  Cell cell_;
  SeededOpenSsl openssl_;  // Before anything that draws.
  Network network_;
  SeededRandom dice_;
  Duration signalling_;
  Side alice_;
  Side bob_;
  SeededRandom server_random_;
  std::optional<turn_server::Server> server_;
  bool echoed_ = false;
};

}  // namespace

Outcome run(const Cell& cell, std::uint64_t seed, bool with_report) {
  Meeting meeting(cell, seed);
  Outcome outcome = meeting.hold();
  if (with_report) outcome.report = meeting.report();
  return outcome;
}

}  // namespace petrel::inline v0::matrix

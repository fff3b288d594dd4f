#include "simulation/call.hpp"

#include "petrel/dtls/certificate.hpp"

namespace petrel::inline v0::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::sys_seconds today{std::chrono::seconds(wall_clock_epoch)};

// Made once, since keys and certificates cost more than all else in a call; from a seed of their
// own, so that a call is the same whether it is the first or the thousandth.
struct Certificates {
  dtls::Certificate alice;
  dtls::Certificate bob;
};

const Certificates& certificates() {
  static const Certificates made = [] {
    const SeededOpenSsl dice(0);
    return Certificates{dtls::Certificate::generate(today).value(),
                        dtls::Certificate::generate(today).value()};
  }();
  return made;
}

// Certificates first: they have dice of their own, and there can be only one pair of dice.
std::uint64_t with_certificates(std::uint64_t seed) {
  certificates();
  return seed;
}

}  // namespace

Call::Call(std::uint64_t seed, CallConfig config)
    : openssl_(with_certificates(seed)),
      network(seed, config.link),
      alice("alice", network.fork_random()),
      bob("bob", network.fork_random()),
      config_(std::move(config)) {
  set_wall_clock(network.now());
  add_side(alice, IpAddress::v4(10, 0, 0, 2), config_.alice_nat, IpAddress::v4(198, 51, 100, 1));
  add_side(bob, IpAddress::v4(10, 0, 1, 2), config_.bob_nat, IpAddress::v4(203, 0, 113, 1));
  network.attach(alice.host, *alice.peer, [this](PeerEvent& event) { on_event(alice, bob, event); });
  network.attach(bob.host, *bob.peer, [this](PeerEvent& event) { on_event(bob, alice, event); });
}

void Call::add_side(Side& side, IpAddress address, const std::optional<NatConfig>& nat, IpAddress outside) {
  const SiteId site = nat ? network.add_nat(*nat, {outside}) : internet;
  const IpAddress own = nat ? address : outside;
  const std::vector<IpAddress> addresses =
      &side == &bob ? config_.bob_addresses.value_or(std::vector{own}) : std::vector{own};
  side.host = network.add_host({.name = side.name, .addresses = addresses, .site = site});

  PeerConfig config = &side == &alice ? config_.alice : config_.bob;
  config.name = side.name;
  config.key_log = &keys;
  config.certificate = &side == &alice ? certificates().alice : certificates().bob;
  if (&side == &bob) config.video_codecs = config_.bob_codecs;
  side.peer = std::make_unique<Peer>(network.now(), std::move(config),
                                     ClockMapping{network.now(), NtpTime{1ULL << 63}}, side.random);
  std::vector<LocalAddress> local;
  for (const IpAddress& each : addresses) local.push_back({each, "eth0"});
  side.peer->handle_interfaces(network.now(), local);
}

void Call::start() {
  if (config_.video) {
    video = alice.peer->add_transceiver(network.now(), Kind::video, config_.alice_video).value();
  }
  alice.peer->set_local_description(network.now()).value();
  if (config_.trickle) send_description(alice, bob, config_.tamper_with_offer);
}

void Call::send_description(Side& from, Side& to, std::function<void(SessionDescription&)> tamper) {
  SessionDescription description = from.peer->local_description().value();
  if (tamper) tamper(description);
  network.after(config_.signalling, [this, &to, description] { receive_description(to, description); });
}

void Call::receive_description(Side& self, const SessionDescription& description) {
  if (const auto set = self.peer->set_remote_description(network.now(), description); !set) {
    self.error = set.error();
    return;
  }
  if (description.type != SdpType::offer) return;
  if (const auto set = self.peer->set_local_description(network.now()); !set) {
    self.error = set.error();
    return;
  }
  if (config_.trickle) send_description(self, alice, config_.tamper_with_answer);
}

void Call::on_event(Side& self, Side& other, PeerEvent& event) {
  if (const auto* state = std::get_if<ConnectionStateChanged>(&event)) {
    self.states.push_back(*state);
  } else if (const auto* local = std::get_if<LocalCandidate>(&event)) {
    if (!config_.trickle) return;
    jsep::Negotiation::TrickledCandidate candidate{local->candidate, local->mid, local->media_line,
                                                   local->ufrag};
    if (config_.tamper_with_candidates && !config_.tamper_with_candidates(candidate.candidate)) return;
    // Behind the description that is on its way: signalling keeps the order.
    network.after(config_.signalling, [this, &other, candidate] {
      const auto added = other.peer->add_ice_candidate(network.now(), candidate);
      if (!added && !other.error) other.error = added.error();
    });
  } else if (const auto* gathering = std::get_if<IceGatheringStateChanged>(&event)) {
    if (config_.trickle || gathering->state != IceGatheringState::complete) return;
    send_description(self, other, &self == &alice ? config_.tamper_with_offer : config_.tamper_with_answer);
  } else if (const auto* track = std::get_if<TrackAdded>(&event)) {
    self.tracks.push_back(track->transceiver);
  } else if (const auto* frame = std::get_if<FrameArrived>(&event)) {
    self.frames.push_back(frame->frame);
    self.frame_times.push_back(network.now());
    if (self.on_frame) self.on_frame(*frame);
  } else if (const auto* wanted = std::get_if<KeyFrameWanted>(&event)) {
    if (self.on_key_frame_wanted) self.on_key_frame_wanted(wanted->transceiver);
  } else if (self.on_channel_event) {
    self.on_channel_event(event);
  }
}

}  // namespace petrel::inline v0::testing

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "petrel/peer/peer.hpp"
#include "petrel/sim/key_log.hpp"
#include "support/network.hpp"
#include "support/seeded_openssl.hpp"
#include "support/virtual_wall_clock.hpp"

namespace petrel::inline v0::testing {

struct CallConfig {
  LinkConfig link{};
  std::optional<NatConfig> alice_nat{};
  std::optional<NatConfig> bob_nat{};
  /// What the peers are made with, beside their certificates and names.
  PeerConfig alice{};
  PeerConfig bob{};
  /// In place of the usual ones: of another family, or none at all.
  std::optional<std::vector<IpAddress>> bob_addresses{};
  /// What happens to candidates on their way; false: they get lost.
  std::function<bool(std::string&)> tamper_with_candidates{};
  Duration signalling = std::chrono::milliseconds(30);
  bool trickle = true;
  bool video = true;  ///< False: Alice offers what else there is, which is data channels.
  TransceiverInit alice_video{.direction = Direction::send_only, .codecs = {h264()}};
  std::vector<Codec> bob_codecs = {h264(), vp8()};
  /// What happens to the descriptions on their way, to see what a broken signalling does.
  std::function<void(SessionDescription&)> tamper_with_offer{};
  std::function<void(SessionDescription&)> tamper_with_answer{};
};

/// Two peers on a virtual network and the signalling between them: Alice sends video,
/// Bob watches. Everything, DTLS included, is decided by the seed.
class Call {
 public:
  /// One side, with what has happened to it.
  struct Side {
    Side(std::string its_name, SeededRandom its_random) : name(std::move(its_name)), random(its_random) {}

    std::string name;
    HostId host{};
    SeededRandom random;
    std::unique_ptr<Peer> peer;
    std::vector<ConnectionStateChanged> states;
    std::vector<std::shared_ptr<const EncodedFrame>> frames;
    std::vector<TimePoint> frame_times;
    std::vector<TransceiverId> tracks;
    std::function<void(TransceiverId)> on_key_frame_wanted;
    std::function<void(const FrameArrived&)> on_frame;
    std::function<void(const PeerEvent&)>
        on_channel_event;   ///< And all others that nothing else is done with.
    std::error_code error;  ///< Of the description or candidate that was refused.

    bool connected() const { return peer->connection_state() == ConnectionState::connected; }
    ConnectionState state() const { return peer->connection_state(); }
  };

  explicit Call(std::uint64_t seed, CallConfig config = {});
  ~Call() { reset_wall_clock(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// Alice offers; descriptions and candidates travel by themselves from here on.
  void start();
  bool connects_within(Duration limit) {
    return network.run_until([this] { return alice.connected() && bob.connected(); }, limit);
  }

 private:
  SeededOpenSsl openssl_;  // Before anything that draws.

 public:
  Network network;
  sim::KeyLog keys{network};
  Side alice;
  Side bob;
  TransceiverId video{};  ///< Alice's, where she has one.

 private:
  void add_side(Side& side, IpAddress address, const std::optional<NatConfig>& nat, IpAddress outside);
  void on_event(Side& self, Side& other, PeerEvent& event);
  void send_description(Side& from, Side& to, std::function<void(SessionDescription&)> tamper);
  void receive_description(Side& self, const SessionDescription& description);

  CallConfig config_;
};

}  // namespace petrel::inline v0::testing

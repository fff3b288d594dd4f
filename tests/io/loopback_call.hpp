#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "petrel/peer_connection.hpp"
#include "support/key_frame.hpp"

namespace petrel::inline v0::testing {

/// Two PeerConnections on one real network over the loopback interface, signalling by
/// direct calls. The caller sends video.
struct LoopbackCall {
  asio::io_context io{1};
  Network network{io.get_executor(), {.include_loopback = true}};
  PeerConfig config = with_certificate();
  std::optional<PeerConnection> caller{std::in_place, network, config};
  std::optional<PeerConnection> callee{std::in_place, network, config};

  /// One for all peers of a test program.
  static PeerConfig with_certificate() {
    static const auto certificate = dtls::Certificate::generate(std::chrono::floor<std::chrono::seconds>(
                                                                    std::chrono::system_clock::now()))
                                        .value();
    PeerConfig config;
    config.certificate = certificate;
    return config;
  }

  Transceiver add_video() {
    return caller->add_transceiver(Kind::video, {.direction = Direction::send_only, .codecs = {h264()}})
        .value();
  }

  /// Offer and answer with trickle: candidates go straight into the other peer.
  void negotiate() {
    caller->on_ice_candidate([this](const LocalCandidate& each) {
      if (callee) (void)callee->add_ice_candidate(each.candidate, each.mid);
    });
    callee->on_ice_candidate([this](const LocalCandidate& each) {
      if (caller) (void)caller->add_ice_candidate(each.candidate, each.mid);
    });
    caller->set_local_description().value();
    callee->set_remote_description(*caller->local_description()).value();
    callee->set_local_description().value();
    caller->set_remote_description(*callee->local_description()).value();
  }

  /// Runs until `done`; false if it has not come within 20 s, which only a failure takes.
  bool run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > end || io.stopped()) return false;
      io.run_one_for(std::chrono::milliseconds(100));
    }
    return true;
  }
  bool connect() {
    return run_until([this] {
      return caller->connection_state() == ConnectionState::connected &&
             callee->connection_state() == ConnectionState::connected;
    });
  }
};

}  // namespace petrel::inline v0::testing

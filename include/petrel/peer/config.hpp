#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/log.hpp"
#include "petrel/base/time.hpp"
#include "petrel/dtls/certificate.hpp"
#include "petrel/dtls/connection.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/peer/codec.hpp"
#include "petrel/peer/ice_server.hpp"
#include "petrel/peer/jsep.hpp"
#include "petrel/peer/packet_tap.hpp"
#include "petrel/peer/priority.hpp"
#include "petrel/tls/connection.hpp"

namespace petrel::inline v0 {

/// How one peer is set up. Everything has a default that works.
struct PeerConfig {
  /// Without one only host candidates are gathered.
  std::vector<IceServer> ice_servers{};
  /// W3C iceTransportPolicy: all candidates, or relayed ones only.
  ice::TransportPolicy ice_transport_policy = ice::TransportPolicy::all;
  /// Relay on demand: TURN servers are asked, and cost something, only if there is no connection so
  /// long after gathering began. Needs trickle. nullopt: at once.
  std::optional<Duration> relay_after{};
  /// Local UDP ports to use; nullopt: whichever the system gives.
  std::optional<ice::PortRange> ice_ports{};
  /// Interfaces to use, by name; empty: all but those excluded.
  std::vector<std::string> ice_interfaces{};
  std::vector<std::string> excluded_ice_interfaces{};
  /// Local addresses to use, on those interfaces.
  AddressFilter ice_addresses{};
  /// Where the peer may be, by any route: candidates elsewhere are ignored, checks from there not answered.
  AddressFilter remote_ice_addresses{};
  /// What a 1:1 NAT outside of this host makes of our addresses, as clouds have it.
  std::vector<ice::ExternalAddress> external_addresses{};
  /// Tell the peer `<uuid>.local` names in place of host addresses, as browsers do.
  bool hide_addresses = false;
  /// ICE-lite (RFC 8445 2.5): for servers with a public address, whose peers do the checks.
  bool ice_lite = false;
  /// How the certificates of TURN servers over TLS and DTLS are verified. By default as the system does.
  tls::ClientConfig turn_tls{};
  /// Names the peer in logs.
  std::string name{};
  /// Where log records go; nullptr: nowhere. Not owned; outlives the peer.
  LogSink* log = nullptr;
  /// One certificate may serve many peers. None: the facade makes one for each.
  std::optional<dtls::Certificate> certificate{};
  /// In order of preference.
  std::vector<dtls::SrtpProfile> srtp_profiles = {dtls::SrtpProfile::aead_aes_128_gcm,
                                                  dtls::SrtpProfile::aead_aes_256_gcm,
                                                  dtls::SrtpProfile::aes128_cm_sha1_80};
  /// For transceivers that a remote offer makes, and for those made without codecs of their own.
  std::vector<Codec> audio_codecs = {opus()};
  std::vector<Codec> video_codecs = {h264(), vp8()};
  /// The longest UDP payload to send. 1200 goes through every path that WebRTC is seen on.
  std::size_t mtu_bytes = 1200;
  /// Explicit opt-ins that give secrets away, for packet analysers. Not owned; outlive the peer.
  dtls::KeyLogSink* key_log = nullptr;
  PacketTap* packet_tap = nullptr;
};

/// How a transceiver is made, W3C RTCRtpTransceiverInit.
struct TransceiverInit {
  Direction direction = Direction::send_recv;  ///< What we want; the peer may want less.
  std::vector<Codec> codecs{};                 ///< In order of preference. Empty: the peer's.
  std::vector<std::string> stream_ids{};       ///< Media streams it belongs to (a=msid).
  /// The DSCP of what it sends (RFC 8837). As browsers have it, nothing is marked unless it is asked for:
  /// there are networks that drop what is marked.
  NetworkPriority network_priority = NetworkPriority::low;
};

struct Bitrate {
  std::uint64_t bits_per_second = 0;

  friend auto operator<=>(Bitrate, Bitrate) = default;
};

}  // namespace petrel::inline v0

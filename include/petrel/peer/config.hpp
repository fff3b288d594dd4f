#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/log.hpp"
#include "petrel/base/time.hpp"
#include "petrel/datachannel/channels.hpp"
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

using datachannel::ChannelId;
using datachannel::Message;
/// W3C RTCDataChannelInit.
using DataChannelInit = datachannel::ChannelInit;
/// W3C RTCDataChannelState.
using DataChannelState = datachannel::State;

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
  /// TCP candidates beside those of UDP (RFC 6544), for networks that let no UDP through. By default we
  /// connect to peers that listen; passive ones open a listening socket per address.
  ice::TcpCandidates ice_tcp = ice::TcpCandidates::active;
  /// Local TCP ports to listen at; nullopt: those of `ice_ports`.
  std::optional<ice::PortRange> ice_tcp_ports{};
  /// False: no UDP candidates, where UDP is known not to pass.
  bool ice_udp = true;
  /// Offer a=ice-options:renomination: the side that controls ICE moves to a clearly better pair while
  /// media flows, without an ICE restart. Used where the peer has it too.
  bool ice_renomination = false;
  /// Ask the pair in use five times a second while data goes out, and send by another one when it breaks;
  /// see ice::AgentConfig::failover.
  bool ice_failover = true;
  /// W3C iceCandidatePoolSize, of which there is one transport to serve: with 1 and more, candidates are
  /// gathered (and relays allocated) from the beginning, and told once there is a local description.
  unsigned ice_candidate_pool_size = 0;
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
  /// What TURN servers over TCP and TLS are reached through: see turn::parse_http_proxy(). UDP goes direct.
  /// Nothing is read from the environment.
  std::optional<turn::HttpProxy> http_proxy{};
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
  /// Offer data channels from the first, so that none needs a renegotiation later
  /// (alwaysNegotiateDataChannels of the W3C's extensions). Without it they are offered once a channel was
  /// created.
  bool always_negotiate_data_channels = false;
  /// Say a=sctp-init (SNAP, draft-hancke-tsvwg-snap), which saves two round trips before the first channel
  /// opens where the peer does the same, and costs 120 bytes of SDP where it does not.
  bool sctp_snap = true;
  /// Leave SCTP's checksum out where the peer can do without it (RFC 9653): DTLS finds every error that it
  /// would. Off: it is always there, and the peer is asked to send it as well.
  bool sctp_zero_checksum = true;
  /// Of SCTP, for all channels together: what may be on its way, and the window that the peer sees. A line
  /// carries no more than either in one round trip: 1 MiB is 40 Mbit/s at 200 ms. At least 64 KiB.
  std::size_t sctp_send_buffer_bytes = 1 << 20;
  std::size_t sctp_receive_buffer_bytes = 1 << 20;
  /// The longest data channel message to send or receive, in bytes. What we announce, as a=max-message-size.
  std::size_t max_message_size = 256 * 1024;
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

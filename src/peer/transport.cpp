#include "peer/transport.hpp"

#include <algorithm>
#include <utility>

#include "peer/demux.hpp"
#include "petrel/peer/peer_errc.hpp"

namespace petrel::inline v0::detail {
namespace {

// A ClientHello and its retransmissions until the answer arrives; more says nothing new.
constexpr std::size_t max_early_dtls = 8;

// The peer's first frames may overtake its last handshake flight: one key frame at 720p.
constexpr std::size_t max_early_media = 64;

srtp::Keys keys_of(const crypto::Secret& key, const crypto::Secret& salt) { return {key, salt}; }

}  // namespace

Transport::Transport(TimePoint now, const PeerConfig& config, rtp::SessionConfig rtp_config,
                     RandomSource& random)
    : certificate_(config.certificate),
      fingerprint_(certificate_.value().fingerprint().to_string()),
      tap_(config.packet_tap),
      log_{config.log, "peer", config.name},
      rtp_(now, std::move(rtp_config), random),
      channels_(config, random) {
  dtls_config_.srtp_profiles = config.srtp_profiles;
  dtls_config_.mtu_bytes = config.mtu_bytes;
  dtls_config_.key_log = config.key_log;
}

void Transport::start(TimePoint now, dtls::Role role, std::vector<dtls::Fingerprint> fingerprints,
                      bool needs_media, bool awaits_peer) {
  PETREL_ASSERT(!dtls_);
  dtls_config_.srtp_required = needs_media;
  dtls_config_.awaits_peer = awaits_peer;
  dtls_ = std::make_unique<dtls::Connection>(now, role, *certificate_, dtls_config_);
  certificate_.reset();  // Whose key is dear, and needed no more.
  dtls_->set_remote_fingerprints(now, std::move(fingerprints));
  for (const PacketBuffer& packet : std::exchange(early_dtls_, {})) dtls_->handle_packet(now, packet.bytes());
  take_dtls_events(now);
  hand_over(now);
}

void Transport::handle_packet(TimePoint now, Bytes packet) {
  switch (kind_of(packet)) {
    case PacketKind::dtls:
      if (dtls_) {
        dtls_->handle_packet(now, packet);
        take_dtls_events(now);
      } else if (auto copy = PacketBuffer::copy_of(packet); copy && early_dtls_.size() < max_early_dtls) {
        early_dtls_.push_back(*std::move(copy));
      } else {
        ++dropped_.early_packets;
      }
      break;
    case PacketKind::rtp:
    case PacketKind::rtcp:
      if (has_srtp()) {
        handle_media(now, packet);
      } else if (auto copy = PacketBuffer::copy_of(packet); copy && early_media_.size() < max_early_media) {
        early_media_.push_back(*std::move(copy));
      } else {
        ++dropped_.early_packets;
      }
      break;
    case PacketKind::stun:
    case PacketKind::turn_channel:
    case PacketKind::unknown:
      ++dropped_.unknown_kind;
      break;
  }
}

void Transport::handle_media(TimePoint now, Bytes packet) {
  auto copy = PacketBuffer::copy_of(packet);
  if (!copy) {
    ++dropped_.srtp_malformed;
    return;
  }
  const bool is_rtcp = kind_of(packet) == PacketKind::rtcp;
  const Result<void> opened = is_rtcp ? srtp_->unprotect_rtcp(*copy) : srtp_->unprotect_rtp(*copy);
  if (!opened) {
    const std::error_code error = opened.error();
    if (error == srtp::Errc::replayed || error == srtp::Errc::too_old) {
      ++dropped_.srtp_replayed;
    } else if (error == srtp::Errc::authentication_failed) {
      ++dropped_.srtp_unauthentic;
    } else {
      ++dropped_.srtp_malformed;
    }
    return;
  }
  if (tap_ != nullptr) tap_->on_packet(now, PacketTap::Direction::incoming, copy->bytes());
  if (is_rtcp) {
    rtp_.handle_rtcp(now, copy->bytes());
  } else {
    if (!first_received_) first_received_ = now;
    rtp_.handle_rtp(now, copy->bytes());
  }
}

void Transport::take_dtls_events(TimePoint now) {
  while (auto event = dtls_->poll_event()) {
    if (auto* data = std::get_if<dtls::ApplicationData>(&*event)) {
      data_.push_back(std::move(data->payload));
      continue;
    }
    hand_over(now);
    if (auto* connected = std::get_if<dtls::Connected>(&*event)) {
      connect(now, std::move(*connected));
    } else if (const auto* failed = std::get_if<dtls::Failed>(&*event)) {
      channels_.handle_disconnected(now);
      events_.push_back(Ended{failed->error});
    } else if (std::holds_alternative<dtls::PeerClosed>(*event)) {
      channels_.handle_disconnected(now);
      events_.push_back(Ended{make_error_code(PeerErrc::peer_closed)});
    }
  }
}

void Transport::hand_over(TimePoint now) {
  if (data_.empty()) return;
  channels_.handle_packets(now, data_);
  data_.clear();
}

void Transport::connect(TimePoint now, dtls::Connected connected) {
  keys_ = std::move(connected.srtp_keys);
  connected_ = true;
  events_.push_back(Connected{});
  if (!early_media_.empty() && has_srtp()) {
    for (const PacketBuffer& packet : std::exchange(early_media_, {})) handle_media(now, packet.bytes());
  }
  channels_.handle_connected(now, dtls_->role() == dtls::Role::client, dtls_->max_payload());
}

// Makes the session with the first packet that needs one.
bool Transport::has_srtp() {
  if (srtp_ || !keys_) return srtp_.has_value();
  const dtls::SrtpKeys keys = *std::exchange(keys_, std::nullopt);
  const srtp::Keys client = keys_of(keys.client_key, keys.client_salt);
  const srtp::Keys server = keys_of(keys.server_key, keys.server_salt);
  const bool is_client = dtls_->role() == dtls::Role::client;
  auto session = srtp::Session::create(static_cast<srtp::Profile>(keys.profile), is_client ? client : server,
                                       is_client ? server : client);
  if (session) {
    srtp_.emplace(*std::move(session));
  } else {
    events_.push_back(Ended{session.error()});
  }
  return srtp_.has_value();
}

void Transport::handle_timeout(TimePoint now) {
  if (dtls_) {
    dtls_->handle_timeout(now);
    take_dtls_events(now);
    hand_over(now);
  }
  rtp_.handle_timeout(now);
  channels_.handle_timeout(now);
}

std::optional<TimePoint> Transport::next_timeout() const {
  std::optional<TimePoint> earliest;
  for (const auto due :
       {rtp_.next_timeout(), channels_.next_timeout(), dtls_ ? dtls_->next_timeout() : std::nullopt}) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  return earliest;
}

std::optional<Transport::Packet> Transport::poll_packet(TimePoint now, bool bulk) {
  if (dtls_) {
    if (auto packet = dtls_->poll_packet()) return Packet{*std::move(packet)};
  }
  // Media waits in the session until there are keys.
  while (auto outgoing = carries_media() ? rtp_.poll_packet() : std::nullopt) {
    if (!has_srtp()) break;
    if (auto packet = protect(now, *std::move(outgoing))) return packet;
  }
  return bulk ? poll_data(now) : std::nullopt;
}

// RFC 8261 3: one SCTP packet is one DTLS record.
std::optional<Transport::Packet> Transport::poll_data(TimePoint now) {
  if (!connected_) return std::nullopt;
  while (const auto packet = channels_.poll_packet(now)) {
    if (dtls_->send(now, packet->bytes())) {
      if (auto record = dtls_->poll_packet()) return Packet{*std::move(record)};
    }
    ++dropped_.data_unsendable;
  }
  return std::nullopt;
}

std::optional<Transport::Packet> Transport::protect(TimePoint now, rtp::Outgoing outgoing) {
  using Kind = rtp::Outgoing::Kind;
  if (outgoing.kind == Kind::protected_copy) return Packet{std::move(outgoing.packet), outgoing.media};

  if (tap_ != nullptr) tap_->on_packet(now, PacketTap::Direction::outgoing, outgoing.packet.bytes());
  const Result<void> sealed =
      outgoing.kind == Kind::rtp ? srtp_->protect_rtp(outgoing.packet) : srtp_->protect_rtcp(outgoing.packet);
  if (!sealed) {
    ++dropped_.protect_failed;
    return std::nullopt;
  }
  if (outgoing.keep) rtp_.keep_protected(now, *outgoing.keep, outgoing.packet.bytes());
  if (outgoing.kind == Kind::rtp && !first_sent_) first_sent_ = now;
  if (outgoing.kind == Kind::rtcp) return Packet{std::move(outgoing.packet), std::nullopt, true};
  return Packet{std::move(outgoing.packet), outgoing.media};
}

std::optional<Transport::Event> Transport::poll_event() { return events_.take(); }

void Transport::close(TimePoint now) {
  channels_.close(now);
  while (const auto packet = connected_ ? channels_.poll_packet(now) : std::nullopt) {
    if (!dtls_->send(now, packet->bytes())) break;
  }
  channels_.end(now);
  while (channels_.poll_packet(now)) {
    // An ABORT, which would undo the goodbye.
  }
  if (dtls_) dtls_->close(now);
}

}  // namespace petrel::inline v0::detail

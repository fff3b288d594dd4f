#include "petrel/dtls/connection.hpp"

#include <sys/time.h>
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "crypto/dtls_records.hpp"
#include "dtls/certificate_state.hpp"
#include "dtls/connection_access.hpp"
#include "dtls/datagram_bio.hpp"
#include "dtls/record_layer.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::dtls {
namespace {

// RFC 6347 4.2.4.1 starts at a second, and lets applications that know their network start
// lower: WebRTC peers do at 50 ms, since ICE has just measured the way. It deviates in where
// doubling ends, 60 s there: whoever waits for a call does not wait that long, and 4 s spread
// the 12 timeouts in a row after which OpenSSL gives up over 30 s.
constexpr unsigned first_timeout_us = 50'000;
constexpr unsigned max_timeout_us = 4'000'000;

struct SrtpProfileFacts {
  SrtpProfile profile;
  const char* name;  // OpenSSL's.
  std::size_t key_size;
  std::size_t salt_size;
};
// RFC 5764 4.1.2 and RFC 7714 14.2.
constexpr std::array<SrtpProfileFacts, 3> known_profiles{
    {{SrtpProfile::aes128_cm_sha1_80, "SRTP_AES128_CM_SHA1_80", 16, 14},
     {SrtpProfile::aead_aes_128_gcm, "SRTP_AEAD_AES_128_GCM", 16, 12},
     {SrtpProfile::aead_aes_256_gcm, "SRTP_AEAD_AES_256_GCM", 32, 12}}};
constexpr std::size_t max_keying_material = 2 * (32 + 12);

const SrtpProfileFacts* facts_of(SrtpProfile profile) {
  const auto* it = std::ranges::find(known_profiles, profile, &SrtpProfileFacts::profile);
  return it == known_profiles.end() ? nullptr : it;
}

bool offer_srtp(SSL& ssl, const std::vector<SrtpProfile>& profiles) {
  std::string names;
  for (const SrtpProfile profile : profiles) {
    const auto* facts = facts_of(profile);
    if (facts == nullptr) continue;  // A cast made a profile that we do not know.
    if (!names.empty()) names += ':';
    names += facts->name;
  }
  return names.empty() || SSL_set_tlsext_use_srtp(&ssl, names.c_str()) == 0;  // 0 is success.
}

unsigned next_timeout_of(SSL* ssl, unsigned previous_us) {
  if (previous_us == 0) return first_timeout_us;
  ConnectionAccess::count_retransmission(ConnectionAccess::of(*ssl));
  return std::min(previous_us * 2, max_timeout_us);
}

constexpr std::uint8_t tls12_cid = 25;  // RFC 9146 3, the last type that there is.
constexpr std::uint8_t close_notify = 0;

// Of a packet of whole records.
template <class Each>
void for_each_record(Bytes packet, Each each) {
  constexpr std::size_t before_length = 11;
  while (!packet.empty()) {
    ByteReader reader(packet);
    reader.skip(before_length);
    const std::size_t size = before_length + 2 + reader.u16();
    each(packet.first(size));
    packet = packet.subspan(size);
  }
}

// The last flight has no timer of its own in RFC 6347: the client asks again after its timeout,
// of which OpenSSL grants twelve. Two more copies of these 75 bytes make one lost time in three one in forty.
constexpr std::array<Duration, 2> last_flight_copies{std::chrono::milliseconds(50),
                                                     std::chrono::milliseconds(100)};

}  // namespace

// What waits for the fingerprints.
struct Connection::Unverified {
  X509Handle certificate;
  std::optional<SrtpKeys> keys;
  std::vector<PacketBuffer> data;
};

void Connection::FreeSsl::operator()(ssl_st* ssl) const noexcept { SSL_free(ssl); }

Connection::Connection(TimePoint now, Role role, const Certificate& certificate, ConnectionConfig config)
    : role_(role), config_(std::move(config)), now_(now) {
  ERR_clear_error();
  ssl_.reset(make_ssl(*certificate.state_->key, *certificate.state_->certificate).release());
  if (!ssl_ || !configure(*ssl_)) {
    fail(Errc::library_failure);
    return;
  }
  if (role_ == Role::client) {
    awaits_peer_ = config_.awaits_peer;
    if (!awaits_peer_) handshake_deadline_ = now_ + config_.handshake_timeout;
    advance();
  }
}

Connection::~Connection() = default;

bool Connection::configure(ssl_st& ssl) {
  SSL_set_app_data(&ssl, this);
  BioHandle bio = make_datagram_bio(port_);
  if (!bio) return false;
  SSL_set_bio(&ssl, bio.get(), bio.get());  // Takes one reference for both directions.
  static_cast<void>(bio.release());

  const std::size_t mtu = packet_size();
  DTLS_set_link_mtu(&ssl, static_cast<long>(mtu));
  // Sizes OpenSSL's write buffer; 512 is the least it takes, and no record of ours is longer than the MTU.
  SSL_set_max_send_fragment(&ssl, static_cast<long>(std::max<std::size_t>(mtu, 512)));
  DTLS_set_timer_cb(&ssl, next_timeout_of);
  if (role_ == Role::client) {
    SSL_set_connect_state(&ssl);
  } else {
    SSL_set_accept_state(&ssl);
  }
  return offer_srtp(ssl, config_.srtp_profiles);
}

std::size_t Connection::packet_size() const {
  return std::clamp(config_.mtu_bytes, min_mtu_bytes, PacketBuffer::capacity);
}

void Connection::set_remote_fingerprints(TimePoint now, std::vector<Fingerprint> fingerprints) {
  observe(now);
  if (expected_) return;
  expected_ = std::move(fingerprints);
  if (state_ == State::verifying) verify_peer();
}

void Connection::peer_is_ready(TimePoint now) {
  observe(now);
  if (!std::exchange(awaits_peer_, false) || state_ != State::handshaking) return;
  handshake_deadline_ = now_ + config_.handshake_timeout;
  // If it has kept the ClientHello, the answer is on its way.
  retransmit_at_ = now_ + std::chrono::microseconds(first_timeout_us);
}

void Connection::handle_packet(TimePoint now, Bytes packet) {
  observe(now);
  if (state_ == State::closed) {
    ++stats_.packets_late;
    return;
  }
  ++stats_.packets_received;
  if (!crypto::is_dtls_records(packet, tls12_cid)) {
    ++stats_.packets_malformed;
    return;
  }
  if (state_ == State::handshaking && !handshake_deadline_) {
    handshake_deadline_ = now_ + config_.handshake_timeout;
  }
  peer_is_ready(now);
  if (records_) return handle_records(packet);
  port_.incoming = packet;
  advance();
  port_.incoming = {};
  // OpenSSL has read it; whoever sends it again now is heard no more.
  if (records_) for_each_record(packet, [this](Bytes record) { records_->open(record); });
}

void Connection::handle_records(Bytes packet) {
  for_each_record(packet, [this](Bytes bytes) {
    if (state_ == State::closed) return;
    auto record = records_->open(bytes);
    if (!record) return;
    switch (record->type) {
      case ContentType::application_data:
        last_flight_.clear();  // A client that sends has our Finished.
        copy_at_.reset();
        if (!record->content.empty()) deliver(std::move(record->content));
        break;
      case ContentType::alert:
        handle_alert(record->content.bytes());
        break;
      case ContentType::handshake:
        // The client's Finished again: it did not get ours. A request for another handshake is not answered
        // (RFC 8827 6.5).
        send_last_flight();
        schedule_copies();
        break;
      case ContentType::change_cipher_spec:
        break;
    }
  });
}

// RFC 5246 7.2: a level and a description.
void Connection::handle_alert(Bytes alert) {
  constexpr std::uint8_t fatal = 2;
  ByteReader reader(alert);
  const std::uint8_t level = reader.u8();
  const std::uint8_t description = reader.u8();
  if (!reader.ok()) return;
  if (description == close_notify) {
    say_goodbye();  // RFC 5246 7.2.1: close_notify is answered with close_notify.
    end();
    end_ = PeerClosed{};
  } else if (level == fatal) {
    fail(Errc::peer_alert);
  }
}

void Connection::say_goodbye() {
  if (!records_ || port_.outgoing.size() >= max_queued_packets) return;
  constexpr std::array warning{std::byte{1}, std::byte{close_notify}};
  if (auto packet = records_->seal(ContentType::alert, warning)) port_.outgoing.push_back(*std::move(packet));
}

// OpenSSL sends a flight again message by message; RFC 6347 4.2.3 lets records share a packet. A flight of
// five packets that has to arrive whole is lost four times as often as one of one.
void Connection::pack(std::size_t first) {
  const std::size_t most = packet_size();
  const std::size_t count = port_.outgoing.size();
  if (first + 1 >= count) return;
  for (std::size_t i = 0; i < count; ++i) {
    PacketBuffer packet = port_.outgoing.pop_front();
    const std::size_t before = i > first ? port_.outgoing.back().size() : most;
    if (before + packet.size() > most) {
      port_.outgoing.push_back(std::move(packet));
      continue;
    }
    PacketBuffer& whole = port_.outgoing.back();
    whole.resize(before + packet.size());
    std::memcpy(whole.data() + before, packet.data(), packet.size());
  }
}

// The bytes as they were sent: a client that has them drops the copies as replays.
void Connection::keep_last_flight(std::size_t queued_before) {
  if (role_ != Role::server) return;
  for (std::size_t i = queued_before; i < port_.outgoing.size(); ++i) {
    const Bytes packet = port_.outgoing[i].bytes();
    last_flight_.emplace_back(packet.begin(), packet.end());
  }
  schedule_copies();
}

void Connection::schedule_copies() {
  if (last_flight_.empty() || state_ == State::closed) return;
  copies_sent_ = 0;
  copy_at_ = now_ + last_flight_copies[0];
}

void Connection::send_copy() {
  copy_at_.reset();
  if (state_ == State::closed) return;
  send_last_flight();
  if (++copies_sent_ < last_flight_copies.size()) copy_at_ = now_ + last_flight_copies[copies_sent_];
}

void Connection::send_last_flight() {
  if (last_flight_.empty() || port_.outgoing.size() >= max_queued_packets) return;
  ++stats_.retransmissions;
  for (const std::vector<std::byte>& packet : last_flight_) {
    if (auto copy = PacketBuffer::copy_of(packet)) port_.outgoing.push_back(*std::move(copy));
  }
}

void Connection::handle_timeout(TimePoint now) {
  observe(now);
  if (copy_at_ && now_ >= *copy_at_) send_copy();
  if (handshake_deadline_ && now_ >= *handshake_deadline_) {
    fail(Errc::handshake_timeout);
  } else if (retransmit_at_ && now_ >= *retransmit_at_) {
    ERR_clear_error();
    const std::size_t queued = port_.outgoing.size();
    // Fails after 12 timeouts in a row without an answer.
    if (DTLSv1_handle_timeout(ssl_.get()) < 0) {
      fail(Errc::handshake_timeout);
    } else {
      pack(queued);
      update_timer();
    }
  }
}

std::optional<TimePoint> Connection::next_timeout() const {
  std::optional<TimePoint> earliest;
  for (const auto& due : {handshake_deadline_, retransmit_at_, copy_at_}) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  return earliest;
}

std::optional<PacketBuffer> Connection::poll_packet() {
  auto packet = port_.outgoing.take();
  if (packet) ++stats_.packets_sent;
  return packet;
}

std::optional<Connection::Event> Connection::poll_event() {
  if (const auto connected = std::move(connected_)) return std::move(*connected);
  if (auto payload = data_.take()) return ApplicationData{*std::move(payload)};
  if (const auto end = std::exchange(end_, std::nullopt))
    return std::visit([](const auto& last) { return Event(last); }, *end);
  return std::nullopt;
}

Result<void> Connection::send(TimePoint now, Bytes application_data) {
  observe(now);
  if (state_ != State::connected) return Errc::not_connected;
  if (application_data.empty()) return petrel::Errc::invalid_argument;
  if (application_data.size() > max_payload()) return petrel::Errc::too_long;
  if (port_.outgoing.size() >= max_queued_packets) return petrel::Errc::limit_reached;

  auto packet = records_->seal(ContentType::application_data, application_data);
  if (!packet) return packet.error();
  port_.outgoing.push_back(*std::move(packet));
  return {};
}

void Connection::close(TimePoint now) {
  observe(now);
  if (state_ == State::closed) return;
  say_goodbye();
  end();
}

std::size_t Connection::max_payload() const { return records_ ? packet_size() - records_->overhead() : 0; }

std::string_view Connection::cipher() const { return cipher_; }

ConnectionStats Connection::stats() const {
  ConnectionStats stats = stats_;
  stats.output_dropped = port_.dropped;
  return stats;
}

// Lets OpenSSL work on port_.incoming until it wants more. Every call may also retransmit.
void Connection::advance() {
  const std::size_t queued = port_.outgoing.size();
  if (state_ == State::handshaking) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    pack(queued);
    if (result == 1) {
      keep_last_flight(queued);
      finish_handshake();
    } else {
      handle_error(result);
    }
  }
  update_timer();
}

// What OpenSSL has read behind the last message of the handshake.
void Connection::read_records() {
  std::array<std::byte, SSL3_RT_MAX_PLAIN_LENGTH> record;
  for (;;) {
    ERR_clear_error();
    const int size = SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
    if (size <= 0) return handle_error(size);
    deliver(PacketBuffer::copy_of(Bytes(record).first(static_cast<std::size_t>(size))));
  }
}

// OpenSSL goes, and takes with it what only handshakes need.
void Connection::finish_handshake() {
  state_ = State::verifying;
  handshake_deadline_.reset();
  cipher_ = SSL_get_cipher_name(ssl_.get());
  unverified_ = std::make_unique<Unverified>();
  unverified_->certificate.reset(SSL_get1_peer_certificate(ssl_.get()));
  unverified_->keys = export_keys();
  if (unverified_->certificate) {
    remote_fingerprint_ = fingerprint_of(*unverified_->certificate, HashAlgorithm::sha256);
  }
  if (port_.sealed) records_ = RecordLayer::take_over(*ssl_, role_, *port_.sealed);
  if (!records_) return fail(Errc::library_failure);
  verify_peer();
  if (state_ != State::closed) read_records();
  ssl_.reset();
}

// The gate that keys and data do not pass before the peer is known. The check during the
// handshake only lets the peer know sooner.
void Connection::verify_peer() {
  if (!expected_) return;
  const std::unique_ptr<Unverified> peer = std::move(unverified_);
  if (!peer->certificate || !matches(*peer->certificate)) {
    say_goodbye();  // Too late for bad_certificate: the handshake is over.
    fail(Errc::fingerprint_mismatch);
    return;
  }
  if (!peer->keys && config_.srtp_required && !config_.srtp_profiles.empty()) {
    say_goodbye();
    fail(Errc::no_srtp_profile);
    return;
  }
  state_ = State::connected;
  connected_ = std::make_unique<Connected>(Connected{std::move(peer->keys)});
  for (PacketBuffer& payload : peer->data) data_.push_back(std::move(payload));
}

std::optional<SrtpKeys> Connection::export_keys() const {
  const SRTP_PROTECTION_PROFILE* selected = SSL_get_selected_srtp_profile(ssl_.get());
  const auto* facts = selected == nullptr ? nullptr : facts_of(static_cast<SrtpProfile>(selected->id));
  if (facts == nullptr) return std::nullopt;

  // RFC 5764 4.2: client key, server key, client salt, server salt.
  static constexpr std::string_view label = "EXTRACTOR-dtls_srtp";
  std::array<std::byte, max_keying_material> material;
  const std::size_t size = 2 * (facts->key_size + facts->salt_size);
  const bool exported = SSL_export_keying_material(ssl_.get(), as_unsigned(std::span<std::byte>(material)),
                                                   size, label.data(), label.size(), nullptr, 0, 0) == 1;
  std::optional<SrtpKeys> keys;
  if (exported) {
    ByteReader reader(Bytes(material).first(size));
    keys.emplace();
    keys->profile = facts->profile;
    keys->client_key = crypto::Secret(reader.bytes(facts->key_size));
    keys->server_key = crypto::Secret(reader.bytes(facts->key_size));
    keys->client_salt = crypto::Secret(reader.bytes(facts->salt_size));
    keys->server_salt = crypto::Secret(reader.bytes(facts->salt_size));
  }
  crypto::cleanse(material);
  return keys;
}

// RFC 8122 5.1: of several hash functions the strongest that the peer gave counts, and one
// match among its values is enough.
bool Connection::matches(const x509_st& certificate) const {
  if (!expected_ || expected_->empty()) return false;
  const HashAlgorithm strongest =
      std::ranges::max_element(*expected_, {}, &Fingerprint::algorithm)->algorithm;
  const auto actual = fingerprint_of(certificate, strongest);
  return actual && std::ranges::find(*expected_, *actual) != expected_->end();
}

void Connection::deliver(Result<PacketBuffer> payload) {
  const bool fits =
      unverified_ ? unverified_->data.size() < max_withheld_records : data_.size() < max_queued_events;
  if (!payload || !fits) {
    ++stats_.data_dropped;
  } else if (unverified_) {
    unverified_->data.push_back(*std::move(payload));
  } else {
    data_.push_back(*std::move(payload));
  }
}

void Connection::handle_error(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return;
  if (kind == SSL_ERROR_ZERO_RETURN) {
    say_goodbye();
    end();
    end_ = PeerClosed{};
    return;
  }
  // OpenSSL reports a peer's alert as the reason SSL_AD_REASON_OFFSET + its number.
  const int reason = ERR_GET_REASON(ERR_peek_error());
  if (rejected_) {
    fail(Errc::fingerprint_mismatch);
  } else if (reason >= SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255) {
    fail(Errc::peer_alert);
  } else {
    fail(Errc::handshake_failed);
  }
}

void Connection::fail(std::error_code error) {
  end();
  end_ = Failed{error};
}

void Connection::end() {
  state_ = State::closed;
  handshake_deadline_.reset();
  retransmit_at_.reset();
  copy_at_.reset();
  unverified_.reset();
  ERR_clear_error();  // The queue is the thread's; whoever uses OpenSSL next should not find our errors.
}

// OpenSSL counts on gettimeofday(), and tells how long it still wants to wait.
void Connection::update_timer() {
  retransmit_at_.reset();
  timeval left{};
  if (awaits_peer_ || !ssl_ || state_ == State::closed || DTLSv1_get_timeout(ssl_.get(), &left) != 1) return;
  retransmit_at_ = now_ + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

}  // namespace petrel::inline v0::dtls

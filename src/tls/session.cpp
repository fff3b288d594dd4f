#include "tls/session.hpp"

#include <sys/time.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <utility>

#include "crypto/dtls_records.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/crypto/digest.hpp"
#include "petrel/crypto/system_random.hpp"
#include "tls/context.hpp"
#include "tls/failure.hpp"
#include "tls/identity_state.hpp"

namespace petrel::inline v0::tls {
namespace {

// RFC 6347 4.2.4.1 starts at a second and ends at a minute, and lets those who wait start lower.
// Doubling ends early: a few lost packets must not use up the handshake's time. The twelve timeouts
// after which OpenSSL gives up take 28 s like this.
constexpr unsigned first_timeout_us = 250'000;
constexpr unsigned max_timeout_us = 3'000'000;

// The packets of a DTLS handshake: goes through every path that is seen.
constexpr long handshake_mtu_bytes = 1200;

// What ClientConfig has for clients. A client that takes longer keeps a place that others want.
constexpr Duration server_handshake_timeout = std::chrono::seconds(30);

// RFC 7301 3.1 gives a length octet to each name, and two to all.
constexpr std::size_t max_protocol_size = 255;
constexpr std::size_t max_protocols_size = 1024;

std::optional<std::string> to_wire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    if (protocol.empty() || protocol.size() > max_protocol_size) return std::nullopt;
    wire.push_back(static_cast<char>(protocol.size()));
    wire += protocol;
  }
  if (wire.size() > max_protocols_size) return std::nullopt;
  return wire;
}

constexpr std::uint8_t last_record_type = 23;  // application_data; connection ids are not for servers.

}  // namespace

Session::Session(TimePoint now, Transport transport, Duration handshake_timeout)
    : now_(now), handshake_deadline_(now + handshake_timeout) {
  port_.transport = transport;
}

Result<std::unique_ptr<Session>> Session::client(TimePoint now, const ClientConfig& config) {
  const ErrorQueue errors;
  auto context = make_client_context(config);
  if (!context) return context.error();
  std::unique_ptr<Session> session(new Session(now, config.transport, config.handshake_timeout));
  session->context_ = *std::move(context);
  if (auto created = session->create(*session->context_, config.alpn); !created) return created.error();
  if (auto expected = session->expect_server(config); !expected) return expected.error();
  if (config.identity && !session->show(*config.identity)) return Errc::library_failure;
  SSL_set_connect_state(session->ssl_.get());
  session->advance();
  return session;
}

Result<std::unique_ptr<Session>> Session::server(TimePoint now, Transport transport,
                                                 const ServerIdentity& identity,
                                                 const std::vector<std::string>& alpn,
                                                 const std::optional<Connection::Cookie>& cookie) {
  const ErrorQueue errors;
  std::unique_ptr<Session> session(new Session(now, transport, server_handshake_timeout));
  const IdentityState& state = *identity.state_;
  SSL_CTX& context = transport == Transport::stream ? *state.stream : *state.datagram;
  if (auto created = session->create(context, alpn); !created) return created.error();
  session->cookie_ = cookie ? *cookie : crypto::SystemRandom().bytes<sizeof(Session::cookie_)>();
  session->listening_ = transport == Transport::datagram;
  SSL_set_accept_state(session->ssl_.get());
  return session;
}

Result<void> Session::create(SSL_CTX& context, const std::vector<std::string>& alpn) {
  auto protocols = to_wire(alpn);
  if (!protocols) return Errc::bad_alpn;
  alpn_ = *std::move(protocols);

  ssl_.reset(SSL_new(&context));
  BioHandle bio = make_transport_bio(port_);
  if (!ssl_ || !bio) return Errc::library_failure;
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_bio(ssl_.get(), bio.get(), bio.get());  // Takes one reference for both directions.
  static_cast<void>(bio.release());
  if (!stream()) set_up_datagrams();
  return {};
}

void Session::set_up_datagrams() {
  DTLS_set_link_mtu(ssl_.get(), handshake_mtu_bytes);
  SSL_set_max_send_fragment(ssl_.get(), static_cast<long>(Connection::max_datagram_bytes));
  DTLS_set_timer_cb(ssl_.get(), on_timer);
}

Result<void> Session::expect_server(const ClientConfig& config) {
  SSL* ssl = ssl_.get();
  server_name_ = config.server_name;
  unix_time_ = config.unix_time;
  auto name = parse_server_name(config.server_name);
  if (!name && !(config.dangerously_skip_verification && config.server_name.empty())) {
    return Errc::bad_server_name;
  }
  // RFC 6066 3: no addresses in SNI. OpenSSL's macro for this has an old-style cast.
  if (name && !name->address &&
      SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name->dns.data()) != 1) {
    return Errc::library_failure;
  }
  const Bytes protocols = alpn();
  if (!protocols.empty() &&
      SSL_set_alpn_protos(ssl, as_unsigned(protocols), static_cast<unsigned>(protocols.size())) !=
          0) {  // 0: success
    return Errc::library_failure;
  }
  if (config.dangerously_skip_verification) {
    SSL_set_verify(ssl, SSL_VERIFY_NONE, nullptr);
    return {};
  }

  SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verify);
  X509_VERIFY_PARAM* expected = SSL_get0_param(ssl);
  // RFC 9525 6.3: a wildcard is a whole label; 2: the common name does not count.
  X509_VERIFY_PARAM_set_hostflags(expected,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (config.unix_time != 0) {
    // OpenSSL wants a time_t; where that has 32 bits, what comes after its end is taken for its end.
    using Limits = std::numeric_limits<std::time_t>;
    X509_VERIFY_PARAM_set_time(expected, static_cast<std::time_t>(std::clamp<std::int64_t>(
                                             config.unix_time, Limits::min(), Limits::max())));
  }
  const int set = name->address ? X509_VERIFY_PARAM_set1_ip(expected, name->address->octets().data(),
                                                            name->address->size())
                                : X509_VERIFY_PARAM_set1_host(expected, name->dns.data(), name->dns.size());
  if (set != 1) return Errc::library_failure;
  return {};
}

bool Session::show(const ServerIdentity& identity) {
  const IdentityState& state = *identity.state_;
  SSL* ssl = ssl_.get();
  if (SSL_use_certificate(ssl, state.chain.front().get()) != 1 ||
      SSL_use_PrivateKey(ssl, state.key.get()) != 1) {
    return false;
  }
  for (std::size_t i = 1; i < state.chain.size(); ++i) {
    // OpenSSL's macro for this, SSL_add1_chain_cert(), has an old-style cast.
    if (SSL_ctrl(ssl, SSL_CTRL_CHAIN_CERT, 1, state.chain[i].get()) != 1) return false;
  }
  return true;
}

// Called for each finding of the verification; the first bad one ends it.
int Session::on_verify(int accepted, X509_STORE_CTX* store) {
  if (accepted == 1) return 1;
  const auto* ssl =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const X509* certificate = X509_STORE_CTX_get_current_cert(store);
  if (certificate == nullptr) certificate = X509_STORE_CTX_get0_cert(store);
  Session& session = of(*ssl);
  if (certificate != nullptr) {
    session.certificate_failure_ = certificate_failure(X509_STORE_CTX_get_error(store), *certificate,
                                                       session.server_name_, session.unix_time_);
  }
  return 0;
}

unsigned Session::on_timer(SSL* ssl, unsigned previous_us) {
  if (previous_us == 0) return first_timeout_us;
  ++of(*ssl).stats_.retransmissions;
  return std::min(previous_us * 2, max_timeout_us);
}

bool Session::write_cookie(unsigned char* out, unsigned& size) const {
  std::ranges::copy(cookie_, std::as_writable_bytes(std::span(out, cookie_.size())).begin());
  size = static_cast<unsigned>(cookie_.size());
  return true;
}

bool Session::accepts_cookie(Bytes cookie) const { return crypto::equal_in_constant_time(cookie, cookie_); }

void Session::handle_bytes(TimePoint now, Bytes bytes) {
  observe(now);
  if (!open()) return;
  stats_.bytes_received += bytes.size();
  if (!stream() && !crypto::is_dtls_records(bytes, last_record_type)) {
    ++stats_.packets_malformed;
    return;
  }
  port_.incoming = bytes;
  advance();
  port_.incoming = {};
}

void Session::handle_end(TimePoint now) {
  observe(now);
  if (!open()) return;
  fail(state_ == State::handshaking
           ? Failed{Errc::truncated,
                    "the connection was closed during the TLS handshake: is it the right port?"}
           : Failed{Errc::truncated,
                    "the connection was closed without close_notify: what came last may be missing"});
}

void Session::handle_timeout(TimePoint now) {
  observe(now);
  if (handshake_deadline_ && now_ >= *handshake_deadline_) {
    fail({Errc::handshake_timeout, stream() ? "the peer has not finished the TLS handshake in time"
                                            : "the peer has not finished the DTLS handshake in time"});
  } else if (retransmit_at_ && now_ >= *retransmit_at_) {
    const ErrorQueue errors;
    // Fails after 12 timeouts in a row without an answer.
    if (DTLSv1_handle_timeout(ssl_.get()) < 0) {
      fail({Errc::handshake_timeout, "the peer has not answered in the DTLS handshake"});
    } else {
      update_timer();
    }
  }
}

std::optional<TimePoint> Session::next_timeout() const {
  if (!handshake_deadline_) return retransmit_at_;
  return retransmit_at_ ? std::min(*retransmit_at_, *handshake_deadline_) : *handshake_deadline_;
}

std::optional<PacketBuffer> Session::poll_packet() {
  if (port_.outgoing.empty()) return std::nullopt;
  std::optional<PacketBuffer> packet(std::move(port_.outgoing.front()));
  port_.outgoing.pop_front();
  port_.outgoing_bytes -= packet->size();
  stats_.bytes_sent += packet->size();
  return packet;
}

std::optional<Connection::Event> Session::poll_event() {
  if (events_.empty()) return std::nullopt;
  std::optional<Connection::Event> event(std::move(events_.front()));
  events_.pop_front();
  return event;
}

Result<void> Session::send(TimePoint now, Bytes application_data) {
  observe(now);
  if (!open()) return Errc::closed;
  if (!stream() && application_data.empty()) return petrel::Errc::invalid_argument;
  if (!stream() && application_data.size() > Connection::max_datagram_bytes) return petrel::Errc::too_long;
  if (application_data.empty()) return {};
  if (state_ == State::handshaking) return keep_early(application_data);
  if (stream() ? port_.outgoing_bytes + application_data.size() > Connection::max_unsent_bytes
               : port_.outgoing.size() >= Connection::max_unsent_packets) {
    return petrel::Errc::limit_reached;
  }
  const ErrorQueue errors;
  return write(application_data);
}

Result<void> Session::keep_early(Bytes application_data) {
  if (early_bytes_ + application_data.size() > Connection::max_early_bytes ||
      early_.size() >= Connection::max_unsent_packets) {
    return petrel::Errc::limit_reached;
  }
  early_bytes_ += application_data.size();
  if (stream() && !early_.empty()) {
    early_.back().insert(early_.back().end(), application_data.begin(), application_data.end());
  } else {
    early_.emplace_back(application_data.begin(), application_data.end());
  }
  return {};
}

// All of it: OpenSSL cuts a stream into records, and the port has room.
Result<void> Session::write(Bytes application_data) {
  std::size_t written = 0;
  const int result = SSL_write_ex(ssl_.get(), application_data.data(), application_data.size(), &written);
  if (result == 1 && written == application_data.size()) return {};
  handle_error(result);
  if (open()) fail({Errc::library_failure, "OpenSSL could not send"});
  return Errc::closed;
}

void Session::close(TimePoint now) {
  observe(now);
  if (!open()) return;
  const ErrorQueue errors;
  if (state_ == State::connected) SSL_shutdown(ssl_.get());
  end();
}

ConnectionStats Session::stats() const {
  ConnectionStats stats = stats_;
  stats.output_dropped = port_.dropped;
  return stats;
}

// Answers a ClientHello without the cookie by a HelloVerifyRequest, and forgets it. True: one with the
// cookie has come, and the handshake begins with it.
bool Session::listen() {
  // For the address of the client, of which our BIO knows nothing.
  const std::unique_ptr<BIO_ADDR, decltype(&BIO_ADDR_free)> address(BIO_ADDR_new(), BIO_ADDR_free);
  if (!address || DTLSv1_listen(ssl_.get(), address.get()) != 1) return false;
  listening_ = false;
  set_up_datagrams();  // OpenSSL has cleared these with all else.
  return true;
}

// Lets OpenSSL work on port_.incoming until it wants more. Every call may also retransmit.
void Session::advance() {
  const ErrorQueue errors;
  if (listening_ && !listen()) return;
  if (state_ == State::handshaking) {
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      finish_handshake();
    } else {
      handle_error(result);
    }
  }
  if (state_ == State::connected) stream() ? read_stream() : read_records();
  update_timer();
}

void Session::finish_handshake() {
  state_ = State::connected;
  handshake_deadline_.reset();
  const unsigned char* protocol = nullptr;
  unsigned protocol_size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &protocol_size);
  events_.push_back(Connected{SSL_get_version(ssl_.get()), SSL_get_cipher_name(ssl_.get()),
                              std::string(as_text(std::as_bytes(std::span(protocol, protocol_size))))});
  while (!early_.empty() && state_ == State::connected) {
    const std::vector<std::byte> data = std::move(early_.front());
    early_.pop_front();
    static_cast<void>(write(data));
  }
  early_bytes_ = 0;
}

// Fills the last unread packet before it takes another: small records must not become many events.
void Session::read_stream() {
  while (state_ == State::connected) {
    auto* last = events_.empty() ? nullptr : std::get_if<Data>(&events_.back());
    if (last == nullptr || last->payload.size() == PacketBuffer::capacity) {
      last = &std::get<Data>(events_.emplace_back(Data{}));
    }
    PacketBuffer& packet = last->payload;
    const std::size_t used = packet.size();
    packet.resize(PacketBuffer::capacity);
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), packet.data() + used, packet.size() - used, &size);
    packet.resize(used + size);
    if (packet.empty()) events_.pop_back();
    if (result != 1) return handle_error(result);
    if (events_.size() > Connection::max_unread_events) {
      fail({petrel::Errc::limit_reached, "nobody has read what arrived"});
    }
  }
}

void Session::read_records() {
  std::array<std::byte, SSL3_RT_MAX_PLAIN_LENGTH> record;
  while (state_ == State::connected) {
    ERR_clear_error();
    std::size_t size = 0;
    const int result = SSL_read_ex(ssl_.get(), record.data(), record.size(), &size);
    if (result != 1) {
      handle_error(result);
      break;
    }
    auto payload = PacketBuffer::copy_of(Bytes(record).first(size));
    if (payload && events_.size() < Connection::max_unread_events) {
      events_.push_back(Data{*std::move(payload)});
    } else {
      ++stats_.data_dropped;
    }
  }
}

void Session::handle_error(int result) {
  const int kind = SSL_get_error(ssl_.get(), result);
  if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) return;
  if (kind == SSL_ERROR_ZERO_RETURN) {
    SSL_shutdown(ssl_.get());  // RFC 8446 6.1: close_notify is answered, though no longer at once.
    end();
    events_.push_back(Closed{});
  } else if (port_.overflowed) {
    fail({petrel::Errc::limit_reached, "nobody has sent what there was to send"});
  } else if (certificate_failure_) {
    fail(*std::exchange(certificate_failure_, std::nullopt));
  } else {
    fail(protocol_failure(ERR_peek_error(), state_ == State::handshaking));
  }
}

void Session::fail(Failed failure) {
  end();
  events_.push_back(std::move(failure));
}

void Session::end() {
  state_ = State::closed;
  handshake_deadline_.reset();
  retransmit_at_.reset();
  early_.clear();
}

// OpenSSL counts on gettimeofday(), and tells how long it still wants to wait.
void Session::update_timer() {
  retransmit_at_.reset();
  timeval left{};
  if (stream() || !open() || DTLSv1_get_timeout(ssl_.get(), &left) != 1) return;
  retransmit_at_ = now_ + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
}

}  // namespace petrel::inline v0::tls

#include "turn/requests.hpp"

#include <algorithm>
#include <utility>

#include "petrel/stun/builder.hpp"
#include "turn/report_text.hpp"

namespace petrel::inline v0::turn {
namespace {

std::uint32_t in_seconds(Duration lifetime) {
  // LIFETIME has 32 bits of seconds; nobody grants a day.
  const Duration sane = std::clamp<Duration>(lifetime, Duration{0}, std::chrono::hours(24));
  return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(sane).count());
}

bool is_challenge(int code) {
  return code == stun::error_code::unauthenticated || code == stun::error_code::stale_nonce;
}

Errc error_of(int code) {
  switch (code) {
    case stun::error_code::unauthenticated:
    case stun::error_code::wrong_credentials:
      return Errc::wrong_credentials;
    case stun::error_code::allocation_mismatch:
      return Errc::allocation_mismatch;
    case stun::error_code::allocation_quota_reached:
      return Errc::quota_reached;
    case stun::error_code::insufficient_capacity:
      return Errc::insufficient_capacity;
    case stun::error_code::address_family_not_supported:
    case stun::error_code::peer_address_family_mismatch:
      return Errc::family_unsupported;
    case stun::error_code::unsupported_transport_protocol:
      return Errc::transport_unsupported;
    case stun::error_code::connection_already_exists:
      return Errc::connection_exists;
    case stun::error_code::connection_timeout_or_failure:
      return Errc::connection_failed;
    case stun::error_code::try_alternate:
      return Errc::redirected;
    default:
      return Errc::refused;
  }
}

// Sent at 0, 0.5 and 1.5 s, and given up at 3.5 s.
constexpr unsigned urgent_sends = 3;
constexpr unsigned urgent_last_wait = 4;

stun::RetransmissionSchedule schedule_of(const Request& request, stun::RetransmissionSchedule usual,
                                         bool is_datagram) {
  if (!request.urgent) return is_datagram ? usual : stun::RetransmissionSchedule::reliable();
  if (is_datagram) return {.rto = usual.rto, .max_sends = urgent_sends, .last_wait = urgent_last_wait};
  // TCP repeats by itself, and a lost segment is through after some seconds, or not soon.
  return {.rto = std::chrono::seconds(5), .max_sends = 1, .last_wait = 1};
}

stun::Method method_of(RequestKind kind) {
  switch (kind) {
    case RequestKind::allocate:
      return stun::Method::allocate;
    case RequestKind::refresh:
      return stun::Method::refresh;
    case RequestKind::create_permission:
      return stun::Method::create_permission;
    case RequestKind::channel_bind:
      return stun::Method::channel_bind;
    case RequestKind::connect:
      return stun::Method::connect;
    case RequestKind::connection_bind:
      return stun::Method::connection_bind;
  }
  return {};
}

void add_allocate(stun::Builder& out, const ClientConfig& config, std::uint8_t relay_protocol) {
  out.requested_transport(relay_protocol);
  if (config.both_families && relay_protocol == stun::relay_protocol::udp) {
    out.additional_address_family(IpFamily::v6);  // RFC 8656 7.1: beside IPv4, and only IPv6.
  } else if (config.family) {
    out.requested_address_family(*config.family);
  }
}

}  // namespace

Result<PacketBuffer> Requests::build(const Request& request, const stun::TransactionId& id) {
  stun::Builder out(stun::Class::request, method_of(request.kind), id);
  switch (request.kind) {
    case RequestKind::allocate:
      add_allocate(out, state_.config, request.relay_protocol);
      [[fallthrough]];
    case RequestKind::refresh:
      out.lifetime(in_seconds(request.lifetime));
      break;
    case RequestKind::create_permission:
      out.xor_peer_address({request.peer.address, 0});  // RFC 8656 9.1: the port is ignored.
      break;
    case RequestKind::channel_bind:
      out.channel_number(request.channel).xor_peer_address(request.peer);
      break;
    case RequestKind::connect:
      out.xor_peer_address(request.peer);
      break;
    case RequestKind::connection_bind:
      out.connection_id(request.connection_id);
      break;
  }
  if (!state_.config.software.empty()) out.software(state_.config.software);
  authentication_.add_to(out);
  return out.finish(authentication_.seal());
}

std::optional<Answer> Requests::start(TimePoint now, const Request& request, unsigned challenges) {
  const auto schedule = schedule_of(request, state_.config.schedule, link_.is_datagram());
  Pending pending{.request = request,
                  .transaction = {now, state_.random.bytes<stun::TransactionId{}.size()>(), schedule},
                  .message = {},
                  .challenges = challenges};
  const auto packet = build(request, pending.transaction.id());
  if (!packet)
    return Answer{.request = request, .error = packet.error()};  // Name, realm and nonce are too long.
  pending.message.assign(packet->bytes().begin(), packet->bytes().end());
  if (authentication_.challenged()) {
    pending.signed_by = authentication_.generation();
    state_.report.credentials_sent = true;
  }
  if (pending.transaction.due(now)) transmit(now, pending.message);
  pending_.push_back(std::move(pending));
  return std::nullopt;
}

bool Requests::hurry(TimePoint now, RequestKind kind) {
  const auto is_of_kind = [kind](const Pending& pending) { return pending.request.kind == kind; };
  const auto pending = std::ranges::find_if(pending_, is_of_kind);
  if (pending == pending_.end()) return false;
  if (std::exchange(pending->request.urgent, true)) return true;
  const auto schedule = schedule_of(pending->request, state_.config.schedule, link_.is_datagram());
  pending->transaction = {now, pending->transaction.id(), schedule};
  if (pending->transaction.due(now) && link_.is_datagram()) transmit(now, pending->message);
  return true;
}

void Requests::send_once(TimePoint now, const Request& request) {
  if (const auto packet = build(request, state_.random.bytes<stun::TransactionId{}.size()>())) {
    transmit(now, packet->bytes());
  }
}

void Requests::transmit(TimePoint now, Bytes message) {
  auto packet = PacketBuffer::copy_of(message);
  if (packet && link_.send(now, *std::move(packet))) ++state_.stats.requests_sent;
}

bool Requests::expects(const stun::MessageView& response) const {
  const stun::TransactionId id = response.id();
  return std::ranges::any_of(pending_, [&](const Pending& p) { return p.transaction.id() == id; });
}

bool Requests::forged() const { return std::ranges::any_of(pending_, &Pending::forged); }

bool Requests::is_authentic(const Pending& pending, const stun::MessageView& response) const {
  // The first request is not signed, and then its response cannot be (RFC 8489 9.2.5).
  return !pending.signed_by || authentication_.verify(response);
}

Answer Requests::take(Iterator pending, std::error_code error) {
  Answer answer{.request = pending->request, .error = error};
  pending_.erase(pending);
  return answer;
}

std::optional<Answer> Requests::handle_response(TimePoint now, const stun::MessageView& response) {
  const auto pending =
      std::ranges::find(pending_, response.id(), [](const Pending& p) { return p.transaction.id(); });
  if (pending == pending_.end()) return std::nullopt;
  if (response.method() != method_of(pending->request.kind) ||
      (response.has_fingerprint() && !response.fingerprint_ok())) {
    ++state_.stats.unexpected;
    return std::nullopt;
  }
  ++state_.stats.responses_received;

  const bool success = response.message_class() == stun::Class::success_response;
  const auto error = success ? std::nullopt : response.error_code();
  if (error) {
    state_.report.last_error_code = error->code;
    state_.report.last_error_reason = printable(error->reason);
  }
  // A challenge is not signed: it comes from a server that knows nothing yet, or no longer.
  if (error && is_challenge(error->code)) return handle_challenge(now, pending, response, error->code);

  if (!is_authentic(*pending, response)) {
    ++state_.stats.unauthentic;
    pending->forged = true;
    // RFC 8489 9.2.5: over datagrams the right response may still come; on a stream nothing else will.
    if (link_.is_datagram()) return std::nullopt;
    return take(pending, Errc::unauthentic_answer);
  }
  // RFC 8489 6.3.3, 6.3.4: what cannot be understood, or has no reason, has failed all the same.
  if (!response.unknown_required().empty()) return take(pending, Errc::malformed_answer);
  if (!success && !error) return take(pending, Errc::refused);

  Answer answer = take(pending, success ? std::error_code{} : make_error_code(error_of(error->code)));
  answer.code = error ? error->code : 0;
  answer.response = &response;
  return answer;
}

std::optional<Answer> Requests::handle_challenge(TimePoint now, Iterator pending,
                                                 const stun::MessageView& response, int code) {
  state_.report.challenged = true;
  std::error_code error;
  if (pending->challenges == max_challenges) {
    error = Errc::nonce_loop;
  } else if (const auto taken = authentication_.handle_challenge(response, code, pending->signed_by);
             !taken) {
    error = taken.error();
  }
  if (error) {
    Answer answer = take(pending, error);
    answer.code = code;
    return answer;
  }
  const unsigned challenges = pending->challenges + 1;
  return start(now, take(pending, {}).request, challenges);
}

std::optional<Answer> Requests::handle_timeout(TimePoint now) {
  for (auto pending = pending_.begin(); pending != pending_.end(); ++pending) {
    if (pending->transaction.due(now)) {
      transmit(now, pending->message);
    } else if (pending->transaction.failed(now)) {
      return take(pending, pending->forged ? Errc::unauthentic_answer : Errc::timed_out);
    }
  }
  return std::nullopt;
}

std::optional<TimePoint> Requests::next_timeout() const {
  std::optional<TimePoint> earliest;
  for (const Pending& pending : pending_) {
    const auto due = pending.transaction.next_timeout();
    if (due && (!earliest || *due < *earliest)) earliest = due;
  }
  return earliest;
}

}  // namespace petrel::inline v0::turn

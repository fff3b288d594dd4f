#include "petrel/stun/binding_client.hpp"

#include <algorithm>
#include <utility>

#include "petrel/stun/builder.hpp"

namespace petrel::inline v0::stun {
namespace {

// One server and four redirections: more is a loop, or somebody who plays with us.
constexpr std::size_t max_servers = 5;

// No answer to a Binding request has more; a stream that promises it carries something else.
constexpr std::size_t max_answer_bytes = 2048;

// An answer may not send us to talk to ourselves or to everybody.
bool may_be_asked(const Endpoint& alternate, const Endpoint& server) {
  const IpAddress& address = alternate.address;
  if (alternate.port == 0 || address.is_unspecified() || address.is_multicast()) return false;
  if (address.is_loopback() && !server.address.is_loopback()) return false;
  return address.family() == server.address.family();  // RFC 8489 10
}

}  // namespace

BindingClient::BindingClient(TimePoint now, BindingClientConfig config, RandomSource& random)
    : config_(std::move(config)), random_(random), now_(now) {
  start(config_.server);
}

void BindingClient::start(const Endpoint& server) {
  tried_.push_back(server);
  transaction_.emplace(now_, random_.bytes<TransactionId{}.size()>(),
                       config_.over_stream ? RetransmissionSchedule::reliable() : config_.schedule);
  if (transaction_->due(now_)) send();
}

void BindingClient::send() {
  Builder request(Class::request, Method::binding, transaction_->id());
  if (!config_.software.empty()) request.software(config_.software);
  auto packet = request.finish();
  if (!packet) return fail(packet.error());
  transmits_.push_back({config_.flow, tried_.back(), *std::move(packet)});
}

bool BindingClient::handle_datagram(TimePoint now, const Datagram& datagram) {
  now_ = std::max(now_, now);
  if (!transaction_ || datagram.flow != config_.flow) return false;
  if (config_.over_stream) return handle_bytes(datagram.payload);
  if (!looks_like_stun(datagram.payload)) return false;
  const Bytes id = datagram.payload.subspan(8, TransactionId{}.size());
  if (!equal(id, transaction_->id())) return false;

  const auto response = MessageView::parse(datagram.payload);
  if (!response || (response->has_fingerprint() && !response->fingerprint_ok())) {
    ++stats_.malformed;
    return true;
  }
  // RFC 8489 6.3.1 leaves the source to us. Whoever reads our request can forge an answer anyway;
  // whoever only knows where we asked cannot.
  if (datagram.source != tried_.back() || response->method() != Method::binding) {
    ++stats_.unexpected;
    return true;
  }
  handle_response(*response);
  return true;
}

// RFC 8489 6.2.2: a message says itself where it ends.
bool BindingClient::handle_bytes(Bytes bytes) {
  unfinished_.insert(unfinished_.end(), bytes.begin(), bytes.end());
  while (transaction_ && unfinished_.size() >= header_size) {
    ByteReader header(unfinished_);
    header.skip(2);
    const std::size_t size = header_size + header.u16();
    if (header.u32() != magic_cookie || size > max_answer_bytes) {
      ++stats_.malformed;
      fail(Errc::not_stun);
      break;
    }
    if (unfinished_.size() < size) break;
    const std::vector<std::byte> message(unfinished_.begin(),
                                         unfinished_.begin() + static_cast<std::ptrdiff_t>(size));
    unfinished_.erase(unfinished_.begin(), unfinished_.begin() + static_cast<std::ptrdiff_t>(size));
    const auto response = MessageView::parse(message);
    if (!response || (response->has_fingerprint() && !response->fingerprint_ok())) {
      ++stats_.malformed;
    } else if (response->id() != transaction_->id() || response->method() != Method::binding) {
      ++stats_.unexpected;
    } else {
      handle_response(*response);
    }
  }
  if (!transaction_) unfinished_.clear();
  return true;
}

void BindingClient::handle_response(const MessageView& response) {
  if (response.message_class() == Class::success_response) {
    handle_success(response);
  } else if (response.message_class() == Class::error_response) {
    handle_error(response);
  } else {
    ++stats_.unexpected;
  }
}

void BindingClient::handle_success(const MessageView& response) {
  // RFC 8489 6.3.3: an answer that we cannot fully understand ends the transaction.
  if (!response.unknown_required().empty()) return fail(Errc::unknown_attribute);
  auto address = response.xor_mapped_address();
  if (!address) address = response.mapped_address();  // RFC 8489 12: what servers before RFC 5389 send.
  if (!address) return fail(Errc::no_mapped_address);
  finish(MappedAddress{*address, tried_.back()});
}

void BindingClient::handle_error(const MessageView& response) {
  if (!response.unknown_required().empty()) return fail(Errc::unknown_attribute);
  const auto error = response.error_code();
  if (!error) return fail(Errc::refused);  // RFC 8489 6.3.4

  if (error->code == error_code::try_alternate) {
    const auto alternate = response.alternate_server();
    if (config_.over_stream || !alternate || !may_be_asked(*alternate, tried_.back()) ||
        tried_.size() == max_servers || std::ranges::find(tried_, *alternate) != tried_.end()) {
      return fail(Errc::redirect_refused, error->code);
    }
    transmits_.clear();
    return start(*alternate);
  }
  // Nothing in our request has to be understood, so there is nothing to leave out after a 420.
  fail(error->code == error_code::unknown_attribute ? Errc::unknown_attribute : Errc::refused, error->code);
}

void BindingClient::handle_timeout(TimePoint now) {
  now_ = std::max(now_, now);
  if (!transaction_) return;
  if (transaction_->due(now_)) {
    send();
  } else if (transaction_->failed(now_)) {
    fail(Errc::timed_out);
  }
}

std::optional<TimePoint> BindingClient::next_timeout() const {
  if (!transaction_) return std::nullopt;
  return transaction_->next_timeout();
}

std::optional<Transmit> BindingClient::poll_transmit() {
  if (transmits_.empty()) return std::nullopt;
  Transmit transmit = std::move(transmits_.front());
  transmits_.pop_front();
  return transmit;
}

std::optional<BindingEvent> BindingClient::poll_event() { return std::exchange(event_, std::nullopt); }

void BindingClient::finish(Event event) {
  transaction_.reset();
  transmits_.clear();
  event_ = event;
}

void BindingClient::fail(std::error_code error, int code) { finish(BindingFailed{error, code}); }

}  // namespace petrel::inline v0::stun

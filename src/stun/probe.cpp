#include "stun/probe.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/assert.hpp"
#include "petrel/stun/builder.hpp"

namespace petrel::inline v0::stun {
namespace {

constexpr Duration shortest_interval = std::chrono::milliseconds(20);
constexpr Duration longest_wait = std::chrono::minutes(1);
constexpr unsigned max_sends = 64;

ProbeSchedule within_limits(ProbeSchedule schedule) {
  schedule.interval = std::clamp(schedule.interval, shortest_interval, longest_wait);
  schedule.sends = std::clamp(schedule.sends, 1U, max_sends);
  schedule.last_wait = std::clamp(schedule.last_wait, shortest_interval, longest_wait);
  return schedule;
}

}  // namespace

Probe::Probe(TimePoint now, Question question, const TransactionId& id, const ProbeSchedule& schedule)
    : question_(question), id_(id), schedule_(within_limits(schedule)), next_(now), last_sent_(now) {}

bool Probe::due(TimePoint now) {
  if (!waits() || now < next_ || sends_ == schedule_.sends) return false;
  ++sends_;
  last_sent_ = now;
  next_ = now + (sends_ == schedule_.sends ? schedule_.last_wait : schedule_.interval);
  return true;
}

void Probe::handle_timeout(TimePoint now) {
  if (waits() && sends_ == schedule_.sends && now >= next_) state_ = State::silent;
}

std::optional<TimePoint> Probe::next_timeout() const { return waits() ? std::optional(next_) : std::nullopt; }

Transmit Probe::request(std::string_view software) const {
  Builder builder(Class::request, Method::binding, id_);
  if (question_.change != ChangeRequest{}) builder.change_request(question_.change);
  if (question_.response_port != 0) builder.response_port(question_.response_port);
  if (!software.empty()) builder.software(software);
  auto packet = builder.finish();
  PETREL_ASSERT(packet);
  return {question_.flow, question_.to, *std::move(packet)};
}

bool Probe::handle(const Datagram& datagram, const MessageView& message) {
  if (message.method() != Method::binding) return false;
  switch (message.message_class()) {
    case Class::request:
      if (!question_.comes_back || datagram.flow != question_.answer_at) return false;
      state_ = State::answered;
      return true;
    case Class::success_response:
      return handle_success(datagram, message);
    case Class::error_response:
      return handle_error(datagram, message);
    case Class::indication:
      return false;
  }
  return false;
}

bool Probe::handle_success(const Datagram& datagram, const MessageView& response) {
  if (datagram.source != question_.answer_from || datagram.flow != question_.answer_at) {
    // RFC 5780 7.2, 7.5: a server from before them answers as if they were not there.
    const bool disregarded = datagram.source == question_.to && datagram.flow == question_.flow;
    if (disregarded) state_ = State::refused;
    return disregarded;
  }
  if (!response.unknown_required().empty()) {
    state_ = State::refused;  // RFC 8489 6.3.3
    return true;
  }
  mapped_ = response.xor_mapped_address();
  if (!mapped_) mapped_ = response.mapped_address();
  other_address_ = response.other_address();
  state_ = mapped_ ? State::answered : State::refused;
  return true;
}

bool Probe::handle_error(const Datagram& datagram, const MessageView& response) {
  if (datagram.source != question_.to || datagram.flow != question_.flow) return false;
  if (const auto error = response.error_code()) code_ = error->code;
  state_ = State::refused;
  return true;
}

}  // namespace petrel::inline v0::stun

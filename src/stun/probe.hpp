#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "petrel/net/datagram.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/stun/nat_discovery.hpp"

namespace petrel::inline v0::stun {

/// One Binding request of a discovery, repeated until it is answered or silence is certain.
class Probe {
 public:
  struct Question {
    FlowId flow;
    Endpoint to;
    Endpoint answer_from;  ///< Nobody else's answer counts.
    FlowId answer_at;      ///< RESPONSE-PORT leads it to another flow.
    ChangeRequest change{};
    std::uint16_t response_port = 0;  ///< 0: no RESPONSE-PORT.
    bool comes_back = false;          ///< Sent to our own mapped address: the request is its own answer.
  };
  enum class State : std::uint8_t {
    waiting,
    answered,
    refused,  ///< An error, or an answer that disregards what the question asked for.
    silent,
  };

  Probe(TimePoint now, Question question, const TransactionId& id, const ProbeSchedule& schedule);

  /// True when it is to be sent now, the first time at once. Each true counts as one sending.
  bool due(TimePoint now);
  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  Transmit request(std::string_view software) const;

  bool is_answered_by(const TransactionId& id) const { return state_ == State::waiting && id == id_; }
  /// A message with this probe's id. False: it is not what can come there, and changes nothing.
  bool handle(const Datagram& datagram, const MessageView& message);

  const Question& question() const { return question_; }
  State state() const { return state_; }
  bool waits() const { return state_ == State::waiting; }
  /// What a refusal said, or 0.
  int code() const { return code_; }
  /// Of an answered probe.
  const std::optional<Endpoint>& mapped() const { return mapped_; }
  const std::optional<Endpoint>& other_address() const { return other_address_; }
  TimePoint last_sent() const { return last_sent_; }

 private:
  bool handle_success(const Datagram& datagram, const MessageView& response);
  bool handle_error(const Datagram& datagram, const MessageView& response);

  Question question_;
  TransactionId id_;
  ProbeSchedule schedule_;
  State state_ = State::waiting;
  unsigned sends_ = 0;
  TimePoint next_;
  TimePoint last_sent_;
  int code_ = 0;
  std::optional<Endpoint> mapped_;
  std::optional<Endpoint> other_address_;
};

}  // namespace petrel::inline v0::stun

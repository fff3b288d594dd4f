#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "peer/jsep_changes.hpp"
#include "peer/jsep_description.hpp"
#include "peer/jsep_sections.hpp"
#include "peer/jsep_transceivers.hpp"
#include "peer/jsep_verdict.hpp"
#include "petrel/peer/jsep.hpp"

namespace petrel::inline v0::jsep {

/// Everything behind Negotiation. Kept apart so that users of jsep.hpp see no SDP grammar.
class Negotiation::Session {
 public:
  explicit Session(NegotiationConfig config) : config_(std::move(config)) {}

  Result<TransceiverId> add_transceiver(TransceiverInit init);
  Result<Transceiver*> live_transceiver(TransceiverId id);
  Result<void> set_sender(TransceiverId id, SenderStreams sender);
  Result<void> set_codecs(TransceiverId id, std::vector<Codec> codecs);
  Result<void> stop(TransceiverId id);

  Result<SessionDescription> create_offer(const LocalTransport& transport);
  Result<SessionDescription> create_answer(const LocalTransport& transport);
  bool has_place_for_sctp_init() const;
  Result<Changes> set_local(const SessionDescription& description);
  Result<Changes> set_remote(const SessionDescription& description);
  Result<Changes> rollback();
  Result<std::string> add_remote_candidate(const TrickledCandidate& candidate);
  void add_data_channels() { wants_data_channels_ = true; }
  bool negotiation_needed() const;

  const Description* local() const { return pending_local_ ? &*pending_local_ : optional(current_local_); }
  const Description* remote() const {
    return pending_remote_ ? &*pending_remote_ : optional(current_remote_);
  }
  static const Description* optional(const std::optional<Description>& description) {
    return description ? &*description : nullptr;
  }

  NegotiationConfig config_;
  SignalingState state_ = SignalingState::stable;
  Transceivers transceivers_;
  std::optional<Description> current_local_;
  std::optional<Description> pending_local_;
  std::optional<Description> current_remote_;
  std::optional<Description> pending_remote_;
  std::string detail_;

 private:
  // What create_*() made last, and what applying it will need.
  struct Created {
    SdpType type = SdpType::offer;
    std::string text;
    std::vector<MediaLine> lines;   // Of an offer.
    std::vector<Verdict> verdicts;  // Of an answer.
  };

  std::error_code fail(std::error_code error, std::string what) {
    detail_ = std::move(what);
    return error;
  }

  // jsep_offer.cpp
  std::vector<MediaLine> plan_lines() const;
  std::string new_mid(const std::vector<MediaLine>& lines) const;
  bool is_free(std::size_t index) const;
  void place(MediaLine line, std::vector<MediaLine>& lines) const;
  sdp::MediaSection gone_section(const MediaLine& line, std::size_t index) const;
  std::string data_protocol(std::size_t index) const;
  DataContent data_content(std::string mid, std::string protocol) const;

  // jsep_answer.cpp
  sdp::Setup::Role answered_role(const Description& offer, std::size_t tagged) const;

  // jsep_apply.cpp
  Result<Changes> apply_local_offer(Description description);
  Result<Changes> apply_local_answer(Description description);
  Result<Changes> apply_remote_offer(Description description);
  Result<Changes> apply_remote_answer(Description description);
  Changes agree(const Agreement& agreement, const std::vector<Verdict>& verdicts, bool is_final);
  void settle(const std::vector<Verdict>& verdicts, Changes& changes);
  void describe_offer(const Description& offer, bool is_remote, const std::vector<Verdict>& verdicts,
                      Changes& changes) const;
  bool is_up_to_date(const Transceiver& transceiver, std::size_t index) const;
  bool are_data_channels_up_to_date() const;

  bool wants_data_channels_ = false;
  std::uint64_t version_ = 0;
  std::optional<Created> created_;
  std::optional<Transceivers> before_offer_;  // What a rollback returns to; set while an offer is pending.
  // Of the last agreement, to tell an ICE restart and a new DTLS association (RFC 8842 4).
  std::string agreed_generation_;
  std::vector<std::string> agreed_fingerprints_;
  std::optional<DtlsRole> agreed_role_;
};

}  // namespace petrel::inline v0::jsep

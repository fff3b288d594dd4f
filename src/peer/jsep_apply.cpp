#include <algorithm>
#include <utility>

#include "peer/jsep_session.hpp"

namespace petrel::inline v0::jsep {
namespace {

// RFC 9429 4.1.8: which descriptions a side may set in which state. Both sides are mirror images.
struct Side {
  SignalingState have_offer;
  SignalingState have_pranswer;
  SignalingState peer_has_offer;
};
constexpr Side local_side{SignalingState::have_local_offer, SignalingState::have_local_pranswer,
                          SignalingState::have_remote_offer};
constexpr Side remote_side{SignalingState::have_remote_offer, SignalingState::have_remote_pranswer,
                           SignalingState::have_local_offer};

bool is_legal(SdpType type, SignalingState state, const Side& side) {
  if (type == SdpType::offer) return state == SignalingState::stable || state == side.have_offer;
  return state == side.peer_has_offer || state == side.have_pranswer;
}

// Of a remote answer: what it accepted on another transport than the one we keep.
std::vector<Verdict> judge_answer(const Description& answer) {
  std::vector<Verdict> verdicts(answer.media.size());
  const auto carrier = answer.tagged();
  if (!carrier) return verdicts;
  const auto* group = answer.bundle_of(answer.media[*carrier].mid);
  for (std::size_t i = 0; i < answer.media.size(); ++i) {
    if (answer.media[i].rejected) continue;
    if (answer.media[i].data_channels && answer.media[i].data_channels->sctp_port == 0) {
      verdicts[i].refusal = make_error_code(Errc::rejected_by_peer);
      verdicts[i].detail = name_of(answer.media[i], i) + ": a=sctp-port:0";
    }
    if (i == *carrier) continue;
    const bool shares = group != nullptr && answer.bundle_of(answer.media[i].mid) == group;
    if (shares) continue;
    verdicts[i].refusal = make_error_code(Errc::not_bundled);
    verdicts[i].detail = name_of(answer.media[i], i) + ": the peer did not bundle it with " +
                         name_of(answer.media[*carrier], *carrier);
  }
  return verdicts;
}

// An m-line that belongs to no transceiver and was not rejected by the peer itself.
void note_refusal(const MediaDescription& media, std::size_t index, const Verdict* verdict,
                  Changes& changes) {
  if (verdict == nullptr || verdict->accepted() || media.rejected) return;
  changes.refused.push_back({index, media.mid, verdict->refusal, verdict->detail});
}

std::string generation(const TransportChange& transport) {
  return transport.ice_ufrag + ':' + transport.ice_pwd;
}

}  // namespace

Result<Changes> Negotiation::Session::set_local(const SessionDescription& description) {
  if (description.type == SdpType::rollback) return rollback();
  if (!is_legal(description.type, state_, local_side)) {
    return fail(Errc::wrong_signaling_state, "local " + std::string(to_string(description.type)) + " in " +
                                                 std::string(to_string(state_)));
  }
  const bool is_offer = description.type == SdpType::offer;
  if (!created_ || (created_->type == SdpType::offer) != is_offer) {
    return fail(Errc::nothing_created, "no " + std::string(to_string(description.type)) + " was created");
  }
  if (!description.sdp.empty() && description.sdp != created_->text) {
    return fail(Errc::modified_description, "not the text that was created last");
  }
  auto read = read_description({description.type, created_->text}, detail_);
  if (!read) return read.error();
  return is_offer ? apply_local_offer(*std::move(read)) : apply_local_answer(*std::move(read));
}

Result<Changes> Negotiation::Session::set_remote(const SessionDescription& description) {
  if (description.type == SdpType::rollback) return rollback();
  // W3C 4.4.1.5: an offer that meets ours is taken as if ours had been rolled back.
  const bool crosses = description.type == SdpType::offer && state_ == SignalingState::have_local_offer;
  if (!crosses && !is_legal(description.type, state_, remote_side)) {
    return fail(Errc::wrong_signaling_state, "remote " + std::string(to_string(description.type)) + " in " +
                                                 std::string(to_string(state_)));
  }
  auto read = read_description(description, detail_);
  if (!read) return read.error();
  const bool is_offer = description.type == SdpType::offer;
  return is_offer ? apply_remote_offer(*std::move(read)) : apply_remote_answer(*std::move(read));
}

Result<Changes> Negotiation::Session::apply_local_offer(Description description) {
  if (!before_offer_) before_offer_ = transceivers_;
  transceivers_.set_lines(created_->lines);
  pending_local_ = std::move(description);
  state_ = SignalingState::have_local_offer;

  Changes changes;
  changes.state = state_;
  describe_offer(*pending_local_, false, {}, changes);
  return changes;
}

Result<Changes> Negotiation::Session::apply_remote_offer(Description description) {
  Changes changes;
  Transceivers next = transceivers_;
  if (before_offer_) changes.removed = next.restore(*before_offer_);
  std::vector<bool> free;
  for (std::size_t i = 0; i < next.lines().size(); ++i) free.push_back(is_free(i));
  const auto continues =
      check_continuation(description, next.lines(), free, optional(current_remote_), detail_);
  if (!continues) return continues.error();
  changes.created = next.take_offer(description, config_);

  const std::vector<Verdict> verdicts = judge_offer(description, next);
  const auto carrier = tagged(description, verdicts);
  if (carrier) {
    if (auto usable = check_transport(description, *carrier, detail_); !usable) return usable.error();
    changes.transport = transport_change(description, *carrier);
    changes.transport->restarted =
        !agreed_generation_.empty() && generation(*changes.transport) != agreed_generation_;
  }

  changes.rolled_back = state_ == SignalingState::have_local_offer;
  if (!before_offer_) before_offer_ = std::move(transceivers_);
  transceivers_ = std::move(next);
  pending_local_.reset();
  pending_remote_ = std::move(description);
  created_.reset();
  state_ = SignalingState::have_remote_offer;
  changes.state = state_;
  describe_offer(*pending_remote_, true, verdicts, changes);
  return changes;
}

Result<Changes> Negotiation::Session::apply_local_answer(Description description) {
  const bool is_final = description.type == SdpType::answer;
  const std::vector<Verdict> verdicts = created_->verdicts;
  pending_local_ = std::move(description);
  Changes changes = agree({*pending_local_, *pending_remote_, true}, verdicts, is_final);
  state_ = is_final ? SignalingState::stable : SignalingState::have_local_pranswer;
  if (is_final) settle(verdicts, changes);
  changes.state = state_;
  return changes;
}

Result<Changes> Negotiation::Session::apply_remote_answer(Description description) {
  adopt_mids(description, *pending_local_);
  if (auto fits = check_answer(description, *pending_local_, detail_); !fits) return fits.error();
  const auto carrier = description.tagged();
  if (carrier && agreed_role_) {
    // RFC 8842 5.5: with the certificate kept, the DTLS association is kept, and so is its role.
    const TransportChange transport = transport_change(description, *carrier);
    const auto role = role_of({*pending_local_, description, false}, *carrier);
    if (transport.fingerprints == agreed_fingerprints_ && role != agreed_role_) {
      return fail(Errc::invalid_setup, name_of(description.media[*carrier], *carrier) +
                                           ": a=setup changes the role of a DTLS association that goes on");
    }
  }
  const bool is_final = description.type == SdpType::answer;
  const std::vector<Verdict> verdicts = judge_answer(description);
  pending_remote_ = std::move(description);
  Changes changes = agree({*pending_local_, *pending_remote_, false}, verdicts, is_final);
  state_ = is_final ? SignalingState::stable : SignalingState::have_remote_pranswer;
  if (is_final) settle(verdicts, changes);
  changes.state = state_;
  return changes;
}

// What both descriptions together mean.
Changes Negotiation::Session::agree(const Agreement& agreement, const std::vector<Verdict>& verdicts,
                                    bool is_final) {
  Changes changes;
  changes.negotiated = true;
  const Description& answer = agreement.we_answered ? agreement.local : agreement.remote;
  if (const auto carrier = answer.tagged()) {
    TransportChange transport = transport_change(agreement.remote, *carrier);
    transport.role = role_of(agreement, *carrier);
    transport.restarted = !agreed_generation_.empty() && generation(transport) != agreed_generation_;
    if (is_final) {
      agreed_generation_ = generation(transport);
      agreed_fingerprints_ = transport.fingerprints;
      agreed_role_ = transport.role;
    }
    changes.transport = std::move(transport);
  }
  for (std::size_t i = 0; i < agreement.remote.media.size(); ++i) {
    const Verdict* verdict = i < verdicts.size() ? &verdicts[i] : nullptr;
    if (transceivers_.data_line() == i) {
      changes.data_channels = data_change(agreement, i, verdict);
      continue;
    }
    Transceiver* transceiver = transceivers_.on_line(i);
    if (transceiver == nullptr) {
      note_refusal(agreement.remote.media[i], i, verdict, changes);
      continue;
    }
    changes.media.push_back(media_change(agreement, i, *transceiver, verdict));
    transceiver->state.current_direction = changes.media.back().direction;
  }
  return changes;
}

// RFC 9429 4.1.8: an answer makes both pending descriptions the current ones.
void Negotiation::Session::settle(const std::vector<Verdict>& verdicts, Changes& changes) {
  current_local_ = std::exchange(pending_local_, std::nullopt);
  current_remote_ = std::exchange(pending_remote_, std::nullopt);
  const bool peer_removed_data = before_offer_->data_line() && !transceivers_.data_line();
  before_offer_.reset();
  created_.reset();
  if (peer_removed_data || (changes.data_channels && !changes.data_channels->accepted)) {
    transceivers_.erase_data_line();
    wants_data_channels_ = false;
  }
  for (std::size_t i = 0; i < current_local_->media.size(); ++i) {
    Transceiver* transceiver = transceivers_.on_line(i);
    if (transceiver == nullptr) continue;
    if (current_local_->media[i].rejected || current_remote_->media[i].rejected) {
      changes.stopped.push_back(transceiver->state.id);
      transceivers_.erase(transceiver->state.id);
    } else if (i < verdicts.size() && !verdicts[i].accepted()) {
      transceiver->state.stopped = true;  // The next description of ours rejects its m-line.
    }
  }
}

Result<Changes> Negotiation::Session::rollback() {
  if (state_ != SignalingState::have_local_offer && state_ != SignalingState::have_remote_offer) {
    return fail(Errc::wrong_signaling_state, "rollback in " + std::string(to_string(state_)));
  }
  Changes changes;
  changes.rolled_back = true;
  changes.removed = transceivers_.restore(*before_offer_);
  before_offer_.reset();
  pending_local_.reset();
  pending_remote_.reset();
  created_.reset();
  state_ = SignalingState::stable;
  changes.state = state_;
  return changes;
}

void Negotiation::Session::describe_offer(const Description& offer, bool is_remote,
                                          const std::vector<Verdict>& verdicts, Changes& changes) const {
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const Verdict* verdict = i < verdicts.size() ? &verdicts[i] : nullptr;
    if (transceivers_.data_line() == i) {
      changes.data_channels = data_change({offer, offer, false}, i, verdict);
      continue;
    }
    const Transceiver* transceiver = transceivers_.on_line(i);
    if (transceiver == nullptr) {
      note_refusal(offer.media[i], i, verdict, changes);
      continue;
    }
    MediaChange change = media_offer(offer, is_remote, i, *transceiver);
    if (verdict != nullptr && !verdict->accepted()) {
      change.accepted = false;
      change.reason = verdict->refusal;
      change.detail = verdict->detail;
      change.direction = Direction::inactive;
    }
    changes.media.push_back(std::move(change));
  }
}

bool Negotiation::Session::negotiation_needed() const {
  if (state_ != SignalingState::stable) return false;
  if (!are_data_channels_up_to_date()) return true;
  for (const Transceiver& each : transceivers_.all()) {
    if (!each.state.mid) {
      if (!each.state.stopped) return true;
      continue;
    }
    // One that was stopped leaves the list once its m-line has been rejected.
    if (each.state.stopped) return true;
    const auto index = current_local_ ? current_local_->index_of(*each.state.mid) : std::nullopt;
    if (!index || !is_up_to_date(each, *index)) return true;
  }
  return false;
}

bool Negotiation::Session::are_data_channels_up_to_date() const {
  const auto line = transceivers_.data_line();
  // Always negotiating is a wish about the first offer, and no reason to make one (W3C extensions).
  if (wants_data_channels_ && !line) return false;
  if (!current_local_) return true;
  // An m-line that we could not keep leaves once it has been rejected.
  for (std::size_t i = 0; i < current_local_->media.size(); ++i) {
    const MediaDescription& media = current_local_->media[i];
    if (media.data_channels && !media.rejected && !current_remote_->media[i].rejected && line != i)
      return false;
  }
  return true;
}

// W3C 4.7.3, the steps on one transceiver.
bool Negotiation::Session::is_up_to_date(const Transceiver& transceiver, std::size_t index) const {
  const MediaDescription& local_media = current_local_->media[index];
  const MediaDescription& remote_media = current_remote_->media[index];
  const Direction wanted = transceiver.state.direction;
  const SenderStreams& sender = transceiver.state.sender;
  if (sends(local_media.direction) &&
      (local_media.stream_ids != sender.stream_ids || local_media.track_id != sender.track_id)) {
    return false;
  }
  if (current_local_->type == SdpType::offer) {
    return local_media.direction == wanted || reversed(remote_media.direction) == wanted;
  }
  return local_media.direction == intersection(wanted, reversed(remote_media.direction));
}

}  // namespace petrel::inline v0::jsep

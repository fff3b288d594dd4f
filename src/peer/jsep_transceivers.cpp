#include "peer/jsep_transceivers.hpp"

#include <algorithm>
#include <utility>

namespace petrel::inline v0::jsep {
namespace {

auto has_id(TransceiverId id) {
  return [id](const Transceiver& each) { return each.state.id == id; };
}

}  // namespace

TransceiverId Transceivers::add(Transceiver transceiver) {
  transceiver.state.id = TransceiverId{next_id_++};
  all_.push_back(std::move(transceiver));
  return all_.back().state.id;
}

Transceiver* Transceivers::find(TransceiverId id) {
  const auto it = std::ranges::find_if(all_, has_id(id));
  return it == all_.end() ? nullptr : &*it;
}

const Transceiver* Transceivers::find(TransceiverId id) const {
  const auto it = std::ranges::find_if(all_, has_id(id));
  return it == all_.end() ? nullptr : &*it;
}

Transceiver* Transceivers::on_line(std::size_t index) {
  if (index >= lines_.size() || !lines_[index].transceiver) return nullptr;
  return find(*lines_[index].transceiver);
}

const Transceiver* Transceivers::on_line(std::size_t index) const {
  if (index >= lines_.size() || !lines_[index].transceiver) return nullptr;
  return find(*lines_[index].transceiver);
}

void Transceivers::set_lines(std::vector<MediaLine> lines) {
  lines_ = std::move(lines);
  for (Transceiver& each : all_) each.state.mid.reset();
  for (MediaLine& line : lines_) {
    if (!line.transceiver) continue;
    if (Transceiver* transceiver = find(*line.transceiver)) {
      transceiver->state.mid = line.mid;
    } else {
      line.transceiver.reset();  // Stopped since the offer was created.
    }
  }
}

std::vector<TransceiverId> Transceivers::take_offer(const Description& offer,
                                                    const NegotiationConfig& config) {
  std::vector<TransceiverId> created;
  lines_.resize(std::max(lines_.size(), offer.media.size()));
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const MediaDescription& media = offer.media[i];
    MediaLine& line = lines_[i];
    // An m-line that is used again (RFC 9429 5.2.2): what was on it has been stopped.
    if (line.mid != media.mid) line = {media.mid};
    if (line.transceiver || !media.kind || media.rejected) continue;

    Transceiver* taken = first_for(media);
    if (taken == nullptr) {
      Transceiver made;
      made.state.kind = *media.kind;
      // RFC 9429 5.10: we offer nothing of our own on it until the application says so.
      made.state.direction = Direction::recv_only;
      made.state.codecs = *media.kind == Kind::audio ? config.audio_codecs : config.video_codecs;
      made.state.made_by_peer = true;
      taken = find(add(std::move(made)));
      created.push_back(taken->state.id);
    }
    taken->state.mid = media.mid;
    line.transceiver = taken->state.id;
  }
  place_data_channels(offer);
  return created;
}

// They stay where they are; else the first place that is offered for them is theirs.
void Transceivers::place_data_channels(const Description& offer) {
  const auto is_offered = [&](std::size_t i) {
    return offer.media[i].data_channels && !offer.media[i].rejected;
  };
  if (const auto line = data_line(); line && is_offered(*line)) return;
  erase_data_line();
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    if (!is_offered(i)) continue;
    lines_[i].data_channels = true;
    return;
  }
}

std::optional<std::size_t> Transceivers::data_line() const {
  const auto it = std::ranges::find(lines_, true, &MediaLine::data_channels);
  if (it == lines_.end()) return std::nullopt;
  return static_cast<std::size_t>(it - lines_.begin());
}

void Transceivers::erase_data_line() {
  for (MediaLine& line : lines_) line.data_channels = false;
}

// The first of its kind that is free and has something to do with what the peer wants.
Transceiver* Transceivers::first_for(const MediaDescription& media) {
  for (Transceiver& each : all_) {
    const TransceiverState& state = each.state;
    if (!each.answers_offers || state.stopped || state.mid || state.kind != *media.kind) continue;
    if (intersection(state.direction, reversed(media.direction)) == Direction::inactive) continue;
    return &each;
  }
  return nullptr;
}

void Transceivers::erase(TransceiverId id) {
  std::erase_if(all_, has_id(id));
  for (MediaLine& line : lines_) {
    if (line.transceiver == id) line.transceiver.reset();
  }
}

std::vector<TransceiverId> Transceivers::restore(const Transceivers& before) {
  std::vector<TransceiverId> removed;
  lines_ = before.lines_;
  for (MediaLine& line : lines_) {
    if (line.transceiver && find(*line.transceiver) == nullptr) line.transceiver.reset();
  }
  for (Transceiver& each : all_) {
    const Transceiver* earlier = before.find(each.state.id);
    each.state.mid = earlier == nullptr ? std::nullopt : earlier->state.mid;
    each.state.current_direction = earlier == nullptr ? std::nullopt : earlier->state.current_direction;
    if (earlier == nullptr && each.state.made_by_peer) removed.push_back(each.state.id);
  }
  std::erase_if(all_, [&](const Transceiver& each) {
    return std::ranges::find(removed, each.state.id) != removed.end();
  });
  return removed;
}

}  // namespace petrel::inline v0::jsep

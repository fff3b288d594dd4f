#include "petrel/rtp/session.hpp"

#include <algorithm>
#include <utility>

#include "petrel/rtp/wire/packet.hpp"

namespace petrel::inline v0::rtp {
namespace {

// RFC 3550 6.2 wants a figure for the session's bandwidth; it only sets how often reports are sent.
constexpr std::uint64_t video_bits_per_second = 1'000'000;
constexpr std::uint64_t audio_bits_per_second = 64'000;

// RFC 5761 4: with these an RTP packet would be taken for RTCP.
bool is_rtcp_payload_type(PayloadType type) { return type.value >= 64 && type.value <= 95; }

bool is_valid(PayloadType type) { return type.value < 128 && !is_rtcp_payload_type(type); }

// RFC 8285 4.2: 0 is padding; 15 means the end in the one-byte form, and we might use that form.
bool is_valid(std::optional<std::uint8_t> id) { return !id || (*id != 0 && *id != 15); }

bool is_valid(const MediaConfig& config) {
  for (const PayloadConfig& payload : config.payloads) {
    if (!is_valid(payload.payload_type) || payload.clock_rate == 0) return false;
    if (payload.rtx && (!is_valid(*payload.rtx) || *payload.rtx == payload.payload_type)) return false;
  }
  const HeaderExtensionIds& ids = config.extensions;
  return is_valid(ids.mid) && is_valid(ids.rid) && is_valid(ids.repaired_rid) &&
         is_valid(ids.abs_send_time) && is_valid(ids.transport_wide_sequence);
}

// RFC 7022 4.2: at least 96 random bits, in a form that any parser takes.
std::string draw_cname(RandomSource& random) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef";
  std::string cname;
  for (const std::byte byte : random.bytes<20>()) cname += digits[std::to_integer<std::size_t>(byte) % 32];
  return cname;
}

}  // namespace

Session::Session(TimePoint now, SessionConfig config, RandomSource& random)
    : config_(std::move(config)),
      random_(random),
      now_(now),
      interval_(now, audio_bits_per_second, random),
      pacer_(std::make_unique<PassThroughPacer>()) {
  if (config_.cname.empty()) config_.cname = draw_cname(random_);
  reporter_ssrc_ = draw_ssrc();
}

Session::~Session() = default;

Result<MediaId> Session::add_media(TimePoint now, MediaConfig config) {
  now = clamp(now);
  if (medias_.size() >= max_medias) return petrel::Errc::limit_reached;
  if (!is_valid(config)) return petrel::Errc::invalid_argument;

  auto media = std::make_unique<Media>();
  media->id = MediaId{++last_media_id_};
  media->config = std::move(config);
  medias_.push_back(std::move(media));
  apply(now, *medias_.back());
  return medias_.back()->id;
}

Result<void> Session::update_media(TimePoint now, MediaId id, MediaConfig config) {
  now = clamp(now);
  Media* media = find(id);
  if (media == nullptr || !is_valid(config)) return petrel::Errc::invalid_argument;

  const auto before = std::exchange(media->config, std::move(config));
  for (const SignalledStream& gone : before.remote_streams) {
    const bool still_there = std::ranges::any_of(
        media->config.remote_streams, [&](const auto& stream) { return stream.ssrc == gone.ssrc; });
    if (still_there) continue;
    end_stream(gone.ssrc);
    if (gone.rtx) table_.remove(*gone.rtx);
  }
  apply(now, *media);
  return {};
}

void Session::remove_media(TimePoint now, MediaId id) {
  now = clamp(now);
  const auto it = std::ranges::find(medias_, id, [](const auto& media) { return media->id; });
  if (it == medias_.end()) return;
  Media& media = **it;
  std::vector<rtcp::Message> farewell;
  if (media.send && media.send->stats().packets_sent > 0) {
    rtcp::Bye bye{{media.send->ssrc()}, {}};
    if (media.send->stats().retransmitted_packets_sent > 0) bye.sources.push_back(media.send->rtx_ssrc());
    farewell.emplace_back(std::move(bye));
  }
  // RFC 3550 6.6: BYE is the last packet, behind what was queued before it.
  if (!farewell.empty()) send_rtcp(now, farewell, true);
  while (!media.receive.empty()) end_stream(media.receive.back()->ssrc());
  table_.remove_media(id);
  medias_.erase(it);
}

std::optional<Ssrc> Session::local_ssrc(MediaId id) const {
  const Media* media = find(id);
  return media != nullptr && media->send ? std::optional(media->send->ssrc()) : std::nullopt;
}

std::optional<Ssrc> Session::local_rtx_ssrc(MediaId id) const {
  const Media* media = find(id);
  if (media == nullptr || !media->send || media->config.payloads.empty()) return std::nullopt;
  return media->config.payloads.front().rtx ? std::optional(media->send->rtx_ssrc()) : std::nullopt;
}

void Session::handle_timeout(TimePoint now) {
  now = clamp(now);
  for (const auto& media : medias_) {
    if (!media->config.receiving) continue;
    for (const auto& stream : media->receive) {
      if (const auto due = stream->next_timeout(); due && now >= *due) stream->handle_timeout(now);
    }
  }
  if (has_streams() && now >= interval_.next()) send_reports(now);
  settle(now);
}

std::optional<TimePoint> Session::next_timeout() const {
  std::optional<TimePoint> earliest = pacer_->next_timeout();
  const auto consider = [&earliest](std::optional<TimePoint> due) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  };
  for (const auto& media : medias_) {
    if (media->send) consider(media->send->next_timeout());
    if (!media->config.receiving) continue;  // On hold: nothing is repaired, nothing asked for.
    for (const auto& stream : media->receive) consider(stream->next_timeout());
  }
  if (has_streams()) consider(interval_.next());
  return earliest;
}

std::optional<Outgoing> Session::poll_packet() { return outgoing_.take(); }

std::optional<Session::Event> Session::poll_event() { return events_.pop(); }

SessionStats Session::stats() const {
  SessionStats stats = stats_;
  for (const auto& media : medias_) {
    if (media->send) stats.outbound.push_back(media->send->stats());
    for (const auto& stream : media->receive) stats.inbound.push_back(stream->stats());
  }
  return stats;
}

TimePoint Session::clamp(TimePoint now) {
  now_ = std::max(now_, now);
  return now_;
}

Session::Media* Session::find(MediaId id) {
  const auto it = std::ranges::find(medias_, id, [](const auto& media) { return media->id; });
  return it == medias_.end() ? nullptr : it->get();
}

const Session::Media* Session::find(MediaId id) const {
  const auto it = std::ranges::find(medias_, id, [](const auto& media) { return media->id; });
  return it == medias_.end() ? nullptr : it->get();
}

// Brings the streams of a media in line with its configuration.
void Session::apply(TimePoint now, Media& media) {
  const MediaConfig& config = media.config;
  if (config.kind == MediaKind::video) interval_.set_session_bandwidth(video_bits_per_second);
  if (config.sending && !config.payloads.empty()) {
    const std::uint32_t clock_rate = config.payloads.front().clock_rate;
    if (media.send) {
      media.send->change_clock_rate(clock_rate, random_);
    } else {
      const Ssrc ssrc = config.local_ssrc ? *config.local_ssrc : draw_ssrc();
      const Ssrc rtx_ssrc = config.local_rtx_ssrc ? *config.local_rtx_ssrc : draw_ssrc();
      media.send.emplace(media.id, config.kind, clock_rate, ssrc, rtx_ssrc, random_);
    }
  }
  for (const auto& stream : media.receive) stream->update(config);
  for (const SignalledStream& signalled : config.remote_streams) {
    const auto enter = [&](Ssrc ssrc, std::optional<Ssrc> retransmits) {
      if (is_own(ssrc)) return;  // A collision, or our own description come back: nothing to receive.
      table_.remove(ssrc);
      const auto added =
          table_.add(now, {.ssrc = ssrc, .media = media.id, .signalled = true, .retransmits = retransmits});
      if (added.replaced) end_stream(*added.replaced);
    };
    enter(signalled.ssrc, std::nullopt);
    if (signalled.rtx) enter(*signalled.rtx, signalled.ssrc);
  }
}

// RFC 3550 8.1: random, and not one that is in use.
Ssrc Session::draw_ssrc() {
  Ssrc ssrc;
  do {
    ssrc = Ssrc{random_.u32()};
  } while (ssrc.value == 0 || is_own(ssrc) || table_.find(ssrc) != nullptr);
  return ssrc;
}

bool Session::is_own(Ssrc ssrc) const {
  if (ssrc == reporter_ssrc_) return true;
  return std::ranges::any_of(medias_, [ssrc](const auto& media) {
    return media->send && (media->send->ssrc() == ssrc || media->send->rtx_ssrc() == ssrc);
  });
}

// Moves what the streams produced to where it belongs.
void Session::settle(TimePoint now) {
  release(now);
  for (const auto& media : medias_) {
    for (const auto& stream : media->receive) {
      deliver_frames(now, *media, *stream);
      if (const auto gaps = stream->take_given_up(); gaps > 0) {
        config_.log.log(
            now, LogLevel::info, "rtp.packets_given_up",
            {{"ssrc", std::int64_t{stream->ssrc().value}}, {"gaps", static_cast<std::int64_t>(gaps)}});
      }
    }
    if (media->send && media->send->take_key_frame_request(now)) {
      config_.log.log(now, LogLevel::info, "rtp.key_frame_wanted",
                      {{"ssrc", std::int64_t{media->send->ssrc().value}}});
      if (!events_.push(KeyFrameRequested{media->id})) ++stats_.dropped.events_lost;
    }
  }
  send_feedback(now);
  if (const auto target = estimate_.take_change()) {
    if (!events_.push(TargetBitrate{*target})) ++stats_.dropped.events_lost;
  }
}

}  // namespace petrel::inline v0::rtp

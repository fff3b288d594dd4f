#include <algorithm>
#include <utility>

#include "petrel/base/errc.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/turn/tcp_allocation.hpp"
#include "turn/allocation_rules.hpp"
#include "turn/peer_stream.hpp"
#include "turn/report_text.hpp"

namespace petrel::inline v0::turn {
namespace {

using StreamStage = PeerStream::Stage;

bool is_over(const PeerStream& stream) { return stream.dropped || stream.stage == StreamStage::ended; }

std::string described(const ClientConfig& config, const Answer& answer, std::error_code error) {
  const std::string code = answer.code == 0 ? std::string{} : std::to_string(answer.code) + " from ";
  return code + server_label(config) + ": " + error.message();
}

}  // namespace

PeerStream* TcpAllocation::find(PeerStreamId id) {
  const auto found = std::ranges::find_if(streams_, [&](const auto& each) { return each->id == id; });
  return found == streams_.end() || (*found)->dropped ? nullptr : found->get();
}

PeerStream* TcpAllocation::find(FlowId flow) {
  const auto found = std::ranges::find_if(streams_, [&](const auto& each) { return each->flow == flow; });
  return found == streams_.end() ? nullptr : found->get();
}

PeerStream& TcpAllocation::add(const Endpoint& peer, bool incoming) {
  auto stream = std::make_unique<PeerStream>();
  stream->id = {next_stream_++};
  stream->peer = peer;
  stream->incoming = incoming;
  return *streams_.emplace_back(std::move(stream));
}

// ---- Until it is bound ------------------------------------------------------------------

Result<PeerStreamId> TcpAllocation::connect(TimePoint now, const Endpoint& peer) {
  now_ = std::max(now_, now);
  if (!live()) return petrel::Errc::closed;
  if (stage_ != Stage::allocated) return petrel::Errc::wrong_state;
  if (peer.port == 0) return petrel::Errc::invalid_argument;
  if (peer.address.family() != relayed_->address.family()) return Errc::family_mismatch;
  if (streams_.size() >= max_streams) return petrel::Errc::limit_reached;
  const PeerStreamId id = add(peer, false).id;
  start({.kind = RequestKind::connect, .peer = peer});
  settle();
  return id;
}

void TcpAllocation::handle_connect_answer(const Answer& answer) {
  if (ends_allocation(answer.error)) return lose(answer.error, answer.code);
  // The server lets there be one with a peer at a time, and so the first that asks is meant.
  const auto found = std::ranges::find_if(streams_, [&](const auto& each) {
    return each->stage == StreamStage::asking && each->peer == answer.request.peer;
  });
  if (found == streams_.end()) return;  // Closed meanwhile: nobody binds it.
  if (answer.error) {
    const bool forbidden = answer.code == stun::error_code::forbidden;
    const std::error_code error = forbidden ? make_error_code(Errc::permission_refused) : answer.error;
    return fail(**found, error, answer.code, described(state_->config, answer, error));
  }
  const auto id = answer.response->connection_id();
  if (!id) {
    const std::error_code error = Errc::malformed_answer;
    return fail(**found, error, 0, described(state_->config, answer, error));
  }
  open_flow(**found, *id);
}

void TcpAllocation::open_flow(PeerStream& stream, std::uint32_t connection_id) {
  const IpFamily family = state_->config.server.address.family();
  const Endpoint any{family == IpFamily::v4 ? IpAddress{} : IpAddress::v6({}), 0};
  stream.connection_id = connection_id;
  stream.stage = StreamStage::opening;
  stream.due = now_ + bind_limit;
  stream.flow = FlowId{next_flow_++};
  asked_for_.emplace_back(Connect{*stream.flow, any, state_->config.server});
}

void TcpAllocation::handle_stream_flow(PeerStream& stream, const FlowChange& change) {
  if (std::holds_alternative<FlowOpened>(change) && !stream.link) {
    stream.link = std::make_unique<ServerLink>(now_, state_->config, *stream.flow);
    stream.requests = std::make_unique<Requests>(*state_, *authentication_, *stream.link);
    run_stream(stream);
  } else if (std::holds_alternative<FlowCongested>(change) && stream.link) {
    stream.link->set_congested(true);
  } else if (std::holds_alternative<FlowWritable>(change) && stream.link) {
    stream.link->set_congested(false);
    if (std::exchange(stream.wants_writable, false)) events_.emplace_back(StreamWritable{stream.id});
  } else if (const auto* failed = std::get_if<FlowFailed>(&change)) {
    stream.flow.reset();
    fail(stream, Errc::connection_closed, 0, failed->error.message());
  } else if (std::holds_alternative<FlowClosed>(change)) {
    stream.flow.reset();
    // TLS says so itself where all has come.
    if (stream.stage == StreamStage::open && state_->config.protocol == TransportProtocol::tcp) {
      end_in_order(stream);
    } else {
      fail(stream, Errc::connection_closed, 0, "the server closed it");
    }
  }
}

void TcpAllocation::handle_stream_bytes(PeerStream& stream, Bytes bytes) {
  if (!stream.link || is_over(stream)) return;
  stream.link->handle_bytes(now_, bytes);
  run_stream(stream);
}

void TcpAllocation::run_stream(PeerStream& stream) {
  if (stream.stage == StreamStage::opening && stream.link->ready()) bind(stream);
  while (stream.stage == StreamStage::binding && !stream.dropped) {
    const auto message = stream.link->next_message();
    if (!message) break;
    const auto view = stun::MessageView::parse(*message);
    if (!view || !stream.requests->expects(*view)) {
      ++state_->stats.unexpected;
      continue;
    }
    if (const auto answer = stream.requests->handle_response(now_, *view))
      handle_bind_answer(stream, *answer);
  }
  if (stream.stage == StreamStage::open) take_in(stream);
  if (is_over(stream) || !stream.link->failure()) return;
  const LinkFailure failure = *stream.link->failure();
  if (stream.stage == StreamStage::open && failure.error == Errc::connection_closed) {
    end_in_order(stream);  // By close_notify.
  } else {
    fail(stream, failure.error, 0, failure.detail);
  }
}

void TcpAllocation::bind(PeerStream& stream) {
  stream.stage = StreamStage::binding;
  const auto answer = stream.requests->start(
      now_, {.kind = RequestKind::connection_bind, .connection_id = stream.connection_id});
  if (answer) handle_bind_answer(stream, *answer);
}

void TcpAllocation::handle_bind_answer(PeerStream& stream, const Answer& answer) {
  if (answer.error) {
    return fail(stream, answer.error, answer.code, described(state_->config, answer, answer.error));
  }
  stream.stage = StreamStage::open;
  stream.due.reset();
  stream.requests->clear();
  stream.link->become_raw();
  events_.emplace_back(StreamOpened{stream.id, stream.peer, stream.incoming});
}

void TcpAllocation::handle_stream_timeout(PeerStream& stream) {
  if (is_over(stream)) return;
  if (stream.link) {
    stream.link->handle_timeout(now_);
    run_stream(stream);
  }
  while (stream.requests && !is_over(stream)) {
    const auto answer = stream.requests->handle_timeout(now_);
    if (!answer) break;
    handle_bind_answer(stream, *answer);
  }
  if (!is_over(stream) && stream.due && now_ >= *stream.due) {
    fail(stream, Errc::timed_out, 0,
         "the data connection to " + server_label(state_->config) + " did not open");
  }
}

std::optional<TimePoint> TcpAllocation::stream_timeout() const {
  std::optional<TimePoint> earliest;
  const auto consider = [&](std::optional<TimePoint> due) {
    if (due && (!earliest || *due < *earliest)) earliest = due;
  };
  for (const auto& stream : streams_) {
    if (is_over(*stream)) continue;
    consider(stream->due);
    if (stream->link) consider(stream->link->next_timeout());
    if (stream->requests) consider(stream->requests->next_timeout());
  }
  return earliest;
}

// ---- While it is open -------------------------------------------------------------------

void TcpAllocation::take_in(PeerStream& stream) {
  while (auto bytes = stream.link->next_bytes()) {
    ++state_->stats.packets_received;
    state_->stats.bytes_received += bytes->size();
    stream.unread_bytes += bytes->size();
    stream.unread.push(*std::move(bytes));
  }
  if (!stream.unread.empty() && !std::exchange(stream.readable_told, true)) {
    events_.emplace_back(StreamReadable{stream.id});
  }
  if (stream.unread_bytes > max_unread_bytes && stream.flow && !std::exchange(stream.paused, true)) {
    asked_for_.emplace_back(PauseFlow{*stream.flow});
  }
}

std::optional<PacketBuffer> TcpAllocation::read(PeerStreamId id) {
  PeerStream* stream = find(id);
  if (stream == nullptr) return std::nullopt;
  auto bytes = stream->unread.pop();
  if (!bytes) {
    stream->readable_told = false;
    return std::nullopt;
  }
  stream->unread_bytes -= bytes->size();
  if (stream->unread_bytes <= max_unread_bytes / 4 && stream->flow && std::exchange(stream->paused, false)) {
    asked_for_.emplace_back(ResumeFlow{*stream->flow});
  }
  return bytes;
}

Result<std::size_t> TcpAllocation::write(TimePoint now, PeerStreamId id, Bytes bytes) {
  now_ = std::max(now_, now);
  PeerStream* stream = find(id);
  if (stream == nullptr || stream->stage == StreamStage::ended) return petrel::Errc::closed;
  if (stream->stage != StreamStage::open) return petrel::Errc::wrong_state;
  std::size_t taken = 0;
  while (taken < bytes.size() && !stream->link->congested() &&
         stream->link->unsent() < max_unsent_bytes / PacketBuffer::capacity) {
    const Bytes piece = bytes.subspan(taken).first(std::min(bytes.size() - taken, PacketBuffer::capacity));
    if (!stream->link->send(now_, PacketBuffer::copy_of(piece).value())) break;
    taken += piece.size();
    ++state_->stats.packets_sent;
  }
  state_->stats.bytes_sent += taken;
  if (taken < bytes.size()) stream->wants_writable = true;
  return taken;
}

// ---- The end ----------------------------------------------------------------------------

void TcpAllocation::end_in_order(PeerStream& stream) {
  take_in(stream);
  stream.stage = StreamStage::ended;
  events_.emplace_back(StreamClosed{stream.id});
  // Our own end follows, RFC 6062 5.5.
  if (stream.flow) asked_for_.emplace_back(CloseFlow{*std::exchange(stream.flow, std::nullopt)});
}

void TcpAllocation::fail(PeerStream& stream, std::error_code error, int code, std::string detail) {
  if (is_over(stream)) return;
  if (stream.stage == StreamStage::open) take_in(stream);
  // An attempt of a peer that came to nothing is no news.
  const bool announced = !stream.incoming || stream.stage == StreamStage::open;
  stream.stage = StreamStage::ended;
  stream.dropped = !announced;
  if (announced) events_.emplace_back(StreamFailed{stream.id, error, code, std::move(detail)});
  if (stream.flow) asked_for_.emplace_back(CloseFlow{*std::exchange(stream.flow, std::nullopt)});
}

void TcpAllocation::forget_dropped() {
  std::erase_if(streams_, [](const auto& each) { return each->dropped; });
}

void TcpAllocation::let_go(PeerStream& stream) {
  if (stream.link && stream.flow) {
    stream.link->close(now_);
    while (auto transmit = stream.link->poll_transmit()) farewells_.push_back(*std::move(transmit));
  }
  if (stream.flow) asked_for_.emplace_back(CloseFlow{*stream.flow});
  std::erase_if(streams_, [&](const auto& each) { return each.get() == &stream; });
}

void TcpAllocation::close(TimePoint now, PeerStreamId id) {
  now_ = std::max(now_, now);
  if (PeerStream* stream = find(id)) let_go(*stream);
}

}  // namespace petrel::inline v0::turn

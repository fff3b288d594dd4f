#include "petrel/kvs/message.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "kvs/json.hpp"
#include "petrel/base/base64.hpp"
#include "petrel/base/errc.hpp"
#include "petrel/kvs/channel.hpp"

namespace petrel::inline v0::kvs {
namespace {

// A candidate line has some 150 bytes; with every extension, a few hundred.
constexpr std::size_t max_candidate_bytes = 2048;
constexpr std::size_t max_short_text = 1024;
constexpr std::uint64_t max_line_index = 0xffff;

std::string cut(std::string text) {
  if (text.size() > max_short_text) text.resize(max_short_text);
  return text;
}

// The service writes the code as text.
int status_code_of(const Json& status) {
  const Json* code = member(status, "statusCode");
  if (code == nullptr) return 0;
  if (code->is_number_unsigned())
    return static_cast<int>(std::min<std::uint64_t>(code->get<std::uint64_t>(), 999));
  const std::string text = text_of(status, "statusCode");
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

std::optional<DescriptionMessage> read_description(DescriptionType type, const Json& payload) {
  const std::string_view name = type == DescriptionType::offer ? "offer" : "answer";
  std::string said = text_of(payload, "type");
  std::ranges::transform(said, said.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const Json* sdp = member(payload, "sdp");
  // Some senders leave the type to the message's.
  if ((!said.empty() && said != name) || sdp == nullptr || !sdp->is_string()) return std::nullopt;
  return DescriptionMessage{type, sdp->get<std::string>()};
}

std::optional<CandidateMessage> read_candidate(const Json& payload) {
  const Json* line = member(payload, "candidate");
  // Null: browsers' end of candidates, as an event has it.
  if (line == nullptr || !(line->is_string() || line->is_null())) return std::nullopt;
  CandidateMessage message{text_of(payload, "candidate")};
  if (message.candidate.size() > max_candidate_bytes) return std::nullopt;
  if (message.candidate.starts_with("a=")) message.candidate.erase(0, 2);
  if (const Json* mid = member(payload, "sdpMid"); mid != nullptr && mid->is_string()) {
    message.sdp_mid = cut(mid->get<std::string>());
  }
  if (const Json* index = member(payload, "sdpMLineIndex"); index != nullptr && index->is_number_unsigned()) {
    const auto value = index->get<std::uint64_t>();
    if (value > max_line_index) return std::nullopt;
    message.sdp_m_line_index = static_cast<std::uint16_t>(value);
  }
  message.username_fragment = cut(text_of(payload, "usernameFragment"));
  return message;
}

// Alone of all fields, since SDK versions differ in its first letter.
std::string text_of_either(const Json& object, const char* name, const char* other_name) {
  std::string text = text_of(object, name);
  return text.empty() ? text_of(object, other_name) : text;
}

std::optional<Json> payload_of(const Json& object) {
  const auto payload = base64_decode(text_of_either(object, "messagePayload", "MessagePayload"));
  if (!payload) return std::nullopt;
  return parse_object(*payload);
}

std::string write_frame(const char* action, const Json& payload, std::string_view recipient,
                        std::string_view correlation_id) {
  Json frame{{"action", action}, {"messagePayload", base64_encode(as_bytes(written(payload)))}};
  if (!recipient.empty()) frame["recipientClientId"] = recipient;
  if (!correlation_id.empty()) frame["correlationId"] = correlation_id;
  return written(frame);
}

}  // namespace

Result<IncomingMessage> read_message(std::string_view frame) {
  if (frame.size() > max_frame_bytes) return petrel::Errc::too_long;
  const auto object = parse_object(frame);
  if (!object) return Errc::bad_message;
  const std::string type = text_of(*object, "messageType");
  IncomingMessage message{text_of_either(*object, "senderClientId", "SenderClientId"), {}};
  // What names a viewer is sent back and shown: nothing but what the service allows.
  if (!message.sender.empty() && !is_channel_name(message.sender)) return Errc::bad_message;

  if (type == "GO_AWAY") {
    message.content = GoAway{};
  } else if (type == "RECONNECT_ICE_SERVER") {
    message.content = ReconnectIceServer{};
  } else if (type == "STATUS_RESPONSE") {
    const Json* status = member(*object, "statusResponse");
    if (status == nullptr || !status->is_object()) return Errc::bad_message;
    message.content =
        StatusResponse{cut(text_of(*status, "correlationId")), cut(text_of(*status, "errorType")),
                       status_code_of(*status), cut(text_of(*status, "description"))};
  } else if (type == "SDP_OFFER" || type == "SDP_ANSWER") {
    const auto payload = payload_of(*object);
    if (!payload) return Errc::bad_message;
    auto description =
        read_description(type == "SDP_OFFER" ? DescriptionType::offer : DescriptionType::answer, *payload);
    if (!description) return Errc::bad_message;
    message.content = *std::move(description);
  } else if (type == "ICE_CANDIDATE") {
    const auto payload = payload_of(*object);
    if (!payload) return Errc::bad_message;
    auto candidate = read_candidate(*payload);
    if (!candidate) return Errc::bad_message;
    message.content = *std::move(candidate);
  } else {
    if (type.empty()) return Errc::bad_message;
    message.content = UnknownMessage{cut(type)};
  }
  return message;
}

std::string write_message(const DescriptionMessage& message, std::string_view recipient,
                          std::string_view correlation_id) {
  const bool is_offer = message.type == DescriptionType::offer;
  return write_frame(is_offer ? "SDP_OFFER" : "SDP_ANSWER",
                     {{"type", is_offer ? "offer" : "answer"}, {"sdp", message.sdp}}, recipient,
                     correlation_id);
}

std::string write_message(const CandidateMessage& message, std::string_view recipient,
                          std::string_view correlation_id) {
  Json payload{{"candidate", message.candidate}};
  if (message.sdp_mid) payload["sdpMid"] = *message.sdp_mid;
  if (message.sdp_m_line_index) payload["sdpMLineIndex"] = *message.sdp_m_line_index;
  if (!message.username_fragment.empty()) payload["usernameFragment"] = message.username_fragment;
  return write_frame("ICE_CANDIDATE", payload, recipient, correlation_id);
}

}  // namespace petrel::inline v0::kvs

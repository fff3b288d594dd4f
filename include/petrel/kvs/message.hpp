#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/kvs/errc.hpp"

// The JSON text frames of the signaling WebSocket. AWS: Kinesis Video Streams WebRTC Developer Guide,
// "Signaling APIs". Payloads are base64 of what W3C WebRTC gives as JSON.
namespace petrel::inline v0::kvs {

/// The longest frame that is read. Browsers' offers have passed 30 KB, and base64 adds a third.
inline constexpr std::size_t max_frame_bytes = 256 * 1024;
/// The longest payload that the service documents, in base64. It delivers longer ones so far.
inline constexpr std::size_t documented_payload_chars = 10'000;
/// What we send at most: a description of this length can still be read by us.
inline constexpr std::size_t max_description_bytes = 128 * 1024;

enum class DescriptionType : std::uint8_t { offer, answer };

/// SDP_OFFER or SDP_ANSWER.
struct DescriptionMessage {
  DescriptionType type = DescriptionType::offer;
  std::string sdp;
};
/// ICE_CANDIDATE. What browsers send as RTCIceCandidateInit.
struct CandidateMessage {
  std::string candidate;  ///< "candidate:…"; empty: there are no more.
  std::optional<std::string> sdp_mid{};
  std::optional<std::uint16_t> sdp_m_line_index{};
  std::string username_fragment{};

  friend bool operator==(const CandidateMessage&, const CandidateMessage&) = default;
};
/// This connection ends within a minute: make another.
struct GoAway {};
/// The TURN server goes away: get others, and restart ICE where it is used.
struct ReconnectIceServer {};
/// What became of a message that we sent. It comes for failures only, and for messages with an id only.
struct StatusResponse {
  std::string correlation_id;
  std::string error_type;
  int status_code = 0;
  std::string description;
};
/// A type that this library does not know; to be ignored.
struct UnknownMessage {
  std::string type;
};

struct IncomingMessage {
  std::string sender;  ///< The viewer's client id; empty: the master, or the service.
  std::variant<DescriptionMessage, CandidateMessage, GoAway, ReconnectIceServer, StatusResponse,
               UnknownMessage>
      content;
};

/// Reads a frame from the service. Errors: Errc::bad_message, petrel::Errc::too_long.
PETREL_API Result<IncomingMessage> read_message(std::string_view frame);

/// `recipient` is a viewer's client id, or empty for the master; `correlation_id` may be empty.
PETREL_API std::string write_message(const DescriptionMessage& message, std::string_view recipient,
                                     std::string_view correlation_id);
PETREL_API std::string write_message(const CandidateMessage& message, std::string_view recipient,
                                     std::string_view correlation_id);

}  // namespace petrel::inline v0::kvs

#pragma once

#include <cstdint>
#include <optional>

#include "petrel/base/bytes.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/wire/rtcp_messages.hpp"

namespace petrel::inline v0::rtcp {

// Packet types, RFC 3550 12.1, RFC 4585 6.1, RFC 3611 2.
constexpr std::uint8_t type_sender_report = 200;
constexpr std::uint8_t type_receiver_report = 201;
constexpr std::uint8_t type_source_description = 202;
constexpr std::uint8_t type_bye = 203;
constexpr std::uint8_t type_transport_layer_feedback = 205;
constexpr std::uint8_t type_payload_specific_feedback = 206;
constexpr std::uint8_t type_extended_report = 207;

// Feedback message types: the count field of feedback packets.
constexpr std::uint8_t format_nack = 1;  // RFC 4585 6.2.1
constexpr std::uint8_t format_transport_feedback =
    15;                                          // draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1
constexpr std::uint8_t format_picture_loss = 1;  // RFC 4585 6.3.1
constexpr std::uint8_t format_full_intra = 4;    // RFC 5104 4.3.1
constexpr std::uint8_t format_application_layer = 15;  // RFC 4585 6.4: REMB, by its name.

// What each of these reads or writes is a packet without its 4-byte header and without padding.
// A body is padded to 4 bytes by whoever frames it. Reading answers nullopt for a body that
// contradicts its length; `count` is the header's 5-bit field.

std::optional<Message> read_sender_report(std::uint8_t count, Bytes body);
std::optional<Message> read_receiver_report(std::uint8_t count, Bytes body);
std::optional<Message> read_source_description(std::uint8_t count, Bytes body);
std::optional<Message> read_bye(std::uint8_t count, Bytes body);
std::optional<Message> read_extended_report(Bytes body);
std::optional<Message> read_nack(Bytes body);
std::optional<Message> read_picture_loss(Bytes body);
std::optional<Message> read_full_intra(Bytes body);
std::optional<Message> read_receiver_estimate(Bytes body);
std::optional<Message> read_transport_feedback(Bytes body);

/// Whether a body of application layer feedback is a REMB.
bool is_receiver_estimate(Bytes body);

/// What the header of a written packet has to say.
struct PacketKind {
  std::uint8_t type = 0;
  std::uint8_t count = 0;
};

// Room is the writer's to check, once, at the end.
Result<PacketKind> write(ByteWriter& out, const SenderReport& report);
Result<PacketKind> write(ByteWriter& out, const ReceiverReport& report);
Result<PacketKind> write(ByteWriter& out, const SourceDescription& description);
Result<PacketKind> write(ByteWriter& out, const Bye& bye);
Result<PacketKind> write(ByteWriter& out, const ExtendedReport& report);
Result<PacketKind> write(ByteWriter& out, const Nack& nack);
Result<PacketKind> write(ByteWriter& out, const PictureLossIndication& indication);
Result<PacketKind> write(ByteWriter& out, const FullIntraRequest& request);
Result<PacketKind> write(ByteWriter& out, const ReceiverEstimate& estimate);
Result<PacketKind> write(ByteWriter& out, const TransportFeedback& feedback);

}  // namespace petrel::inline v0::rtcp

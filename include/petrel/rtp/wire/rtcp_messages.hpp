#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/wire/sequence.hpp"

namespace petrel::inline v0::rtcp {

using rtp::Ssrc;

// How many report blocks, sources and chunks the 5-bit count of a packet can say.
constexpr std::size_t max_counted = 31;  // RFC 3550 6.4.1
// A NACK for more than this asks for more than any history holds; 16 bits with 17 numbers per
// 4 bytes would let one datagram ask for 6,000.
constexpr std::size_t max_lost_in_nack = 2048;
// RFC 5104 4.3.1.1 sets no limit. One entry per stream of a sender; a datagram holds 186.
constexpr std::size_t max_fir_entries = 128;
// The feedback's packet count has 16 bits. 1200 bytes hold 7,000 packets that did not arrive in
// run-length chunks; a sender that has so many on their way gets no useful answer from us.
constexpr std::size_t max_feedback_packets = 8192;

/// How one stream was received, RFC 3550 6.4.1.
struct ReportBlock {
  Ssrc source{};
  std::uint8_t fraction_lost = 0;      ///< Since the report before, in 1/256.
  std::int32_t cumulative_lost = 0;    ///< 24 bits with sign: duplicates can make it negative.
  std::uint32_t highest_sequence = 0;  ///< Extended: rounds of the sequence number in the upper half.
  std::uint32_t jitter = 0;            ///< In units of the RTP clock.
  std::uint32_t last_report = 0;       ///< NtpTime::middle() of the last sender report; 0 if none came.
  std::uint32_t delay_since_last_report = 0;  ///< In 1/65536 s.

  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};

/// SR, RFC 3550 6.4.1.
struct SenderReport {
  Ssrc sender{};
  NtpTime ntp{};
  std::uint32_t rtp_timestamp = 0;  ///< The same instant as `ntp`.
  std::uint32_t packet_count = 0;
  std::uint32_t octet_count = 0;  ///< Payload only.
  std::vector<ReportBlock> reports{};
  friend bool operator==(const SenderReport&, const SenderReport&) = default;
};

/// RR, RFC 3550 6.4.2.
struct ReceiverReport {
  Ssrc sender{};
  std::vector<ReportBlock> reports{};
  friend bool operator==(const ReceiverReport&, const ReceiverReport&) = default;
};

/// SDES, RFC 3550 6.5; of its items only CNAME is kept.
struct SourceDescription {
  struct Chunk {
    Ssrc source{};
    std::string cname{};  ///< At most 255 bytes; empty if the chunk has none.
    friend bool operator==(const Chunk&, const Chunk&) = default;
  };
  std::vector<Chunk> chunks{};
  friend bool operator==(const SourceDescription&, const SourceDescription&) = default;
};

/// BYE, RFC 3550 6.6.
struct Bye {
  std::vector<Ssrc> sources{};
  std::string reason{};  ///< At most 255 bytes, usually empty.
  friend bool operator==(const Bye&, const Bye&) = default;
};

/// Generic NACK, RFC 4585 6.2.1.
struct Nack {
  Ssrc sender{};
  Ssrc media{};
  /// As parsed: in the order of the wire, repetitions included. To be written: in order, modulo wrap.
  std::vector<std::uint16_t> lost{};
  friend bool operator==(const Nack&, const Nack&) = default;
};

/// PLI, RFC 4585 6.3.1.
struct PictureLossIndication {
  Ssrc sender{};
  Ssrc media{};
  friend bool operator==(const PictureLossIndication&, const PictureLossIndication&) = default;
};

/// FIR, RFC 5104 4.3.1.
struct FullIntraRequest {
  struct Entry {
    Ssrc media{};
    std::uint8_t command = 0;  ///< Rises with each new request; a repetition keeps it.
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  Ssrc sender{};
  std::vector<Entry> entries{};
  friend bool operator==(const FullIntraRequest&, const FullIntraRequest&) = default;
};

/// REMB, draft-alvestrand-rmcat-remb-03 2.2.
struct ReceiverEstimate {
  Ssrc sender{};
  std::uint64_t bits_per_second = 0;  ///< 18 significant bits survive the wire; the rest is cut off.
  std::vector<Ssrc> media{};          ///< At most 255.
  friend bool operator==(const ReceiverEstimate&, const ReceiverEstimate&) = default;
};

/// Transport-wide feedback, draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1.
struct TransportFeedback {
  static constexpr Duration delta_unit = std::chrono::microseconds(250);
  static constexpr Duration reference_unit = std::chrono::milliseconds(64);

  Ssrc sender{};
  Ssrc media{};
  std::uint8_t feedback_count = 0;  ///< Rises with each feedback packet.
  std::uint16_t base_sequence = 0;  ///< The transport-wide number of packets[0]; they go on without a gap.
  std::int32_t reference_time = 0;  ///< In `reference_unit`; 24 bits with sign.
  /// For each packet how long after the previous one that arrived it came (after the reference
  /// time, for the first), in `delta_unit`; nullopt if it did not arrive.
  std::vector<std::optional<std::int16_t>> packets{};
  friend bool operator==(const TransportFeedback&, const TransportFeedback&) = default;
};

/// XR, RFC 3611; of its blocks only RRTR (4.4) and DLRR (4.5) are kept.
struct ExtendedReport {
  struct Delay {
    Ssrc receiver{};
    std::uint32_t last_reference = 0;              ///< NtpTime::middle() of the receiver's last RRTR.
    std::uint32_t delay_since_last_reference = 0;  ///< In 1/65536 s.
    friend bool operator==(const Delay&, const Delay&) = default;
  };
  Ssrc sender{};
  std::optional<NtpTime> reference_time{};
  std::vector<Delay> delays{};
  friend bool operator==(const ExtendedReport&, const ExtendedReport&) = default;
};

using Message =
    std::variant<SenderReport, ReceiverReport, SourceDescription, Bye, Nack, PictureLossIndication,
                 FullIntraRequest, ReceiverEstimate, TransportFeedback, ExtendedReport>;

}  // namespace petrel::inline v0::rtcp

#pragma once

#include <cstdint>
#include <optional>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::rtp {

/// A sequence number without the wrap: 65536 later per round. Streams start in
/// round one, so that what came before the first packet is still positive.
using ExtendedSequence = std::int64_t;

/// Follows the sequence numbers of one stream, RFC 3550 A.1.
///
/// A packet far from the others is refused until a second one confirms it; then the
/// sender has restarted. Deviates from A.1: no probation of new sources, since SRTP
/// has authenticated every packet; and the window backwards is as long as the reorder
/// buffer, since a retransmission may carry its original number.
class PETREL_API SequenceValidator {
 public:
  static constexpr int max_dropout = 3000;  // RFC 3550 A.1
  static constexpr int max_misorder = 512;  // The reorder buffer: what is older has no place left.

  enum class Verdict : std::uint8_t {
    accepted,
    refused,    ///< Too far away, and not confirmed.
    restarted,  ///< Accepted; the sender has started over, and what was held of it is of no use.
  };
  struct Outcome {
    Verdict verdict = Verdict::refused;
    ExtendedSequence sequence = 0;  ///< Rises over restarts too. Undefined when refused.
  };

  Outcome accept(std::uint16_t sequence);

  bool started() const { return started_; }
  ExtendedSequence highest() const { return highest_; }

 private:
  bool started_ = false;
  ExtendedSequence highest_ = 0;
  std::optional<std::uint16_t> confirms_restart_;
};

}  // namespace petrel::inline v0::rtp

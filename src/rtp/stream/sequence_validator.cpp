#include "petrel/rtp/stream/sequence_validator.hpp"

#include "petrel/rtp/wire/sequence.hpp"

namespace petrel::inline v0::rtp {

SequenceValidator::Outcome SequenceValidator::accept(std::uint16_t sequence) {
  if (!started_) {
    started_ = true;
    highest_ = 0x10000 + sequence;
    return {Verdict::accepted, highest_};
  }
  const ExtendedSequence extended = unwrap_near(sequence, highest_);
  if (extended > highest_ - max_misorder && extended < highest_ + max_dropout) {
    if (extended > highest_) highest_ = extended;
    confirms_restart_.reset();
    return {Verdict::accepted, extended};
  }
  if (confirms_restart_ != sequence) {
    confirms_restart_ = static_cast<std::uint16_t>(sequence + 1);
    return {};
  }
  confirms_restart_.reset();
  // A round further on, so that nothing of before can be mistaken for a part of what follows.
  highest_ = ((highest_ >> 16) + 2) * 0x10000 + sequence;
  return {Verdict::restarted, highest_};
}

}  // namespace petrel::inline v0::rtp

#include "send/transfer.hpp"

#include <algorithm>
#include <utility>

#include "petrel/base/assert.hpp"
#include "shared/hexadecimal.hpp"

namespace transfer {

Sender::Sender(Offer offer) : offer_(std::move(offer)) { texts_.push_back(to_text(offer_)); }

void Sender::end(Outcome outcome) {
  if (!outcome_) outcome_ = std::move(outcome);
}

void Sender::fail(std::string reason, std::string told) {
  if (outcome_) return;
  texts_.push_back(to_text(Failed{std::move(told)}));
  end({std::move(reason)});
}

void Sender::handle_text(std::string_view text) {
  if (outcome_) return;
  const auto message = parse_message(text);
  if (!message) {
    refuse("the other end said what is no message of this protocol");
  } else if (const auto* accept = std::get_if<Accept>(&*message)) {
    if (began_at_ || accept->from > offer_.size) return refuse("the other end accepted what was not offered");
    began_at_ = next_ = delivered_ = accept->from;
  } else if (const auto* got = std::get_if<Got>(&*message)) {
    if (!began_at_ || got->bytes < delivered_ || got->bytes > next_) {
      return refuse("the other end reported bytes that were not sent");
    }
    delivered_ = got->bytes;
  } else if (const auto* done = std::get_if<Done>(&*message)) {
    if (!began_at_ || next_ != offer_.size || done->sha256 != offer_.sha256) {
      return refuse("the other end is done with another file than this");
    }
    delivered_ = offer_.size;
    end({});
  } else if (const auto* failed = std::get_if<Failed>(&*message)) {
    end({"the other end: " + printable(failed->reason), true});
  } else {
    refuse("the other end sends a file too; one of the two has to receive");
  }
}

std::optional<Sender::Piece> Sender::poll_piece() {
  if (!began_at_ || outcome_ || next_ == offer_.size || next_ - delivered_ >= window_bytes)
    return std::nullopt;
  const Piece piece{next_,
                    static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, offer_.size - next_))};
  next_ += piece.size;
  return piece;
}

void Receiver::end(Outcome outcome) {
  if (!outcome_) outcome_ = std::move(outcome);
}

void Receiver::fail(std::string reason, std::string told) {
  if (outcome_) return;
  whole_ = false;
  texts_.push_back(to_text(Failed{std::move(told)}));
  end({std::move(reason)});
}

void Receiver::handle_text(std::string_view text) {
  if (outcome_) return;
  const auto message = parse_message(text);
  if (!message) {
    refuse("the other end said what is no message of this protocol");
  } else if (const auto* failed = std::get_if<Failed>(&*message)) {
    end({"the other end: " + printable(failed->reason), true});
  } else if (const auto* offer = std::get_if<Offer>(&*message); offer != nullptr && !offer_) {
    offer_ = *offer;
  } else if (offer != nullptr) {
    refuse("the other end offered a second file");
  } else {
    refuse("the other end receives too; one of the two has to send");
  }
}

void Receiver::handle_existing(petrel::Bytes piece) {
  PETREL_ASSERT(offer_ && !accepted_ && piece.size() <= offer_->size - received_);
  hash_.update(piece);
  received_ += piece.size();
}

void Receiver::accept() {
  PETREL_ASSERT(offer_ && !accepted_);
  if (outcome_) return;
  accepted_ = true;
  reported_ = received_;
  texts_.push_back(to_text(Accept{received_}));
  check_end();
}

bool Receiver::handle_binary(petrel::Bytes piece) {
  if (outcome_) return false;
  if (!accepted_ || piece.size() > offer_->size - received_) {
    refuse("the other end sent more bytes than it offered");
    return false;
  }
  hash_.update(piece);
  received_ += piece.size();
  if (received_ - reported_ >= report_bytes && received_ < offer_->size) {
    reported_ = received_;
    texts_.push_back(to_text(Got{received_}));
  }
  check_end();
  return true;
}

void Receiver::check_end() {
  if (received_ < offer_->size || whole_ || corrupt_) return;
  whole_ = shared::hexadecimal(hash_.digest()) == offer_->sha256;
  if (whole_) return;
  corrupt_ = true;
  refuse("what arrived has another SHA-256 than what was sent; start again to send it anew");
}

void Receiver::finish() {
  PETREL_ASSERT(whole_);
  if (outcome_) return;
  texts_.push_back(to_text(Done{offer_->sha256}));
  end({});
}

}  // namespace transfer

#include "send/transfer_run.hpp"

#include <algorithm>
#include <asio/post.hpp>
#include <exception>
#include <utility>

namespace transfer {
namespace {

using namespace std::chrono_literals;

// The last word has left long before, unless the connection is broken.
constexpr auto closing_time = 5s;
// Of a part that is there: so much at once, and the connection stays alive in between.
constexpr std::size_t hashed_at_once = 4 * 1024 * 1024;

class SendRun final : public TransferRun {
 public:
  SendRun(Task& task, petrel::DataChannel channel, OnEnd on_end)
      : TransferRun(task, std::move(channel), std::move(on_end)), sender_(task.offer) {}

 private:
  void handle_text(std::string_view text) override {
    sender_.handle_text(text);
    if (sender_.began_at()) {
      if (!progress_ && *sender_.began_at() > 0) {
        task_.screen.say("The other end has " + size_text(*sender_.began_at()) +
                         " already; going on from there.");
      }
      task_.most = std::max(task_.most, sender_.delivered());
      show(task_.offer.size, *sender_.began_at(), sender_.delivered());
    }
    pump();
  }
  // The receiver has nothing to say in bytes.
  void handle_binary(petrel::Bytes) override {
    sender_.fail("the other end sent bytes, which is ours to do", "a receiver sends no bytes");
    pump();
  }
  void pump() override {
    if (!send_texts(sender_)) return;
    if (sender_.outcome()) return conclude(*sender_.outcome());
    for (;;) {
      if (piece_.empty() && !read_next()) break;
      const auto sent = channel_.try_send(petrel::Bytes(piece_));
      if (!sent || !*sent) return;
      piece_.clear();
    }
    // Reading may have failed.
    if (send_texts(sender_) && sender_.outcome()) conclude(*sender_.outcome());
  }
  bool read_next() {
    const auto next = sender_.poll_piece();
    if (!next) return false;
    piece_.resize(next->size);
    try {
      task_.source->read(next->offset, piece_);
      return true;
    } catch (const std::exception& error) {
      piece_.clear();
      sender_.fail(error.what(), "the sender cannot read the file");
      return false;
    }
  }

  Sender sender_;
  std::vector<std::byte> piece_;
};

class ReceiveRun final : public TransferRun {
 public:
  ReceiveRun(Task& task, petrel::DataChannel channel, OnEnd on_end)
      : TransferRun(task, std::move(channel), std::move(on_end)) {}

 private:
  void handle_text(std::string_view text) override {
    const bool had_offer = receiver_.offer().has_value();
    receiver_.handle_text(text);
    if (!had_offer && receiver_.offer()) open();
    pump();
  }
  void handle_binary(petrel::Bytes bytes) override {
    if (receiver_.handle_binary(bytes)) {
      guard("the file cannot be written", [&] { part_->append(bytes); });
      note_progress();
    }
    settle();
  }
  void pump() override {
    if (send_texts(receiver_) && receiver_.outcome()) conclude(*receiver_.outcome());
  }

  // What goes wrong with our disk ends the transfer; the other end is told no paths.
  template <class Work>
  void guard(const char* told, Work work) {
    try {
      work();
    } catch (const std::exception& error) {
      receiver_.fail(error.what(), std::string("the receiver says: ") + told);
    }
  }

  void open() {
    guard("the file cannot be opened", [&] {
      const Offer& offer = *receiver_.offer();
      part_.emplace(task_.folder, offer);
      task_.part = part_->path();
      if (!task_.announced) {
        task_.screen.say("Receiving " + safe_name(offer.name) + ", " + size_text(offer.size));
        task_.announced = true;
      }
      if (!part_->has_room()) {
        receiver_.fail(task_.folder.string() + " has no room for " + size_text(offer.size),
                       "the receiver says: there is no room for it");
        return;
      }
      if (part_->size() > 0) {
        task_.screen.say(part_->path().string() + " has " + size_text(part_->size()) +
                         " of it already; going on from there.");
      }
      hash_existing();
    });
  }

  void hash_existing() {
    std::vector<std::byte> block(64 * 1024);
    guard("the file cannot be read", [&] {
      for (std::size_t count = 0; count < hashed_at_once; count += block.size()) {
        const std::size_t size = part_->read(receiver_.received(), block);
        if (size == 0) break;
        receiver_.handle_existing(petrel::Bytes(block).first(size));
      }
      if (receiver_.received() == part_->size()) {
        receiver_.accept();
        note_progress();
      } else {
        asio::post(task_.network.executor(), [weak = weak_from_this()] {
          if (const auto self = std::static_pointer_cast<ReceiveRun>(weak.lock())) self->hash_existing();
        });
      }
    });
    settle();
  }

  void note_progress() {
    if (!receiver_.accepted()) return;
    if (!began_at_) began_at_ = receiver_.received();
    task_.most = std::max(task_.most, receiver_.received());
    show(receiver_.offer()->size, *began_at_, receiver_.received());
  }

  void settle() {
    if (receiver_.whole() && !receiver_.outcome()) {
      guard("the file cannot be put into its place", [&] {
        const auto place = part_->keep();
        task_.part.clear();
        task_.screen.say("Received " + place.string() + ": " + progress_->summary() + ", SHA-256 " +
                         receiver_.offer()->sha256);
        receiver_.finish();
      });
    }
    if (receiver_.corrupt() && part_) {
      part_->remove();
      part_.reset();
      task_.part.clear();
    }
    pump();
  }

  Receiver receiver_;
  std::optional<PartFile> part_;
  std::optional<std::uint64_t> began_at_;
};

}  // namespace

std::shared_ptr<TransferRun> TransferRun::create(Task& task, petrel::DataChannel channel, OnEnd on_end) {
  if (task.source != nullptr) return std::make_shared<SendRun>(task, std::move(channel), std::move(on_end));
  return std::make_shared<ReceiveRun>(task, std::move(channel), std::move(on_end));
}

TransferRun::TransferRun(Task& task, petrel::DataChannel channel, OnEnd on_end)
    : task_(task),
      channel_(std::move(channel)),
      on_end_(std::move(on_end)),
      timer_(task.network.executor()) {}

void TransferRun::start() {
  const auto guarded = [weak = weak_from_this()](auto work) {
    return [weak, work](auto&&... arguments) {
      if (const auto self = weak.lock()) work(*self, arguments...);
    };
  };
  channel_.on_open(guarded([](TransferRun& self) { self.pump(); }));
  channel_.on_writable(guarded([](TransferRun& self) { self.pump(); }));
  channel_.on_message(guarded([](TransferRun& self, const petrel::Message& message) {
    if (self.outcome_) return;
    if (message.is_text) {
      self.handle_text(message.text());
    } else {
      self.handle_binary(message.bytes());
    }
  }));
  channel_.on_close(guarded([](TransferRun& self) { self.report(self.outcome_); }));
  if (channel_.state() == petrel::DataChannelState::open) pump();
}

void TransferRun::show(std::uint64_t total, std::uint64_t from, std::uint64_t done) {
  const petrel::TimePoint now = task_.network.now();
  if (!progress_) progress_.emplace(now, total, from);
  progress_->update(now, done);
  if (done < total) task_.screen.show(now, *progress_);
}

void TransferRun::conclude(const Outcome& outcome) {
  if (outcome_) return;
  outcome_ = outcome;
  if (outcome.ok() && task_.source != nullptr) {
    task_.screen.say("Sent " + printable(task_.offer.name) + ": " + progress_->summary() + ", SHA-256 " +
                     task_.offer.sha256);
  }
  // Closing comes behind the last word, and is answered by the other end when it has it (RFC 8831 6.7).
  channel_.close();
  timer_.expires_after(closing_time);
  timer_.async_wait([weak = weak_from_this()](std::error_code error) {
    if (const auto self = weak.lock(); self && !error) self->report(self->outcome_);
  });
}

void TransferRun::report(std::optional<Outcome> outcome) {
  if (!on_end_) return;
  // Not from inside the channel's callback: whoever hears it destroys us.
  asio::post(task_.network.executor(), [weak = weak_from_this(), outcome = std::move(outcome)] {
    const auto self = weak.lock();
    if (self && self->on_end_) std::exchange(self->on_end_, nullptr)(outcome);
  });
}

}  // namespace transfer

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/bytes.hpp"
#include "petrel/base/ring_queue.hpp"
#include "petrel/crypto/sha256.hpp"
#include "send/transfer_message.hpp"

// Both ends of the transfer of one file over one connection, without file, channel or clock. After a broken
// connection both begin anew on the next one, and the receiver says where to go on.
namespace transfer {

/// What a binary message has, but for the last.
inline constexpr std::size_t piece_bytes = 64 * 1024;
/// How far the sender runs ahead of what the receiver has written. A receiver that cannot write as fast as it
/// hears, a page with a slow disk, holds no more than this.
inline constexpr std::uint64_t window_bytes = 16 * 1024 * 1024;
/// The receiver says Got this often.
inline constexpr std::uint64_t report_bytes = 1024 * 1024;

/// How a transfer ended. Neither end tries again.
struct Outcome {
  std::string failure{};  ///< Empty: the file has arrived and is the right one.
  bool by_peer = false;   ///< The other end has said so; else the other end has to be told.

  bool ok() const { return failure.empty(); }
};

/// The end that has the file.
///
/// Poll texts and pieces, texts first, and send both in order by one channel.
class Sender {
 public:
  struct Piece {
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };

  explicit Sender(Offer offer);

  void handle_text(std::string_view text);
  /// The file cannot be read on. `told` is what the other end hears of it: no paths of ours.
  void fail(std::string reason, std::string told);

  std::optional<std::string> poll_text() { return texts_.take(); }
  /// What to read and to send next; nullopt: nothing now. Each comes once.
  std::optional<Piece> poll_piece();

  /// What the receiver has, as far as it has said.
  std::uint64_t delivered() const { return delivered_; }
  /// Where this connection began, once the receiver has accepted.
  const std::optional<std::uint64_t>& began_at() const { return began_at_; }
  const std::optional<Outcome>& outcome() const { return outcome_; }

 private:
  void end(Outcome outcome);
  void refuse(std::string reason) { fail(reason, reason); }

  Offer offer_;
  std::optional<std::uint64_t> began_at_;
  std::uint64_t next_ = 0;  // The next byte to send.
  std::uint64_t delivered_ = 0;
  std::optional<Outcome> outcome_;
  petrel::RingQueue<std::string> texts_;
};

/// The end that wants it.
///
/// offer() appears; its owner looks for what it has of that file, gives that to handle_existing(), and calls
/// accept(), or fail(). What handle_binary() answers true to is then to be written; when whole() is true, the
/// file is put into its place, and finish() says so to the sender.
class Receiver {
 public:
  void handle_text(std::string_view text);
  /// True: these bytes are the file's next ones.
  bool handle_binary(petrel::Bytes piece);

  /// The sender's offer, once there is one.
  const std::optional<Offer>& offer() const { return offer_; }
  /// The next bytes of what is there from an earlier connection; before accept().
  void handle_existing(petrel::Bytes piece);
  /// Goes on behind what handle_existing() was given.
  void accept();
  /// It does not work out here. `told` is what the other end hears of it: no paths of ours.
  void fail(std::string reason, std::string told);
  /// All bytes are there and their hash is the one offered. Once they are not, outcome() says so.
  bool whole() const { return whole_; }
  void finish();

  std::optional<std::string> poll_text() { return texts_.take(); }
  std::uint64_t received() const { return received_; }
  bool accepted() const { return accepted_; }
  /// The hash was another one: what there is must not be gone on with.
  bool corrupt() const { return corrupt_; }
  const std::optional<Outcome>& outcome() const { return outcome_; }

 private:
  void end(Outcome outcome);
  void refuse(std::string reason) { fail(reason, reason); }
  void check_end();

  std::optional<Offer> offer_;
  bool accepted_ = false;
  bool whole_ = false;
  bool corrupt_ = false;
  std::uint64_t received_ = 0;
  std::uint64_t reported_ = 0;
  petrel::crypto::Sha256 hash_;
  std::optional<Outcome> outcome_;
  petrel::RingQueue<std::string> texts_;
};

}  // namespace transfer

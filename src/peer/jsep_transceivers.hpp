#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peer/jsep_description.hpp"
#include "petrel/peer/jsep.hpp"

namespace petrel::inline v0::jsep {

struct Transceiver {
  TransceiverState state;
  bool answers_offers = true;
};

/// A place among the m-lines. Places are never given up, only used again (RFC 3264 8).
struct MediaLine {
  std::string mid;
  std::optional<TransceiverId> transceiver{};
  bool data_channels = false;  ///< It carries them all. At most one place does.
};

/// Transceivers, and the m-lines they belong to (RFC 9429 3.4.1). A value: a copy of it is what
/// a rollback returns to.
class Transceivers {
 public:
  TransceiverId add(Transceiver transceiver);
  Transceiver* find(TransceiverId id);
  const Transceiver* find(TransceiverId id) const;
  /// The one on this m-line, or nullptr.
  Transceiver* on_line(std::size_t index);
  const Transceiver* on_line(std::size_t index) const;

  std::vector<Transceiver>& all() { return all_; }
  const std::vector<Transceiver>& all() const { return all_; }
  const std::vector<MediaLine>& lines() const { return lines_; }

  /// The place of the data channels.
  std::optional<std::size_t> data_line() const;
  /// Takes the data channels off their m-line, which stays empty.
  void erase_data_line();

  /// Puts these m-lines into force: those of a local offer.
  void set_lines(std::vector<MediaLine> lines);
  /// Finds or makes the transceiver for each m-line of a remote offer. Answers those it made.
  std::vector<TransceiverId> take_offer(const Description& offer, const NegotiationConfig& config);
  /// Forgets a transceiver and leaves its m-line empty.
  void erase(TransceiverId id);
  /// Goes back to the m-lines of `before`, keeping what the application has set since. Answers the
  /// transceivers that only a remote offer of the meantime had made; they are gone.
  std::vector<TransceiverId> restore(const Transceivers& before);

 private:
  Transceiver* first_for(const MediaDescription& media);
  void place_data_channels(const Description& offer);

  std::vector<Transceiver> all_;
  std::vector<MediaLine> lines_;
  std::uint32_t next_id_ = 1;
};

}  // namespace petrel::inline v0::jsep

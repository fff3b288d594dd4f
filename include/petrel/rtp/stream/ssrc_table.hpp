#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/rtp/stream/media_config.hpp"

namespace petrel::inline v0::rtp {

/// Which media an SSRC of the peer belongs to, RFC 8843 9.2: as signalled, or as latched when a mid or a
/// payload type said so. Bounded, since a peer may make up as many SSRCs as it likes.
class PETREL_API SsrcTable {
 public:
  // A stream and its retransmission for three simulcast layers, and as many again while they are replaced.
  static constexpr std::size_t max_per_media = 12;
  // A stream that has been silent for so long makes room for a new one, as if it had said BYE.
  static constexpr Duration idle_before_replaced = std::chrono::seconds(10);

  struct Entry {
    Ssrc ssrc{};
    MediaId media{};
    bool signalled = false;             ///< Never replaced by one that was not.
    std::optional<Ssrc> retransmits{};  ///< FID: this is the retransmission of that stream.
    std::string rid{};                  ///< RFC 8852 3.1, where packets carry one.
    TimePoint last_heard{};
  };

  Entry* find(Ssrc ssrc);

  struct Added {
    Entry* entry = nullptr;        ///< nullptr if the media has its fill, and all of it is alive.
    std::optional<Ssrc> replaced;  ///< Who had to go.
  };
  /// `entry.ssrc` is not in the table yet.
  Added add(TimePoint now, Entry entry);
  void remove(Ssrc ssrc);
  void remove_media(MediaId media);

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::vector<Entry> entries_;  ///< In order of SSRC.
};

}  // namespace petrel::inline v0::rtp

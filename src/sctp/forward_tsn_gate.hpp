#pragma once

#include <vector>

#include "petrel/base/bytes.hpp"

namespace petrel::inline v0::sctp {

/// Which FORWARD-TSNs (RFC 3758 3.2) of a peer without I-DATA may reach usrsctp.
///
/// usrsctp 0.9.5 reassembles the unordered messages of a stream in one place. If fragments of a later message
/// wait there when an earlier one is skipped, it notes the new cumulative TSN as the last fragment of the
/// later one, and aborts the association if a whole message comes with the TSN after that: "missing end". So
/// a FORWARD-TSN waits for that TSN where something behind it is here already. The peer sends both again
/// until they are acknowledged.
class ForwardTsnGate {
 public:
  /// A packet on its way out: its SACK says what is here.
  void look_at(Bytes packet);
  bool may_pass(Bytes chunk) const;

 private:
  std::vector<std::byte> sack_;  // The last one.
};

}  // namespace petrel::inline v0::sctp

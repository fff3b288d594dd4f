#pragma once

#include <optional>
#include <string>
#include <vector>

#include "petrel/ice/candidate.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::ice {

/// Names for groups of candidates that probably work or fail together, RFC 8445
/// 5.1.1.3: those of one type and base address, learnt from the same server.
class Foundations {
 public:
  /// The same text for the same arguments, another one for others.
  /// `protocol`: how the server is talked to.
  std::string of(CandidateType type, const IpAddress& base, const std::optional<IpAddress>& server = {},
                 TransportProtocol protocol = TransportProtocol::udp);

 private:
  struct Entry {
    CandidateType type;
    IpAddress base;
    std::optional<IpAddress> server;
    TransportProtocol protocol;

    friend bool operator==(const Entry&, const Entry&) = default;
  };
  std::vector<Entry> entries_;
};

}  // namespace petrel::inline v0::ice

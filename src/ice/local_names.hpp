#pragma once

#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ice/shared.hpp"
#include "petrel/mdns/node.hpp"

namespace petrel::inline v0::ice {

/// The `<uuid>.local` names in candidates (draft-ietf-mmusic-mdns-ice-candidates): finds the
/// addresses behind those of the peer, and gives our own addresses names. Joins no multicast
/// group before the first name is needed.
class LocalNames {
 public:
  struct Found {
    StreamId stream;
    Candidate candidate;  ///< With the address in place of the name.
  };

  explicit LocalNames(Shared& shared) : shared_(shared) {}

  /// False: the name is none that may be resolved, or too many are asked for.
  bool resolve(StreamId stream, const Candidate& candidate);
  std::optional<Found> poll_found();
  /// A new name for the address; nullopt: it cannot have one.
  std::optional<std::string> publish(const IpAddress& address);

  void handle_interfaces(std::span<const LocalAddress> addresses);
  /// False: of another's flow.
  bool handle_datagram(const Datagram& datagram);
  void handle_flow(FlowId flow, const FlowChange& change);
  void handle_timeout();
  std::optional<TimePoint> next_timeout() const;
  void close();

 private:
  struct Asked {
    mdns::QueryId id;
    StreamId stream;
    Candidate candidate;
  };

  mdns::Node& node();
  void collect();

  Shared& shared_;
  std::vector<LocalAddress> interfaces_;
  std::unique_ptr<mdns::Node> node_;
  std::vector<Asked> asked_;
  std::list<Found> found_;
};

}  // namespace petrel::inline v0::ice

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "ice/pair.hpp"
#include "ice/shared.hpp"
#include "petrel/ice/agent.hpp"

namespace petrel::inline v0::ice {

constexpr std::size_t max_pairs = 100;  // RFC 8445 6.1.2.5
/// A browser with several interfaces and servers sends about 20; per stream.
constexpr std::size_t max_remote_candidates = 64;
/// 16 sockets (see gatherer.hpp) with a reflexive address by each of 4 servers, and as many seen by peers.
constexpr std::size_t max_local_candidates = 96;

/// The pairs of one stream in one generation, and the order in which they are tried:
/// RFC 8445 6.1.2 to 6.1.4, fed bit by bit as trickle wants it (RFC 8838 10 to 12).
///
/// Knows nothing of time or packets. Pointers to pairs live until the next call that adds one.
class Checklist {
 public:
  explicit Checklist(Role role) : role_(role) {}

  enum class Added : std::uint8_t { added, updated, duplicate, full };

  /// A host candidate is paired with every remote one.
  void add_local(LocalCandidate local);
  Added add_remote(const Candidate& candidate);
  /// The pair that a request came over. From an address that nobody told us it makes a
  /// peer-reflexive candidate (RFC 8445 7.3.1.3) with this one pair. Null: no room, or no such flow.
  Pair* pair_of_request(FlowId flow, const Endpoint& source, std::uint32_t priority);
  /// RFC 8445 7.2.5.3.1: the place of the local candidate with this address and this
  /// base, which becomes a peer-reflexive one if nobody told us; `base` when there are too many.
  std::size_t learn_local(const Endpoint& mapped, std::size_t base, std::uint32_t priority);

  void set_role(Role role);
  void fail_flow(FlowId flow);
  /// The pair whose TCP connection has ended. One that was not needed can be tried again.
  void fail_connection(const ConnectionEnded& ended);

  Pair* find(PairId id);
  const Pair* find(PairId id) const;
  Pair* find(FlowId flow, const Endpoint& remote);
  const Pair* find(FlowId flow, const Endpoint& remote) const;

  /// Queues a check that a packet of the peer asked for (RFC 8445 7.3.1.4).
  void trigger(Pair& pair);
  void forget_trigger(PairId id);
  bool has_triggered() const { return !triggered_.empty(); }
  Pair* take_triggered();

  bool has_ordinary() const;
  /// The next pair in turn (RFC 8445 6.1.4.2). `busy` are the foundations with a waiting or
  /// running check in the whole checklist set; pairs of those stay frozen.
  Pair* take_ordinary(std::span<const std::string_view> busy);

  /// RFC 8445 7.2.5.3.3: what shares a foundation with a pair that works is worth trying.
  void unfreeze(std::string_view foundation);
  /// RFC 8445 8.1.2: a pair is nominated, the others are not tried any more.
  void stop();
  /// The nominated pair is lost, or quiet: everything but `carrier` is tried (again), and so is
  /// what comes. Only broken sockets stay what they are.
  void resume(std::optional<PairId> carrier);

  /// The failed pairs are worth another try, because time has passed. Broken sockets are not.
  void retry_failed();

  /// Highest priority first.
  std::span<Pair> pairs() { return pairs_; }
  std::span<const Pair> pairs() const { return pairs_; }
  std::span<const LocalCandidate> locals() const { return locals_; }
  std::span<const Candidate> remotes() const { return remotes_; }
  Role role() const { return role_; }
  /// How many pairs the limit has cost since it was asked last.
  std::uint64_t take_pruned() { return std::exchange(pruned_, 0); }

 private:
  std::size_t learn_remote(const Candidate& base, const Endpoint& source, std::uint32_t priority);
  std::size_t abandoned_remote() const;
  void add_pair(std::size_t local, std::size_t remote);
  void add_pairs_of_remote(std::size_t remote);
  void prioritise(Pair& pair) const;
  void sort();
  void prune();

  Role role_;
  std::vector<LocalCandidate> locals_;
  std::vector<Candidate> remotes_;
  std::vector<Pair> pairs_;
  std::vector<PairId> triggered_;
  std::uint32_t last_pair_ = 0;
  std::uint32_t last_learnt_ = 0;
  std::uint64_t pruned_ = 0;
  bool stopped_ = false;
};

}  // namespace petrel::inline v0::ice

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/time.hpp"
#include "petrel/ice/candidate.hpp"

namespace petrel::inline v0::ice {

/// RFC 8445 6.1.2.6.
enum class PairState : std::uint8_t { frozen, waiting, in_progress, succeeded, failed };

/// Why a pair is what it is, for people who ask why it did not connect.
enum class PairOutcome : std::uint8_t {
  not_tried,          ///< Its turn has not come, or never came.
  under_way,          ///< Checked, no answer yet.
  answered,           ///< Works.
  unanswered,         ///< Every retransmission went without an answer.
  refused,            ///< Answered by an error response.
  wrong_source,       ///< Answered from another address than asked (RFC 8445 7.2.5.2.1).
  socket_failed,      ///< The local socket broke.
  connection_failed,  ///< Its TCP connection could not be opened.
  connection_lost,    ///< Its TCP connection stood, and ended.
  stopped,            ///< Another pair was nominated before this one was decided.
};

PETREL_API std::string_view to_string(PairState state);
PETREL_API std::string_view to_string(PairOutcome outcome);

/// One candidate pair, for getStats() and the connection report.
struct PairReport {
  Candidate local;
  Candidate remote;
  std::uint64_t priority = 0;
  PairState state = PairState::frozen;
  PairOutcome outcome = PairOutcome::not_tried;
  bool nominated = false;
  bool selected = false;
  std::uint64_t requests_sent = 0;  ///< Retransmissions and consent checks included.
  std::uint64_t requests_received = 0;
  std::uint64_t responses_sent = 0;
  std::uint64_t responses_received = 0;
  std::uint64_t packets_sent = 0;  ///< Data, by Agent::send().
  std::uint64_t bytes_sent = 0;
  std::optional<Duration> round_trip;  ///< Of the last answered check.
  Duration total_round_trip{};         ///< Of all answered checks.
};

/// How it went with one server, asked from one local address.
enum class ServerOutcome : std::uint8_t {
  resolving,     ///< Its name is being looked up.
  name_unknown,  ///< The name has no address that we could reach.
  waiting,       ///< Its turn has not come.
  asked,         ///< No answer yet.
  answered,      ///< There is a candidate of it, or it showed that there is no NAT.
  failed,        ///< No answer, or a refusal: `text` says.
  not_needed,    ///< A relay on demand that nobody demanded.
};

PETREL_API std::string_view to_string(ServerOutcome outcome);

struct ServerReport {
  std::string url;                   ///< "stun:stun.example.org:3478", "turns:turn.example.org:5349"
  std::optional<Endpoint> endpoint;  ///< Its address, once the name is resolved.
  Endpoint local;                    ///< Where we ask from.
  ServerOutcome outcome = ServerOutcome::waiting;
  std::optional<TimePoint> asked;
  std::optional<TimePoint> decided;
  /// What went wrong: of turn::Errc, tls::Errc or the system; std::errc::timed_out where nothing came back.
  std::error_code error{};
  std::string text{};  ///< The same as a sentence.
};

struct StreamReport {
  std::vector<PairReport> pairs;  ///< Highest priority first.
  std::vector<Candidate> local_candidates;
  std::vector<Candidate> remote_candidates;
  bool remote_is_lite = false;
  bool end_of_remote_candidates = false;
};

/// What was counted and dropped, and why. All since the agent was made.
struct AgentStats {
  std::uint64_t checks_sent = 0;  ///< New transactions; no retransmissions.
  std::uint64_t checks_received = 0;
  std::uint64_t role_conflicts = 0;

  std::uint64_t malformed_dropped = 0;      ///< Looked like STUN, was none.
  std::uint64_t unknown_ufrag_dropped = 0;  ///< A request for nobody here.
  std::uint64_t wrong_integrity_dropped =
      0;                           ///< Requests (answered by 401) and responses with a wrong password.
  std::uint64_t bad_requests = 0;  ///< Answered by 400 or 420.
  /// Of both, those that were dropped in silence: somebody floods us (deviates from RFC 8489 6.3.1).
  std::uint64_t refusals_withheld = 0;
  std::uint64_t unmatched_responses = 0;   ///< No transaction of ours, or too late.
  std::uint64_t early_checks_dropped = 0;  ///< More than 16 checks before the remote credentials came.

  std::uint64_t name_candidates_ignored = 0;      ///< Names that are no `<uuid>.local`, or too many.
  std::uint64_t names_resolved = 0;               ///< By multicast DNS.
  std::uint64_t names_unresolved = 0;             ///< Nobody on this link answered, or several did.
  std::uint64_t tcp_candidates_ignored = 0;       ///< Those that no candidate of ours could be paired with.
  std::uint64_t other_candidates_ignored = 0;     ///< Wrong component, generation or address.
  std::uint64_t filtered_candidates_ignored = 0;  ///< Addresses that AgentConfig::remote_addresses keeps out.
  std::uint64_t filtered_checks_dropped = 0;      ///< Requests from such addresses.
  std::uint64_t duplicate_candidates = 0;
  std::uint64_t excess_candidates_dropped = 0;
  std::uint64_t pairs_pruned = 0;  ///< Lowest priorities, over the limit of 100.

  std::uint64_t sockets_failed = 0;
  std::uint64_t servers_unanswered = 0;
  std::uint64_t keepalives_sent =
      0;                          ///< To STUN servers, while the candidates that they gave wait to be used.
  std::uint64_t relays_lost = 0;  ///< Allocations that stood, and ended before us.
  std::uint64_t relayed_dropped = 0;  ///< Came by a relay, but nobody polled.
  std::uint64_t sends_without_pair = 0;
  std::uint64_t transmits_dropped = 0;  ///< The queue was not polled for too long.

  std::uint64_t tcp_connections_opened = 0;    ///< By us, and answered.
  std::uint64_t tcp_connections_accepted = 0;  ///< From peers, and from whoever knocks.
  std::uint64_t tcp_connections_refused = 0;   ///< More than may be open at once.
  /// Accepted, but no check with our password came in time, or something else came first.
  std::uint64_t tcp_connections_unproven = 0;
  std::uint64_t tcp_connections_lost = 0;  ///< Stood, and ended before we closed them.
  std::uint64_t tcp_frames_too_long = 0;   ///< Skipped.
  std::uint64_t tcp_packets_dropped = 0;   ///< Data for a connection that was congested, or not there.
  std::uint64_t failovers = 0;             ///< Another pair had to stand in for the selected one.
  std::uint64_t renominations = 0;         ///< Changes of the selected pair, of either side's choice.
};

}  // namespace petrel::inline v0::ice

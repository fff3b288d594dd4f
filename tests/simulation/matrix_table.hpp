#pragma once

// What has to come of each cell of the connection matrix, as data that was written by hand from
// RFC 4787 (what NATs do) and RFC 8445 (what ICE makes of it). Nothing here knows petrel's ICE,
// nor any other code that it judges.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace petrel::inline v0::matrix {

/// What stands between a side and the internet. For IPv6 it filters as its name says, but
/// does not translate.
enum class Nat : std::uint8_t {
  open,  ///< Nothing: the host has a public address.
  full_cone,
  address_restricted,
  port_restricted,
  symmetric,
  udp_blocked
};
/// How both sides may reach the TURN server. They ask it by STUN in every cell.
enum class Turn : std::uint8_t { none, udp, tcp, tls };
enum class Mode : std::uint8_t {
  trickle,
  full,        ///< No trickle: descriptions leave when all candidates are gathered.
  alice_lite,  ///< Alice, who offers, is an ICE-lite agent; trickle.
  bob_lite,    ///< Bob, who answers, is one.
};
enum class Family : std::uint8_t { v4, v6, dual };

struct Cell {
  Nat alice{};
  Nat bob{};
  Turn turn{};
  Mode mode{};
  Family family{};
  /// On the way out of each side, so on each way between them. The line of the server loses nothing.
  unsigned loss_percent = 0;

  friend bool operator==(const Cell&, const Cell&) = default;
};

inline constexpr std::size_t nats = 6;
inline constexpr std::size_t turns = 4;
inline constexpr std::size_t modes = 4;
inline constexpr std::size_t families = 3;
inline constexpr std::array<unsigned, 3> losses = {0, 10, 30};
inline constexpr std::size_t cells = nats * nats * turns * modes * families * losses.size();

/// The cells have numbers from 0 to `cells` - 1, by which a run is told to replay one.
Cell cell_of(std::size_t number);
/// "symmetric to port-restricted, TURN/TCP, trickle, dual, 10 % loss"
std::string to_string(const Cell& cell);

/// A winning pair, as Alice sees it: her candidate's type, the type of Bob's, and the family of both.
/// Types are 'h' host, 's' server-reflexive, 'p' peer-reflexive, 'r' relayed, and 'u' a relayed address of
/// Bob's that was in no description, so that Alice knows it as a peer-reflexive one.
struct Winner {
  char local;
  char remote;
  char family;  ///< '4' or '6'
};

/// What the table says of one cell: the pairs that may win; none: it does not connect.
struct Expectation {
  /// As the table has them, in one list or, where chance chooses the family too, in two.
  struct Entry {
    std::string_view pairs = "-";
    char family = '4';  ///< Of pairs that do not name one.
  };
  Entry first{};
  Entry second{};
  /// The table shows them as Bob would see them.
  bool mirrored = false;
  bool heavy_loss = false;     ///< 30 %.
  bool untold_relays = false;  ///< 'r' of Bob's may be 'u'.

  bool may_fail() const;  ///< Always, if there is no pair.
  bool allows_a_pair() const;
  bool allows(const Winner& winner) const;
};

Expectation expectation_of(const Cell& cell);

/// "mr4", or a list of such: "hh6 hm4 hr4".
std::string to_string(const Winner& winner);
std::string to_string(const Expectation& expectation);

}  // namespace petrel::inline v0::matrix

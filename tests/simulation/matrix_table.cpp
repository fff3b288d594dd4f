#include "simulation/matrix_table.hpp"

#include <utility>

namespace petrel::inline v0::matrix {
namespace {

// ---- The table --------------------------------------------------------------
//
// An entry lists the pairs that may win, each as Alice's candidate and then Bob's:
//
//   h  a host candidate
//   m  the mapped address of a NAT whose mapping does not depend on the remote end: a
//      server-reflexive candidate, or the same address as a peer-reflexive one where a check was
//      faster than the STUN server or the signalling
//   p  a peer-reflexive candidate and nothing else: the mapping that a symmetric NAT makes for
//      just this remote end, which no server can have seen
//   r  a relayed address. Where packets are lost, the connection to the TURN server may be lost too, and the
//      relay asked for again; its new address is trickled like every other, but without trickle the
//      description has left, and the other side knows the address by its checks only (RFC 8445 7.3.1.3)
//   -  no pair can work, and both sides fail
//   ?  may also fail, where 30 % are lost
//   !  may also fail, wherever packets are lost
//
// Where there are both families a digit says which one.
//
// What follows from RFC 4787 for two NATs without a relay, each side knowing the other's mapped
// address from STUN:
//
// - An open host is reached by all who can send at all, and learns their address from the check.
// - Full cone: once it has asked the STUN server, anybody may send to its mapped address.
// - Address-restricted: whoever it has sent to may send, from any port; so also a symmetric NAT,
//   whose address is known from STUN even if its next port is not.
// - Port-restricted: only from the very endpoint that it has sent to. With each other that is
//   known from STUN; a symmetric NAT's is not.
// - Symmetric to symmetric or port-restricted: neither ever sends to the port that the other's
//   packets come from.
// - UDP blocked: nothing, but by a relay over TCP or TLS.
//
// RFC 8445 5.1.2.1 ranks host candidates above reflexive ones above relayed ones, and 6.1.2.3 ranks a
// pair by its worse candidate first: so what works directly wins over any relay. A check leaves from
// a base, and counts as one of a host candidate whatever address a NAT gives it (6.1.2.4); so of two
// relays, one on each side, Alice's own address to Bob's relay ("mr") ranks above her relay to the address
// of Bob's NAT ("rm").

using Row = std::array<std::string_view, nats>;
using Grid = std::array<Row, nats>;

// clang-format off

// On a line that loses nothing the best pair that can work wins.

// IPv4, no relay.
constexpr Grid v4_none = {{
  //                  open      full cone  address   port      symmetric  UDP blocked   <- Bob
  /* open      */ {{ "hh",     "hm",      "hm",     "hm",     "hp",      "-"  }},
  /* full cone */ {{ "mh",     "mm",      "mm",     "mm",     "mp",      "-"  }},
  /* address   */ {{ "mh",     "mm",      "mm",     "mm",     "mp",      "-"  }},
  /* port      */ {{ "mh",     "mm",      "mm",     "mm",     "-",       "-"  }},
  /* symmetric */ {{ "ph",     "pm",      "pm",     "-",      "-",       "-"  }},
  /* blocked   */ {{ "-",      "-",       "-",      "-",      "-",       "-"  }},
}};

// IPv4, a relay by UDP: it helps where the NATs disagree, and nobody whose UDP is blocked.
//
// Between a symmetric NAT and one that filters, only the symmetric side's own check gets through, and it
// does so once the other side has opened its filter, or its relay's permission. Whose first packet was
// first is chance; if it was the check, it is repeated after 500 ms (RFC 8445 14.3), and by then
// another pair may have won that needed no repetition.
constexpr Grid v4_udp = {{
  /* open      */ {{ "hh",     "hm",      "hm",       "hm",    "hp",       "-"  }},
  /* full cone */ {{ "mh",     "mm",      "mm",       "mm",    "mp",       "-"  }},
  /* address   */ {{ "mh",     "mm",      "mm",       "mm",    "mp mr rp", "-"  }},
  /* port      */ {{ "mh",     "mm",      "mm",       "mm",    "mr rp",    "-"  }},
  /* symmetric */ {{ "ph",     "pm",      "pm pr rm", "pr rm", "pr rp rr", "-"  }},
  /* blocked   */ {{ "-",      "-",       "-",        "-",     "-",        "-"  }},
}};

// IPv4, a relay by TCP or TLS: connects everybody.
constexpr Grid v4_stream = {{
  /* open      */ {{ "hh",     "hm",      "hm",       "hm",    "hp",       "hr"    }},
  /* full cone */ {{ "mh",     "mm",      "mm",       "mm",    "mp",       "mr"    }},
  /* address   */ {{ "mh",     "mm",      "mm",       "mm",    "mp mr rp", "mr"    }},
  /* port      */ {{ "mh",     "mm",      "mm",       "mm",    "mr rp",    "mr"    }},
  /* symmetric */ {{ "ph",     "pm",      "pm pr rm", "pr rm", "pr rp rr", "pr rr" }},
  /* blocked   */ {{ "rh",     "rm",      "rm",       "rm",    "rp rr",    "rr"    }},
}};

// IPv6: nothing is translated, so that every host candidate is a public address, and a filter
// opens as soon as its host has sent to the other's. The mapping of a symmetric NAT is no matter.
constexpr Grid v6_none = {{
  /* open      */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "-"  }},
  /* full cone */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "-"  }},
  /* address   */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "-"  }},
  /* port      */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "-"  }},
  /* symmetric */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "-"  }},
  /* blocked   */ {{ "-",      "-",       "-",      "-",      "-",       "-"  }},
}};
constexpr const Grid& v6_udp = v6_none;
constexpr Grid v6_stream = {{
  /* open      */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "hr" }},
  /* full cone */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "hr" }},
  /* address   */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "hr" }},
  /* port      */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "hr" }},
  /* symmetric */ {{ "hh",     "hh",      "hh",     "hh",     "hh",      "hr" }},
  /* blocked   */ {{ "rh",     "rh",      "rh",     "rh",     "rh",      "rr" }},
}};

// Both families: IPv6 is preferred (RFC 8421 4), so its hosts win wherever UDP passes at all.
constexpr Grid dual_none = {{
  /* open      */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "-"  }},
  /* full cone */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "-"  }},
  /* address   */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "-"  }},
  /* port      */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "-"  }},
  /* symmetric */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "-"  }},
  /* blocked   */ {{ "-",      "-",       "-",      "-",      "-",       "-"  }},
}};
constexpr const Grid& dual_udp = dual_none;
// An allocation has an address of each family, of which the IPv4 one comes first.
constexpr Grid dual_stream = {{
  /* open      */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "hr4" }},
  /* full cone */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "mr4" }},
  /* address   */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "mr4" }},
  /* port      */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "mr4" }},
  /* symmetric */ {{ "hh6",    "hh6",     "hh6",    "hh6",    "hh6",     "pr4 rr4" }},
  /* blocked   */ {{ "rh4",    "rm4",     "rm4",    "rm4",    "rp4 rr4", "rr4" }},
}};

// Where packets are lost, the same cells connect, but chance has a say in who wins: the controlling
// side takes the best of the pairs that have answered when it has waited long enough, and the best
// of all may have been the one whose packets were lost. So any pair may win that can work: directly,
// by either side's relay, by both. Without a relay there is only the one direct way.
//
// Some things are beyond what the protocols promise, and happen to a few of a hundred thousand runs:
//
// - TCP waits 1, 2, 4, 8 s for what is lost again and again (RFC 6298 5.5). Of the packets that connect,
//   encrypt and allocate, it takes one that is lost four times to be past the 9.5 s that a candidate is
//   waited for, and one or two more losses to leave a connection without consent for 30 s (RFC 7675).
//   At 10 % that is one packet in 10,000, at 30 % one in 120.
// - A question to a STUN server is asked five times in these 9.5 s (RFC 8489 6.2.1). At 30 % one side in
//   400 does not learn its mapped address, without which two NATs that filter do not meet. To allocate by
//   UDP takes two questions.
// - Nobody but a symmetric NAT's own side can reach out from behind it, seven times (RFC 8445 14.3).
// - A check of a full agent to a lite one is sent seven times too, and the lite one's answer counts, which
//   no check of its own makes up for: at 30 % one call in 100.
constexpr Grid v4_none_lossy = {{
  /* open      */ {{ "hh",     "hm",      "hm",     "hm",     "hp ?",    "-"  }},
  /* full cone */ {{ "mh",     "mm ?",    "mm ?",   "mm ?",   "mp ?",    "-"  }},
  /* address   */ {{ "mh",     "mm ?",    "mm ?",   "mm ?",   "mp ?",    "-"  }},
  /* port      */ {{ "mh",     "mm ?",    "mm ?",   "mm ?",   "-",       "-"  }},
  /* symmetric */ {{ "ph ?",   "pm ?",    "pm ?",   "-",      "-",       "-"  }},
  /* blocked   */ {{ "-",      "-",       "-",      "-",      "-",       "-"  }},
}};
constexpr Grid v4_udp_lossy = {{
  /* open      */ {{ "hh hr rh rr", "hm hr rm rr", "hm hr rm rr", "hm hr rm rr", "hp hr rp rr", "-" }},
  /* full cone */ {{ "mh mr rh rr", "mm mr rm rr", "mm mr rm rr", "mm mr rm rr", "mp mr rp rr", "-" }},
  /* address   */ {{ "mh mr rh rr", "mm mr rm rr", "mm mr rm rr", "mm mr rm rr", "mp mr rp rr", "-" }},
  /* port      */ {{ "mh mr rh rr", "mm mr rm rr", "mm mr rm rr", "mm mr rm rr", "mr rp rr ?",  "-" }},
  /* symmetric */ {{ "ph pr rh rr", "pm pr rm rr", "pm pr rm rr", "pr rm rr ?",  "pr rp rr ?",  "-" }},
  /* blocked   */ {{ "-",           "-",           "-",           "-",           "-",           "-" }},
}};
constexpr Grid v4_stream_lossy = {{
  /* open      */ {{ "hh hr rh rr", "hm hr rm rr", "hm hr rm rr", "hm hr rm rr", "hp hr rp rr", "hr rr !" }},
  /* full cone */ {{ "mh mr rh rr", "mm mr rm rr", "mm mr rm rr", "mm mr rm rr", "mp mr rp rr", "mr rr !" }},
  /* address   */ {{ "mh mr rh rr", "mm mr rm rr", "mm mr rm rr", "mm mr rm rr", "mp mr rp rr", "mr rr !" }},
  /* port      */ {{ "mh mr rh rr", "mm mr rm rr", "mm mr rm rr", "mm mr rm rr", "mr rp rr ?",  "mr rr !" }},
  /* symmetric */ {{ "ph pr rh rr", "pm pr rm rr", "pm pr rm rr", "pr rm rr ?",  "pr rp rr ?",  "pr rr !" }},
  /* blocked   */ {{ "rh rr !",     "rm rr !",     "rm rr !",     "rm rr !",     "rp rr !",     "rr !"    }},
}};
constexpr Grid v6_udp_lossy = {{
  /* open      */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "-" }},
  /* full cone */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "-" }},
  /* address   */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "-" }},
  /* port      */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "-" }},
  /* symmetric */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "-" }},
  /* blocked   */ {{ "-",           "-",           "-",           "-",           "-",           "-" }},
}};
constexpr Grid v6_stream_lossy = {{
  /* open      */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hr rr !" }},
  /* full cone */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hr rr !" }},
  /* address   */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hr rr !" }},
  /* port      */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hr rr !" }},
  /* symmetric */ {{ "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hh hr rh rr", "hr rr !" }},
  /* blocked   */ {{ "rh rr !",     "rh rr !",     "rh rr !",     "rh rr !",     "rh rr !",     "rr !"    }},
}};

// A lite agent has host candidates, answers checks and sends none (RFC 8445 2.5): so it must be on
// an open host. Behind anything else, a firewall for IPv6 included, nobody reaches it: it has sent
// nothing that would have opened a mapping, and asks no server for a relay. That is the first line
// for both of the lite modes; the others are for a lite agent in the open, by what the full side is
// behind. Here they are with Bob lite; with Alice lite each pair is the other way round.
constexpr std::string_view lite_not_open = "-";
//                                     open      full cone   address     port       symmetric   UDP blocked
constexpr Row lite_v4              = {{ "hh",      "mh",      "mh",      "mh",      "ph",       "-"    }};
constexpr Row lite_v4_stream       = {{ "hh",      "mh",      "mh",      "mh",      "ph",       "rh"   }};
constexpr Row lite_v4_lossy        = {{ "hh ?",    "mh ?",    "mh ?",    "mh ?",    "ph ?",     "-"    }};
constexpr Row lite_v4_udp_lossy    = {{ "hh rh ?", "mh rh ?", "mh rh ?", "mh rh ?", "ph rh ?",  "-"    }};
constexpr Row lite_v4_stream_lossy = {{ "hh rh ?", "mh rh ?", "mh rh ?", "mh rh ?", "ph rh ?",  "rh !" }};
constexpr Row lite_v6              = {{ "hh",      "hh",      "hh",      "hh",      "hh",       "-"    }};
constexpr Row lite_v6_stream       = {{ "hh",      "hh",      "hh",      "hh",      "hh",       "rh"   }};
constexpr Row lite_v6_lossy        = {{ "hh ?",    "hh ?",    "hh ?",    "hh ?",    "hh ?",     "-"    }};
constexpr Row lite_v6_udp_lossy    = {{ "hh rh ?", "hh rh ?", "hh rh ?", "hh rh ?", "hh rh ?",  "-"    }};
constexpr Row lite_v6_stream_lossy = {{ "hh rh ?", "hh rh ?", "hh rh ?", "hh rh ?", "hh rh ?",  "rh !" }};
constexpr Row lite_dual            = {{ "hh6",     "hh6",     "hh6",     "hh6",     "hh6",      "-"    }};
constexpr Row lite_dual_stream     = {{ "hh6",     "hh6",     "hh6",     "hh6",     "hh6",      "rh4"  }};

// clang-format on

// ---- Looking it up ----------------------------------------------------------

// Of one family: without a relay, by UDP, by a stream; then all three on a lossy line.
template <class Entries>
struct Choice {
  const Entries& none;
  const Entries& udp;
  const Entries& stream;
  const Entries& none_lossy;
  const Entries& udp_lossy;
  const Entries& stream_lossy;
};
constexpr Choice<Grid> v4_grids{v4_none, v4_udp, v4_stream, v4_none_lossy, v4_udp_lossy, v4_stream_lossy};
constexpr Choice<Grid> v6_grids{v6_none, v6_udp, v6_stream, v6_none, v6_udp_lossy, v6_stream_lossy};
constexpr Choice<Row> v4_rows{lite_v4,       lite_v4,           lite_v4_stream,
                              lite_v4_lossy, lite_v4_udp_lossy, lite_v4_stream_lossy};
constexpr Choice<Row> v6_rows{lite_v6,       lite_v6,           lite_v6_stream,
                              lite_v6_lossy, lite_v6_udp_lossy, lite_v6_stream_lossy};
// Lossy lines have none of their own: either family may win there, so both count.
constexpr Choice<Grid> dual_grids{dual_none, dual_udp, dual_stream, dual_none, dual_udp, dual_stream};
constexpr Choice<Row> dual_rows{lite_dual, lite_dual, lite_dual_stream,
                                lite_dual, lite_dual, lite_dual_stream};

template <class Entries>
const Entries& choose(const Choice<Entries>& of, const Cell& cell) {
  const bool lossy = cell.loss_percent > 0;
  if (cell.turn == Turn::none) return lossy ? of.none_lossy : of.none;
  if (cell.turn == Turn::udp) return lossy ? of.udp_lossy : of.udp;
  return lossy ? of.stream_lossy : of.stream;
}

std::string_view entry(const Cell& cell, const Choice<Grid>& grids, const Choice<Row>& rows) {
  const auto alice = static_cast<std::size_t>(cell.alice);
  const auto bob = static_cast<std::size_t>(cell.bob);
  switch (cell.mode) {
    case Mode::trickle:
    case Mode::full:
      return choose(grids, cell)[alice][bob];
    case Mode::alice_lite:
      return cell.alice == Nat::open ? choose(rows, cell)[bob] : lite_not_open;
    case Mode::bob_lite:
      return cell.bob == Nat::open ? choose(rows, cell)[alice] : lite_not_open;
  }
  return {};
}

// Calls `visit` with each pair of a list until it returns true; whether it did.
bool any_pair(const Expectation& expectation, auto visit) {
  for (const Expectation::Entry& entry : {expectation.first, expectation.second}) {
    std::string_view rest = entry.pairs;
    while (!rest.empty() && rest != "-") {
      const std::size_t end = rest.find(' ');
      const std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : rest.find_first_not_of(' ', end));
      if (pair == "?" || pair == "!") continue;
      Winner winner{pair[0], pair[1], pair.size() > 2 ? pair[2] : entry.family};
      if (expectation.mirrored) std::swap(winner.local, winner.remote);
      if (visit(winner)) return true;
    }
  }
  return false;
}

bool fits(char expected, char type) {
  return type == expected || (expected == 'm' && (type == 's' || type == 'p'));
}

bool fits_remote(const Expectation& expectation, char expected, char type) {
  return fits(expected, type) || (expectation.untold_relays && expected == 'r' && type == 'u');
}

constexpr std::array<std::string_view, nats> nat_names = {
    "open", "full cone", "address-restricted", "port-restricted", "symmetric", "UDP-blocked"};
constexpr std::array<std::string_view, turns> turn_names = {"no TURN", "TURN/UDP", "TURN/TCP", "TURN/TLS"};
constexpr std::array<std::string_view, modes> mode_names = {"trickle", "full", "Alice lite", "Bob lite"};
constexpr std::array<std::string_view, families> family_names = {"IPv4", "IPv6", "dual"};

}  // namespace

Expectation expectation_of(const Cell& cell) {
  Expectation expectation{.mirrored = cell.mode == Mode::alice_lite, .heavy_loss = cell.loss_percent >= 30};
  expectation.untold_relays = cell.mode == Mode::full && cell.loss_percent > 0;
  expectation.first = {entry(cell, v4_grids, v4_rows), '4'};
  const Expectation::Entry v6{entry(cell, v6_grids, v6_rows), '6'};
  if (cell.family == Family::v6) expectation.first = v6;
  if (cell.family == Family::dual && cell.loss_percent > 0) {
    expectation.second = v6;
  } else if (cell.family == Family::dual) {
    expectation.first = {entry(cell, dual_grids, dual_rows), '4'};
  }
  return expectation;
}

bool Expectation::may_fail() const {
  // What one family promises, it keeps beside the other one too.
  const auto promises = [this](std::string_view pairs) {
    return pairs != "-" && !pairs.ends_with('!') && !(heavy_loss && pairs.ends_with('?'));
  };
  return !promises(first.pairs) && !promises(second.pairs);
}

bool Expectation::allows_a_pair() const {
  return any_pair(*this, [](const Winner&) { return true; });
}

bool Expectation::allows(const Winner& winner) const {
  return any_pair(*this, [&](const Winner& expected) {
    return fits(expected.local, winner.local) && fits_remote(*this, expected.remote, winner.remote) &&
           expected.family == winner.family;
  });
}

Cell cell_of(std::size_t number) {
  const auto take = [&number](std::size_t count) {
    const std::size_t digit = number % count;
    number /= count;
    return digit;
  };
  Cell cell;
  cell.loss_percent = losses[take(losses.size())];
  cell.family = static_cast<Family>(take(families));
  cell.mode = static_cast<Mode>(take(modes));
  cell.turn = static_cast<Turn>(take(turns));
  cell.bob = static_cast<Nat>(take(nats));
  cell.alice = static_cast<Nat>(take(nats));
  return cell;
}

std::string to_string(const Cell& cell) {
  const auto name = [](const auto& names, auto value) {
    return std::string(names[static_cast<std::size_t>(value)]);
  };
  return name(nat_names, cell.alice) + " to " + name(nat_names, cell.bob) + ", " +
         name(turn_names, cell.turn) + ", " + name(mode_names, cell.mode) + ", " +
         name(family_names, cell.family) + ", " + std::to_string(cell.loss_percent) + " % loss";
}

std::string to_string(const Winner& winner) { return {winner.local, winner.remote, winner.family}; }

std::string to_string(const Expectation& expectation) {
  std::string text;
  any_pair(expectation, [&text](const Winner& winner) {
    text.append(text.empty() ? "" : " ").append(to_string(winner));
    return false;
  });
  if (text.empty()) return "no connection";
  return expectation.may_fail() ? text + " or no connection" : text;
}

}  // namespace petrel::inline v0::matrix

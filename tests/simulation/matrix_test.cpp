// Every kind of network against every other, run up to one RTP packet that comes back, and held against
// the table in matrix_table.cpp.
//
//   PETREL_MATRIX=all                     every cell, not only the subset (scripts/matrix)
//   PETREL_MATRIX=NUMBER                  one cell, with the reports of both sides
//   PETREL_SEEDS, PETREL_FIRST_SEED       as everywhere
//   PETREL_MATRIX_SHARD=0/2               of several processes, the first of two

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "simulation/matrix_run.hpp"
#include "simulation/seeds.hpp"

namespace petrel::inline v0::matrix {
namespace {

// 5184 cells and 20 seeds are 103,680 runs.
constexpr std::uint64_t seeds_of_all = 20;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : value;
}

// Each pair of NATs with each kind of TURN, in as many of the other 36 combinations as a short test has time
// for: steps of 5 and 7 meet all of them in turn.
std::vector<std::size_t> subset() {
  constexpr std::size_t others = modes * families * losses.size();
  constexpr std::size_t each = 6;
  std::vector<std::size_t> numbers;
  for (std::size_t base = 0; base < cells; base += others) {
    for (std::size_t i = 0; i < each; ++i) numbers.push_back(base + (base / others * 5 + i * 7) % others);
  }
  return numbers;
}

std::vector<std::size_t> wanted_cells() {
  const std::string wanted = variable("PETREL_MATRIX");
  if (wanted.empty()) return subset();
  if (wanted != "all") return {std::stoull(wanted) % cells};
  std::vector<std::size_t> numbers(cells);
  for (std::size_t i = 0; i < cells; ++i) numbers[i] = i;
  return numbers;
}

struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;

  static Shard of_environment() {
    const std::string text = variable("PETREL_MATRIX_SHARD");
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos) return {};
    return {std::stoull(text), std::stoull(text.substr(slash + 1))};
  }
};

// Runs and counts. A surprise is one line that says how to see it again.
class Tally {
 public:
  void add(std::size_t number, std::uint64_t seed, bool with_report) {
    const Cell cell = cell_of(number);
    // One cell's seeds have nothing to do with another's.
    const Outcome outcome = run(cell, number * 1'000'003 + seed, with_report);
    const Expectation expectation = expectation_of(cell);
    if (with_report)
      std::printf("%s: expected %s\n%s", to_string(cell).c_str(), to_string(expectation).c_str(),
                  outcome.report.c_str());
    ++runs_;
    seconds_ += outcome.seconds;
    if (expectation.allows_a_pair() && expectation.may_fail()) {
      ++excusable_;
      if (!outcome.winner) ++excused_;
    }
    ++outcomes_[outcome.winner ? to_string(*outcome.winner).substr(0, 2) : "none"];
    const bool as_expected = outcome.fault.empty() &&
                             (outcome.winner ? expectation.allows(*outcome.winner) : expectation.may_fail());
    if (as_expected) return;
    ++surprises_;
    std::string came = outcome.winner ? to_string(*outcome.winner) : std::string("no connection");
    if (!outcome.fault.empty()) came = outcome.fault;
    std::printf("surprise: PETREL_MATRIX=%zu PETREL_FIRST_SEED=%llu PETREL_SEEDS=1: %s: %s instead of %s\n",
                number, static_cast<unsigned long long>(seed), to_string(cell).c_str(), came.c_str(),
                to_string(expectation).c_str());
    std::fflush(stdout);
  }

  std::uint64_t runs() const { return runs_; }
  std::uint64_t surprises() const { return surprises_; }
  /// Runs of cells that may connect or fail, and those of them that failed.
  std::uint64_t excusable() const { return excusable_; }
  std::uint64_t excused() const { return excused_; }

  void print() const {
    const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
    std::printf("figure: matrix: %llu runs, %llu surprises, %llu of %llu excused, %.0f s of virtual time;",
                number(runs_), number(surprises_), number(excused_), number(excusable_), seconds_);
    for (const auto& [outcome, count] : outcomes_)
      std::printf(" %s %llu", outcome.c_str(), static_cast<unsigned long long>(count));
    std::printf("\n");
  }

 private:
  std::uint64_t runs_ = 0;
  std::uint64_t surprises_ = 0;
  std::uint64_t excusable_ = 0;
  std::uint64_t excused_ = 0;
  double seconds_ = 0;
  std::map<std::string, std::uint64_t> outcomes_;
};

TEST(Matrix, HoldsNoSurprise) {
  const std::string wanted = variable("PETREL_MATRIX");
  const Shard shard = Shard::of_environment();
  const std::uint64_t first = testing::first_seed();
  const std::uint64_t count = testing::seeds(wanted == "all" ? seeds_of_all : 1);
  Tally tally;
  std::uint64_t turn = 0;
  for (const std::size_t number : wanted_cells()) {
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
      if (turn++ % shard.count == shard.index) tally.add(number, seed, !wanted.empty() && wanted != "all");
    }
  }
  tally.print();
  EXPECT_GT(tally.runs(), 0u);
  EXPECT_EQ(tally.surprises(), 0u) << "each has its line above";
  // Bad luck is rare.
  EXPECT_LE(tally.excused() * 10, tally.excusable() + 10);
}

// Bob, who is lite, is asked after 8 s. For 24 s more his answers are lost, and as long Alice, who does not
// know that his address is his, believes no ClientHello that comes from there.
TEST(Matrix, ALiteClientHelloWaitsForTheNomination) {
  const Cell cell{.alice = Nat::full_cone, .mode = Mode::bob_lite, .loss_percent = 30};
  EXPECT_TRUE(run(cell, 893002687).winner);
}

// A table that allowed everything would find nothing.
TEST(Matrix, TellsPairsApart) {
  const Expectation direct = expectation_of({.alice = Nat::symmetric, .bob = Nat::full_cone});
  EXPECT_TRUE(direct.allows({'p', 's', '4'}));
  EXPECT_TRUE(direct.allows({'p', 'p', '4'}));
  EXPECT_FALSE(direct.allows({'s', 's', '4'}));
  EXPECT_FALSE(direct.allows({'p', 's', '6'}));
  EXPECT_FALSE(direct.allows({'r', 's', '4'}));
  EXPECT_FALSE(direct.may_fail());
  EXPECT_TRUE(expectation_of({.alice = Nat::symmetric, .bob = Nat::symmetric}).may_fail());
  Cell full{.bob = Nat::udp_blocked, .turn = Turn::tcp, .mode = Mode::full, .loss_percent = 30};
  EXPECT_TRUE(expectation_of(full).allows({'h', 'u', '4'}));
  EXPECT_FALSE(expectation_of(full).allows({'h', 'p', '4'})) << "it was told that this is a relay";
  full.mode = Mode::trickle;
  EXPECT_FALSE(expectation_of(full).allows({'h', 'u', '4'})) << "all that is found is told";
  full = {.bob = Nat::udp_blocked, .turn = Turn::tcp, .mode = Mode::full};
  EXPECT_FALSE(expectation_of(full).allows({'h', 'u', '4'})) << "nothing is lost";
  const Expectation lite = expectation_of({.bob = Nat::port_restricted, .mode = Mode::alice_lite});
  EXPECT_TRUE(lite.allows({'h', 's', '4'}));
  EXPECT_FALSE(lite.allows({'s', 'h', '4'}));
}

}  // namespace
}  // namespace petrel::inline v0::matrix

#include "petrel/peer/cause.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "petrel/peer/peer_errc.hpp"
#include "petrel/peer/report.hpp"

namespace petrel::inline v0 {
namespace {

TEST(Cause, HasAWordOfItsOwnForEach) {
  std::set<std::string> words;
  for (int value = 0; value <= static_cast<int>(Cause::trying); ++value) {
    words.emplace(to_string(static_cast<Cause>(value)));
  }
  EXPECT_EQ(words.size(), static_cast<std::size_t>(Cause::trying) + 1);
  EXPECT_FALSE(words.contains(""));
}

TEST(Cause, IsKnownBeforeTimeIsUpWhereItCannotGetBetter) {
  ConnectionReport report;
  report.state = ConnectionState::connecting;
  report.stages.local_description = report.stages.remote_description = TimePoint{};
  report.ice.local_candidates.emplace_back();
  report.ice.remote_candidates.emplace_back();
  report.ice.pairs.emplace_back();
  EXPECT_EQ(likely_cause(report), Cause::trying);
  report.ice_counters.wrong_integrity_dropped = 1;
  EXPECT_EQ(likely_cause(report), Cause::credentials_mismatch);
}

}  // namespace
}  // namespace petrel::inline v0

#include "support/seeded_usrsctp.hpp"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace petrel::inline v0::testing {
namespace {

std::array<unsigned char, 32> draw() {
  std::array<unsigned char, 32> out{};
  EXPECT_EQ(syscall(SYS_getrandom, out.data(), out.size(), 0), 32);
  return out;
}

std::array<unsigned char, 32> drawn(std::uint64_t seed) {
  const SeededUsrsctp usrsctp(seed);
  return draw();
}

TEST(SeededUsrsctp, DrawsTheSameForTheSameSeedAndAnotherForAnother) {
  EXPECT_EQ(drawn(1), drawn(1));
  EXPECT_NE(drawn(1), drawn(2));
}

TEST(SeededUsrsctp, GivesTheRealDiceBackAtItsEnd) {
  drawn(1);
  const auto first = draw();
  drawn(1);
  EXPECT_NE(draw(), first);
}

TEST(SeededUsrsctp, LetsOtherCallsThrough) {
  const SeededUsrsctp usrsctp(1);
  EXPECT_EQ(syscall(SYS_getpid), getpid());
}

TEST(SeededUsrsctp, IsOneAtATime) {
  const SeededUsrsctp usrsctp(1);
  EXPECT_THROW(SeededUsrsctp(2), std::logic_error);
}

}  // namespace
}  // namespace petrel::inline v0::testing

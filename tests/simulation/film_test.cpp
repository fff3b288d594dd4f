#include "simulation/film.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "simulation/seeds.hpp"

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;
using testing::Call;
using testing::CallConfig;
using testing::Film;

constexpr int frames = 300;  // 10 s

// What one showing of a film came to.
struct Showing {
  bool connected = false;
  int sent = 0;
  int delivered = 0;
  int foreign = 0;  ///< Frames that nobody sent like that: a bit was wrong.
  int out_of_order = 0;
  Duration longest_gap{};  ///< Between two delivered frames, by when they were sent.
  std::string missing{};   ///< The numbers of frames that did not arrive.
};

Showing show(std::uint64_t seed, CallConfig config) {
  Call call(seed, std::move(config));
  Film film(call);
  call.start();
  Showing showing;
  showing.connected = call.connects_within(60s);
  if (!showing.connected) return showing;
  film.start(frames);
  call.network.run_for(frames * Film::interval + 3s);

  int last = -1;
  TimePoint last_sent = film.sent_at(0);
  for (const auto& frame : call.bob.frames) {
    const int number = film.number_of(frame->bytes());
    if (number < 0) ++showing.foreign;
    if (number < 0) continue;
    if (number <= last) ++showing.out_of_order;
    showing.longest_gap = std::max(showing.longest_gap, film.sent_at(number) - last_sent);
    if (number > last + 1)
      showing.missing += std::to_string(last + 1) + "-" + std::to_string(number - 1) + " ";
    last = number;
    last_sent = film.sent_at(number);
    ++showing.delivered;
  }
  showing.sent = film.sent();
  showing.longest_gap = std::max(showing.longest_gap, film.sent_at(frames - 1) - last_sent);
  return showing;
}

void expect_sound(const Showing& showing, std::uint64_t seed) {
  EXPECT_TRUE(showing.connected) << "seed " << seed;
  EXPECT_EQ(showing.foreign, 0) << "seed " << seed;
  EXPECT_EQ(showing.out_of_order, 0) << "seed " << seed;
}

// Each seed, as its message says, replays with PETREL_FIRST_SEED=… PETREL_SEEDS=1.
template <class Check>
void for_seeds(std::uint64_t count, const CallConfig& config, Check check) {
  const std::uint64_t first = testing::first_seed();
  for (std::uint64_t seed = first; seed < first + testing::seeds(count); ++seed) {
    const Showing showing = show(seed, config);
    expect_sound(showing, seed);
    check(showing, seed);
    if (::testing::Test::HasFailure()) return;
  }
}

TEST(Film, ArrivesWholeOverAPerfectLine) {
  for_seeds(1000, {}, [](const Showing& showing, std::uint64_t seed) {
    EXPECT_EQ(showing.sent, frames) << "seed " << seed;
    EXPECT_EQ(showing.delivered, frames) << "seed " << seed;
  });
}

// Every single film. A packet that is lost with its first eight repairs, one in ten million, would cost a
// third of a second.
TEST(Film, LosesAtMostOneFrameInAHundredWhereATenthOfThePacketsIsLost) {
  int delivered = 0;
  int sent = 0;
  int fewest = frames;
  for_seeds(
      1000, {.link = {.jitter = 5ms, .loss_percent = 10}}, [&](const Showing& showing, std::uint64_t seed) {
        delivered += showing.delivered;
        sent += showing.sent;
        fewest = std::min(fewest, showing.delivered);
        EXPECT_GE(showing.delivered * 100, showing.sent * 99)
            << "seed " << seed << ", missing " << showing.missing;
        EXPECT_LE(showing.longest_gap, Duration(2s)) << "seed " << seed << ", missing " << showing.missing;
      });
  std::printf("figure: 10 %% loss: %d of %d frames, the worst film %d of %d\n", delivered, sent, fewest,
              frames);
}

TEST(Film, RecoversWithinTwoSecondsWhereAThirdOfThePacketsIsLost) {
  int delivered = 0;
  int sent = 0;
  Duration longest{};
  for_seeds(1000, {.link = {.jitter = 5ms, .loss_percent = 30}},
            [&](const Showing& showing, std::uint64_t seed) {
              delivered += showing.delivered;
              sent += showing.sent;
              longest = std::max(longest, showing.longest_gap);
              EXPECT_LE(showing.longest_gap, Duration(2s)) << "seed " << seed;
            });
  std::printf("figure: 30 %% loss: %d of %d frames, longest gap %lld ms\n", delivered, sent,
              static_cast<long long>(std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()));
}

// Without RTX the stored ciphertext is sent again.
TEST(Film, IsRepairedWithoutRtxToo) {
  CallConfig config{.link = {.loss_percent = 10}};
  Codec plain = h264();
  plain.retransmission = false;
  config.alice_video.codecs = {plain};
  int delivered = 0;
  int sent = 0;
  for_seeds(100, config, [&](const Showing& showing, std::uint64_t seed) {
    delivered += showing.delivered;
    sent += showing.sent;
    EXPECT_LE(showing.longest_gap, Duration(2s)) << "seed " << seed << ", missing " << showing.missing;
  });
  EXPECT_GE(delivered * 100LL, sent * 99LL);
  std::printf("figure: 10 %% loss without RTX: %d of %d frames\n", delivered, sent);
}

}  // namespace
}  // namespace petrel::inline v0

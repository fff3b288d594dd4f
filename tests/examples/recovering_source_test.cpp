#include "camera/recovering_source.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "camera/source_lost.hpp"
#include "examples/virtual_clock.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;

// What a scripted source does at one next().
enum class Step { key, delta, nothing, lost };

// A camera that plays a script, 40 ms a picture, and then gives nothing, as fast as a real one would.
class Scripted final : public FrameSource {
 public:
  struct Log {
    int open = 0;
    int key_frames_forced = 0;
    std::vector<std::uint32_t> bitrates;
  };

  Scripted(testing::VirtualClock& clock, Log& log, std::deque<Step> steps, std::string profile)
      : clock_(clock), log_(log), steps_(std::move(steps)), profile_(std::move(profile)) {
    ++log_.open;
  }
  ~Scripted() override { --log_.open; }

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<AccessUnit> next() override {
    const Step step = steps_.empty() ? Step::nothing : steps_.front();
    if (!steps_.empty()) steps_.pop_front();
    if (step == Step::lost) throw SourceLost("the plug was pulled.");
    if (step == Step::nothing) {
      clock_.wait(max_device_wait);
      return std::nullopt;
    }
    clock_.wait(40ms);
    AccessUnit unit;
    unit.annex_b.resize(1);
    unit.key_frame = step == Step::key;
    unit.capture_offset = 40ms * pictures_++;
    return unit;
  }
  void force_key_frame() override { ++log_.key_frames_forced; }
  bool can_force_key_frame() const override { return true; }
  void set_bitrate(std::uint32_t bits) override { log_.bitrates.push_back(bits); }
  std::string profile_level_id() const override { return profile_; }
  std::string description() const override { return "a camera with " + profile_; }

 private:
  testing::VirtualClock& clock_;
  Log& log_;
  std::deque<Step> steps_;
  std::string profile_;
  int pictures_ = 0;
};

class Recovering : public ::testing::Test {
 protected:
  using Opening = std::function<std::unique_ptr<FrameSource>()>;

  Opening plays(std::deque<Step> steps, std::string profile = "42c01f") {
    return [this, steps, profile] { return std::make_unique<Scripted>(clock, log, steps, profile); };
  }
  Opening fails(std::string why) {
    return [why]() -> std::unique_ptr<FrameSource> { throw SourceLost(why); };
  }
  // What each opening gives; the last one again and again.
  RecoveringSource make(std::vector<Opening> openings, RecoveringSource::Settings settings = {}) {
    return RecoveringSource(
        "cam",
        [this, openings] {
          opened_at.push_back(clock.now() - petrel::TimePoint{});
          return openings[std::min(opened_at.size(), openings.size()) - 1]();
        },
        clock, [this](const std::string& line) { said.push_back(line); }, settings);
  }
  // All pictures until the clock shows `until`.
  std::vector<AccessUnit> run(RecoveringSource& source, petrel::Duration until) {
    std::vector<AccessUnit> units;
    while (clock.now() < petrel::TimePoint{} + until) {
      const petrel::TimePoint before = clock.now();
      if (auto unit = source.next()) units.push_back(*unit);
      EXPECT_LE(clock.now() - before, max_device_wait);
      EXPECT_LE(log.open, 1) << "an old source was still open";
    }
    return units;
  }

  testing::VirtualClock clock;
  Scripted::Log log;
  std::vector<std::string> said;
  std::vector<petrel::Duration> opened_at;
};

TEST_F(Recovering, SaysWhatIsWrongAtTheStartByThrowing) {
  EXPECT_THROW(make({fails("in use")}), SourceLost);
  EXPECT_TRUE(said.empty());
}

const RecoveringSource::Settings waiting{.expected_profile = "42c028"};

TEST_F(Recovering, WaitsForASourceThatIsMissingAtTheStart) {
  auto source = make({fails("no such device."), fails("no such device."), fails("no such device."),
                      plays({Step::delta, Step::key, Step::delta}, "42e01f")},
                     waiting);
  EXPECT_EQ(said, (std::vector<std::string>{"no such device. Trying again in 1 s, then ever more rarely."}));
  EXPECT_EQ(source.description(), "cam, which is not there yet");
  EXPECT_EQ(source.profile_level_id(), "42c028");
  EXPECT_FALSE(source.can_force_key_frame());
  source.set_bitrate(300'000);

  const auto units = run(source, 8s);
  EXPECT_EQ(opened_at, (std::vector<petrel::Duration>{0s, 1s, 3s, 7s}));
  ASSERT_EQ(units.size(), 2u);
  EXPECT_TRUE(units[0].key_frame);
  EXPECT_GE(units[0].capture_offset, 7s);
  EXPECT_TRUE(source.can_force_key_frame());
  EXPECT_EQ(log.bitrates, (std::vector<std::uint32_t>{300'000}));
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(said[1], "cam gives H.264 42e01f now: viewers stay with 42c028, which covers it.");
  EXPECT_EQ(said[2], "cam is there: a camera with 42e01f");
  EXPECT_EQ(source.profile_level_id(), "42c028") << "viewers have been told so";
  EXPECT_EQ(source.description(), "a camera with 42e01f");
}

TEST_F(Recovering, WaitsForASourceThatGivesNothingAtTheStart) {
  auto source = make({plays({}), plays({Step::key})}, waiting);
  EXPECT_EQ(said[0],
            "cam: no picture for 10 s after it was opened. See whether another program gets one from it. "
            "Trying again in 1 s, then ever more rarely.");
  EXPECT_EQ(run(source, 12s).size(), 1u);
}

TEST_F(Recovering, TakesTheProfileOfALateSourceWhereNobodyWasToldAnother) {
  auto source =
      make({fails("away."), plays({Step::key, Step::lost}, "640028"), plays({Step::key}, "42c01f")}, waiting);
  EXPECT_EQ(run(source, 5s).size(), 2u);
  EXPECT_EQ(source.profile_level_id(), "640028");
  EXPECT_EQ(said[1], "cam is there: a camera with 640028");
  EXPECT_EQ(said[3], "cam gives H.264 42c01f now: viewers stay with 640028, which covers it.");
  EXPECT_EQ(said[4], "cam is back: a camera with 42c01f");
}

TEST_F(Recovering, EndsWhereALateSourceGivesWhatViewersHaveNotAgreedTo) {
  auto source = make({fails("away."), plays({Step::key}, "640028")}, waiting);
  EXPECT_EQ(source.profile_level_id(), "42c028");
  try {
    run(source, 5s);
    FAIL();
  } catch (const shared::UserError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "cam came with H.264 640028 instead of 42c028, which viewers have not agreed to. Start the program "
        "again.");
  }
}

TEST_F(Recovering, DoesNotWaitForANameThatNothingCanHave) {
  const auto unknown = []() -> std::unique_ptr<FrameSource> { throw SourceUnknown("there is no camera x."); };
  EXPECT_THROW(make({unknown}, waiting), shared::UserError);
  EXPECT_THROW(make({unknown}), shared::UserError);
  const auto wrong = []() -> std::unique_ptr<FrameSource> { throw shared::UserError("no such size"); };
  EXPECT_THROW(make({wrong}, waiting), shared::UserError);
  EXPECT_TRUE(said.empty());
  // Once it was there, it is lost as others are.
  auto source = make({plays({Step::key, Step::lost}), unknown, plays({Step::key})}, waiting);
  EXPECT_EQ(run(source, 5s).size(), 2u);
}

TEST_F(Recovering, DoesNotWaitForWhatCannotBeOpenedAgain) {
  EXPECT_THROW(make({fails("away.")}, {.reopens = false, .expected_profile = "42c028"}), SourceLost);
}

TEST_F(Recovering, WaitsForTheFirstKeyFrameAndThrowsWhenNoneComes) {
  auto source = make({plays({Step::nothing, Step::delta, Step::key, Step::delta})});
  EXPECT_EQ(source.profile_level_id(), "42c01f");
  EXPECT_EQ(source.description(), "a camera with 42c01f");
  const auto first = source.next();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->key_frame);
  EXPECT_FALSE(source.next()->key_frame);

  try {
    make({plays({})});
    FAIL();
  } catch (const SourceLost& lost) {
    EXPECT_EQ(std::string(lost.what()),
              "cam: no picture for 10 s after it was opened. See whether another program gets one from it.");
  }
}

TEST_F(Recovering, OpensALostSourceAgainAndBeginsWithAKeyFrame) {
  auto source = make({plays({Step::key, Step::delta, Step::lost}),
                      plays({Step::delta, Step::delta, Step::key, Step::delta})});
  const auto units = run(source, 2s);

  ASSERT_EQ(units.size(), 4u);
  EXPECT_TRUE(units[0].key_frame);
  EXPECT_FALSE(units[1].key_frame);
  EXPECT_TRUE(units[2].key_frame);
  EXPECT_FALSE(units[3].key_frame);
  // The time goes on over the gap: a second of it, and two pictures that were dropped.
  EXPECT_GE(units[2].capture_offset - units[1].capture_offset, 1s);
  EXPECT_EQ(units[3].capture_offset - units[2].capture_offset, 40ms);
  EXPECT_EQ(log.key_frames_forced, 2);
  EXPECT_EQ(said,
            (std::vector<std::string>{"the plug was pulled. Trying again in 1 s, then ever more rarely.",
                                      "cam is back: a camera with 42c01f"}));
}

TEST_F(Recovering, TriesEverMoreRarelyAndSaysEachReasonOnce) {
  auto source = make({plays({Step::key, Step::lost}), fails("no such device."), fails("no such device."),
                      fails("no such device."), fails("no such device."), fails("no such device."),
                      fails("in use."), plays({Step::key})});
  run(source, 50s);

  std::vector<petrel::Duration> waits;
  for (std::size_t i = 1; i + 1 < opened_at.size(); ++i) waits.push_back(opened_at[i + 1] - opened_at[i]);
  ASSERT_GE(waits.size(), 6u);
  waits.resize(6);
  EXPECT_EQ(waits, (std::vector<petrel::Duration>{2s, 4s, 8s, 10s, 10s, 10s}));
  ASSERT_EQ(said.size(), 5u);
  EXPECT_EQ(said[1], "no such device. Trying again in 2 s, then ever more rarely.");
  EXPECT_EQ(said[2], "in use. Trying again in 10 s and so on.");
  EXPECT_EQ(said[3], "cam is back: a camera with 42c01f");
  EXPECT_EQ(said[4].substr(0, 24), "cam: no picture for 3 s.");  // The script is over.
}

TEST_F(Recovering, DoesNotStartOverWithOneThatNeverRunsForLong) {
  const std::deque<Step> brief{Step::key, Step::lost};
  std::deque<Step> long_run(300, Step::key);
  long_run.push_back(Step::lost);
  auto source = make({plays(brief), plays(brief), plays(brief), plays(long_run), plays(brief)});
  run(source, 40s);

  ASSERT_GE(opened_at.size(), 5u);
  EXPECT_EQ(opened_at[2] - opened_at[1], 2s + 40ms);
  EXPECT_EQ(opened_at[3] - opened_at[2], 4s + 40ms);
  EXPECT_EQ(opened_at[4] - opened_at[3], 12s + 1s);  // 12 s of pictures, then the first wait again.
}

TEST_F(Recovering, TakesAStallForALoss) {
  auto source = make({plays({Step::key, Step::delta}), plays({Step::key})});
  run(source, 5s);
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said[0], "cam: no picture for 3 s. Trying again in 1 s, then ever more rarely.");
}

TEST_F(Recovering, GivesAnOpenedSourceTimeForItsFirstPicture) {
  std::deque<Step> slow(80, Step::nothing);  // 8 s
  slow.push_back(Step::key);
  auto source = make({plays({Step::key, Step::lost}), plays(slow)});
  run(source, 9s + 300ms);
  EXPECT_EQ(opened_at.size(), 2u);
  EXPECT_EQ(said.back(), "cam is back: a camera with 42c01f");
}

TEST_F(Recovering, SaysAStallAndWaitsWhereNothingCanBeOpenedAgain) {
  std::deque<Step> steps{Step::key};
  steps.insert(steps.end(), 100, Step::nothing);
  steps.push_back(Step::delta);
  steps.push_back(Step::lost);
  auto source = make({plays(steps)}, {.reopens = false, .expected_profile = {}});
  std::vector<AccessUnit> units;
  EXPECT_THROW(
      for (;;) {
        if (auto unit = source.next()) units.push_back(*unit);
      },
      SourceLost);
  EXPECT_EQ(units.size(), 2u);
  EXPECT_EQ(said, (std::vector<std::string>{"cam: no picture for 3 s, still waiting.",
                                            "cam: pictures come again."}));
}

TEST_F(Recovering, PassesWishesOnAndRepeatsTheBitrateToTheNextSource) {
  auto source = make({plays({Step::key, Step::delta, Step::lost}), plays({Step::key})});
  source.set_bitrate(800'000);
  source.force_key_frame();
  const int before = log.key_frames_forced;
  source.next();  // What the constructor waited for.
  source.next();
  EXPECT_EQ(log.key_frames_forced, before + 1);
  EXPECT_EQ(log.bitrates, (std::vector<std::uint32_t>{800'000}));
  run(source, 2s);
  EXPECT_EQ(log.bitrates, (std::vector<std::uint32_t>{800'000, 800'000}));
}

TEST_F(Recovering, StaysWithWhatViewersAgreedOn) {
  auto source = make({plays({Step::key, Step::lost}, "42c01f"), plays({Step::key, Step::lost}, "42c01e"),
                      plays({Step::key}, "64001f")});
  EXPECT_THROW(run(source, 60s), shared::UserError);
  EXPECT_EQ(source.profile_level_id(), "42c01f");
  ASSERT_GE(said.size(), 3u);
  EXPECT_EQ(said[1], "cam gives H.264 42c01e now: viewers stay with 42c01f, which covers it.");
  EXPECT_EQ(said[2], "cam is back: a camera with 42c01e");
}

TEST_F(Recovering, EndsWithAnErrorThatOnlyAPersonCanPutRight) {
  const auto wrong = []() -> std::unique_ptr<FrameSource> { throw shared::UserError("it gives H.265"); };
  auto source = make({plays({Step::key, Step::lost}), wrong});
  EXPECT_THROW(run(source, 5s), shared::UserError);
}

TEST(ProfileLevel, IsCoveredByOneThatDecodesAllOfIt) {
  EXPECT_TRUE(is_covered_by("42c01f", "42c01f"));
  EXPECT_TRUE(is_covered_by("42c01e", "42c01f"));
  EXPECT_TRUE(is_covered_by("42e01f", "42c01f"));  // Constrained Baseline in two spellings.
  EXPECT_TRUE(is_covered_by("42e01f", "4d001f"));
  EXPECT_TRUE(is_covered_by("42c01f", "64001f"));
  EXPECT_TRUE(is_covered_by("4d001f", "640028"));
  EXPECT_TRUE(is_covered_by("4dc01f", "42e01f"));
  EXPECT_FALSE(is_covered_by("42c020", "42c01f"));  // A higher level.
  EXPECT_FALSE(is_covered_by("42001f", "42c01f"));  // Baseline with its own tools.
  EXPECT_FALSE(is_covered_by("42001f", "64001f"));
  EXPECT_FALSE(is_covered_by("4d001f", "42c01f"));
  EXPECT_FALSE(is_covered_by("64001f", "4d001f"));
  EXPECT_FALSE(is_covered_by("", "42c01f"));
  EXPECT_FALSE(is_covered_by("42c0", "42c01f"));
  EXPECT_FALSE(is_covered_by("zzzzzz", "42c01f"));
}

}  // namespace
}  // namespace camera

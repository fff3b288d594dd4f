#include "camera/audio/alsa_device.hpp"

#include <gtest/gtest.h>

#include <cerrno>

#include "examples/scripted_alsa.hpp"

namespace camera::audio {
namespace {

using namespace std::chrono_literals;
using testing::Device;
using testing::ScriptedAlsa;

struct MicrophoneTest : ::testing::Test {
  AlsaInput make(std::string name = "default") {
    return AlsaInput(std::make_unique<ScriptedAlsa>(device), std::move(name), device.time.clock(),
                     [this](const std::string& line) { told.push_back(line); });
  }
  // Steps until so many blocks came, as the thread would; or until so much time has passed.
  std::vector<SoundSource::Sound> listen(AlsaInput& input, std::size_t blocks, petrel::Duration limit = 60s) {
    std::vector<SoundSource::Sound> heard;
    const petrel::TimePoint end = device.time.now + limit;
    for (int steps = 0; heard.size() < blocks && device.time.now < end && steps < 100'000; ++steps) {
      const auto step = input.step();
      if (step.sound) heard.push_back(*step.sound);
      device.time.now += step.pause;
    }
    return heard;
  }

  Device device;
  std::vector<std::string> told;
};

TEST_F(MicrophoneTest, GivesEverySampleOnceAndTheTimeItWasHeard) {
  AlsaInput input = make();
  const petrel::TimePoint begin = device.time.now;

  const auto heard = listen(input, 100);

  ASSERT_EQ(heard.size(), 100u);
  for (std::size_t block = 0; block < heard.size(); ++block) {
    EXPECT_EQ(heard[block].samples[0], static_cast<std::int16_t>(block * block_samples)) << block;
    EXPECT_EQ(heard[block].samples[959], static_cast<std::int16_t>(block * block_samples + 959)) << block;
    EXPECT_LE(std::chrono::abs(heard[block].captured - (begin + static_cast<int>(block) * 20ms)), 1ms);
  }
  EXPECT_TRUE(told.empty());
}

TEST_F(MicrophoneTest, PutsShortReadsTogether) {
  device.most_frames = 7;
  AlsaInput input = make();
  const auto heard = listen(input, 3);
  ASSERT_EQ(heard.size(), 3u);
  EXPECT_EQ(heard[2].samples[959], 3 * 960 - 1);
}

TEST_F(MicrophoneTest, MixesChannels) {
  device.channels = 2;
  AlsaInput input = make();
  const auto heard = listen(input, 2);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[1].samples[5], 965);
}

TEST_F(MicrophoneTest, HasADeviceOfAnotherRateConvertedByAlsa) {
  device.rate = 44'100;
  AlsaInput input = make("hw:1,0");
  EXPECT_EQ(listen(input, 2).size(), 2u);
  EXPECT_EQ(device.opened, (std::vector<std::string>{"hw:1,0", "plug:'hw:1,0'"}));
  EXPECT_TRUE(told.empty());
}

TEST_F(MicrophoneTest, HasADeviceOfAnotherFormatConvertedByAlsa) {
  device.refuses_format = true;
  AlsaInput input = make("hw:1,0");
  EXPECT_EQ(listen(input, 2).size(), 2u);
}

TEST_F(MicrophoneTest, SaysInOneLineWhatIsWrongAndTriesAgainEverLater) {
  struct Row {
    int error;
    std::string_view says;
  };
  for (const auto& [error, says] :
       {Row{-ENOENT, "arecord -L"}, Row{-ENODEV, "unplugged"}, Row{-EBUSY, "another program"},
        Row{-EACCES, "group \"audio\""}, Row{-EIO, "it fails"}}) {
    device = {};
    told.clear();
    device.open_error = error;
    AlsaInput input = make();
    EXPECT_TRUE(listen(input, 1, 60s).empty());
    ASSERT_EQ(told.size(), 1u) << says;
    EXPECT_NE(told[0].find(says), std::string::npos) << told[0];
    // After 0, 1, 3, 7, 15 s, and then every 10 s.
    EXPECT_EQ(device.opened.size(), 9u) << says;

    device.open_error = 0;
    EXPECT_EQ(listen(input, 5).size(), 5u);
    ASSERT_EQ(told.size(), 2u);
    EXPECT_EQ(told[1], "it is there again");
  }
}

TEST_F(MicrophoneTest, SaysThatAlsaCannotConvert) {
  device.refuses_format = device.plug_refuses = true;
  AlsaInput input = make();
  EXPECT_TRUE(listen(input, 1, 5s).empty());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("48 kHz"), std::string::npos);
}

TEST_F(MicrophoneTest, ThatIsUnpluggedComesBackByItself) {
  AlsaInput input = make();
  ASSERT_EQ(listen(input, 10).size(), 10u);
  device.present = false;
  EXPECT_TRUE(listen(input, 1, 20s).empty());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("unplugged"), std::string::npos);
  EXPECT_GT(device.closed, 0);

  device.present = true;
  const auto again = listen(input, 3, 11s);
  ASSERT_EQ(again.size(), 3u);
  EXPECT_LE(std::chrono::abs(again[2].captured + 20ms - device.time.now), 20ms);
  EXPECT_EQ(told.size(), 2u);
}

// One that fails as soon as it is open must not be opened without a pause, nor be praised each time.
TEST_F(MicrophoneTest, ThatFailsWhenItIsUsedIsToldOnce) {
  for (int i = 0; i < 1000; ++i) device.transfer_errors.push_back(-EIO);
  AlsaInput input = make();
  EXPECT_TRUE(listen(input, 1, 60s).empty());
  EXPECT_EQ(told.size(), 1u);
  EXPECT_LT(device.opened.size(), 11u);
}

TEST_F(MicrophoneTest, OverrunsAreCountedAndPass) {
  AlsaInput input = make();
  listen(input, 5);
  device.transfer_errors = {-EPIPE};
  device.wait_errors = {-EPIPE};
  EXPECT_EQ(listen(input, 5).size(), 5u);
  EXPECT_EQ(input.overruns(), 2u);
  EXPECT_EQ(device.started, 3);
  EXPECT_TRUE(told.empty());
}

TEST_F(MicrophoneTest, AnOverrunThatCannotBeLeftLosesTheDevice) {
  AlsaInput input = make();
  listen(input, 5);
  device.transfer_errors = {-EPIPE};
  device.start_errors = {-ENODEV};
  EXPECT_EQ(listen(input, 5).size(), 5u);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(device.opened.size(), 2u);
}

TEST_F(MicrophoneTest, ASuspendedDeviceIsResumedWhenItCanBe) {
  AlsaInput input = make();
  listen(input, 5);
  device.transfer_errors = {-ESTRPIPE, -ESTRPIPE, -ESTRPIPE};
  device.resume_errors = {-EAGAIN, -EAGAIN, 0};
  EXPECT_EQ(listen(input, 5).size(), 5u);
  EXPECT_EQ(device.resumed, 3);
  EXPECT_TRUE(told.empty());
}

TEST_F(MicrophoneTest, ASuspendedDeviceThatCannotBeResumedBeginsAnew) {
  AlsaInput input = make();
  listen(input, 5);
  device.transfer_errors = {-ESTRPIPE};
  device.resume_errors = {-ENOSYS};
  EXPECT_EQ(listen(input, 5).size(), 5u);
  EXPECT_EQ(device.started, 2);
  EXPECT_TRUE(told.empty());
}

TEST_F(MicrophoneTest, InterruptionsAreNothing) {
  AlsaInput input = make();
  device.transfer_errors = {-EAGAIN, -EINTR};
  device.wait_errors = {-EINTR};
  EXPECT_EQ(listen(input, 5).size(), 5u);
  EXPECT_TRUE(told.empty());
}

TEST_F(MicrophoneTest, ThatGivesNothingIsLost) {
  AlsaInput input = make();
  listen(input, 5);
  device.stalled = true;
  EXPECT_TRUE(listen(input, 1, 5s).empty());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("no sound"), std::string::npos);
}

TEST_F(MicrophoneTest, ADeviceWithoutAPaceIsGivenOne) {
  device.instant = true;
  AlsaInput input = make();
  const auto heard = listen(input, 100'000, 10s);
  EXPECT_NEAR(static_cast<double>(heard.size()), 500, 10);
}

TEST_F(MicrophoneTest, CaptureTimesAreSmoothedButFollowALoss) {
  AlsaInput input = make();
  const auto before = listen(input, 50);
  device.time.now += 7s;  // The machine slept; the buffer was overrun.
  device.transfer_errors = {-EPIPE};
  const auto after = listen(input, 2);
  ASSERT_EQ(after.size(), 2u);
  EXPECT_GE(after[0].captured - before.back().captured, 7s);
  EXPECT_EQ(after[1].captured - after[0].captured, 20ms);
}

struct LoudspeakerTest : ::testing::Test {
  AlsaOutput make() {
    return AlsaOutput(std::make_unique<ScriptedAlsa>(device), "default", device.time.clock(),
                      [this](const std::string& line) { told.push_back(line); });
  }
  void play(AlsaOutput& output, int steps) {
    for (int step = 0; step < steps; ++step) {
      device.time.now += output.step([this](Block& block) { block.fill(++blocks_filled); });
    }
  }

  Device device;
  std::vector<std::string> told;
  std::int16_t blocks_filled = 0;
};

TEST_F(LoudspeakerTest, PlaysEverySampleOnceOnAllChannels) {
  device.channels = 2;
  device.most_frames = 500;
  AlsaOutput output = make();
  play(output, 20);
  ASSERT_EQ(device.written.size(), 10u * 2 * block_samples);
  EXPECT_EQ(device.written.front(), 1);
  EXPECT_EQ(device.written.back(), 10);
  EXPECT_EQ(blocks_filled, 10);
  EXPECT_EQ(device.started, 0);
}

TEST_F(LoudspeakerTest, RepeatsWhatAnUnderrunHasRefused) {
  AlsaOutput output = make();
  play(output, 3);
  device.transfer_errors = {-EPIPE};
  play(output, 3);
  EXPECT_EQ(output.underruns(), 1u);
  EXPECT_EQ(device.written.size(), 5 * block_samples);
  EXPECT_EQ(device.written.back(), 5);
  EXPECT_TRUE(told.empty());
}

TEST_F(LoudspeakerTest, ThatIsLostLetsTheTalkPass) {
  AlsaOutput output = make();
  play(output, 3);
  device.present = false;
  play(output, 101);
  ASSERT_EQ(told.size(), 1u);
  // One step to notice it, a pause of a second, and then a block every 20 ms.
  EXPECT_GT(blocks_filled, 90);
  device.present = true;
  device.written.clear();
  play(output, 1000);
  EXPECT_EQ(told.size(), 2u);
  EXPECT_FALSE(device.written.empty());
}

TEST_F(LoudspeakerTest, ThatTakesNothingIsLost) {
  AlsaOutput output = make();
  play(output, 3);
  device.stalled = true;
  play(output, 60);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_NE(told[0].find("plays nothing"), std::string::npos);
}

TEST_F(LoudspeakerTest, HoldsNoMoreThanItMust) {
  AlsaOutput output = make();
  play(output, 3);
  device.playback_delay = 3 * block_samples;
  play(output, 10);
  EXPECT_EQ(blocks_filled, 3);
  device.playback_delay = 2 * block_samples;
  play(output, 1);
  EXPECT_EQ(blocks_filled, 4);
  // One that is full and stays so has stopped.
  device.playback_delay = 3 * block_samples;
  play(output, 1000);
  EXPECT_EQ(told.size(), 1u);
}

TEST_F(LoudspeakerTest, ADeviceWithoutAPaceIsGivenOne) {
  AlsaOutput output = make();
  const petrel::TimePoint end = device.time.now + 10s;
  while (device.time.now < end) play(output, 1);
  EXPECT_NEAR(blocks_filled, 510, 5);
}

TEST_F(LoudspeakerTest, IsFreeWhileNobodyTalks) {
  AlsaOutput output = make();
  play(output, 3);
  const int before = device.closed;
  output.rest();
  EXPECT_EQ(device.closed, before + 1);
  output.rest();
  EXPECT_EQ(device.closed, before + 1);
  play(output, 3);
  EXPECT_EQ(device.opened.size(), 2u);
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace camera::audio

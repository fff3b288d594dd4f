#include "camera/libcamera/libcamera_pictures.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <map>
#include <set>
#include <vector>

#include "camera/source_lost.hpp"
#include "examples/scripted_libcamera.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;
using Outcome = CompletedRequest::Outcome;

struct LibcameraTest : ::testing::Test {
  LibcameraTest() { clock.wait(1h); }

  std::unique_ptr<LibcameraPictures> open() {
    return std::make_unique<LibcameraPictures>(std::make_unique<testing::ScriptedLibcamera>(camera, clock),
                                               settings, clock);
  }
  // What opening says when it fails, and that nothing stays open.
  template <class Error>
  void expect_failure(std::string_view says) {
    const int closed_before = camera.closed;
    try {
      open();
      ADD_FAILURE() << "it opened, instead of saying " << says;
    } catch (const Error& error) {
      EXPECT_NE(std::string_view(error.what()).find(says), std::string_view::npos) << error.what();
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
    }
    EXPECT_GT(camera.closed, closed_before);
  }
  void complete(unsigned buffer, Outcome outcome = Outcome::picture, petrel::Duration at = 1h) {
    camera.complete(buffer, outcome, at);
  }

  testing::LibcameraDevice camera;
  testing::VirtualClock clock;
  LibcameraSettings settings{.width = 640, .height = 360, .frames_per_second = 25};
};

TEST_F(LibcameraTest, OpensTheFirstCameraOrTheOneThatIsNamed) {
  EXPECT_EQ(open()->name(), "camera imx708 by libcamera");
  EXPECT_EQ(camera.acquired, "/base/i2c/imx708@1a");
  EXPECT_EQ(camera.closed, 1);
  settings.id = "usb-2";
  EXPECT_EQ(open()->name(), "camera usb-2 by libcamera");
  EXPECT_EQ(camera.acquired, "usb-2");
}

TEST_F(LibcameraTest, TellsTheCameraItsRateAndQueuesAllBuffers) {
  const auto pictures = open();
  EXPECT_EQ(camera.started.frame_duration, 40ms);
  EXPECT_EQ(camera.queued, (std::vector<unsigned>{0, 1, 2, 3}));
  camera.takes_frame_duration = false;
  const auto others = open();
  EXPECT_EQ(camera.started.frame_duration, std::nullopt);
}

TEST_F(LibcameraTest, SaysWhatIsWrongWhenItDoesNotOpen) {
  camera.open_error = -ENODEV;
  expect_failure<SourceLost>("finds no camera");
  camera = {};
  camera.cameras.clear();
  expect_failure<SourceLost>("finds no camera");
  camera = {};
  settings.id = "imx219";
  expect_failure<SourceUnknown>("there is /base/i2c/imx708@1a, usb-2");
  // A USB camera may be plugged in yet.
  settings.id = "/base/usb@0-1.2:1.0-046d:0825";
  expect_failure<SourceLost>("usb-2. It may be unplugged.");
  try {
    open();
  } catch (const SourceUnknown&) {
    ADD_FAILURE();
  } catch (const SourceLost&) {
  }
  settings.id.clear();
  camera.acquire_error = -EBUSY;
  expect_failure<SourceLost>("another program has it");
  camera.acquire_error = -EIO;
  expect_failure<SourceLost>("cannot be had");
  camera = {};
  camera.configure_error = -EINVAL;
  expect_failure<shared::UserError>("--size");
  camera.configure_error = -ENODEV;
  expect_failure<SourceLost>("cannot be configured");
}

TEST_F(LibcameraTest, EveryFailureOfStartAllocateAndQueueIsNamedAndUndone) {
  for (const int allocated : {0, -ENOMEM}) {
    camera = {};
    camera.allocated = allocated;
    expect_failure<SourceLost>("has no memory");
  }
  for (const int error : {-ENODEV, -EACCES, -EBUSY, -EIO}) {
    camera = {};
    camera.start_error = error;
    expect_failure<SourceLost>("cannot be started");
  }
  for (int good = 0; good < 4; ++good) {
    camera = {};
    camera.queue_errors.assign(static_cast<std::size_t>(good), 0);
    camera.queue_errors.push_back(-ENODEV);
    expect_failure<SourceLost>("unplugged");
    camera.queue_errors.assign(static_cast<std::size_t>(good), 0);
    camera.queue_errors.push_back(-EXDEV);
    expect_failure<SourceLost>("no more requests");
  }
}

TEST_F(LibcameraTest, TakesWhatTheCameraGivesInsteadIfItCan) {
  camera.gives = CameraFormat{.width = 1296, .height = 972, .stride = 1344, .buffers = 4};
  EXPECT_EQ(open()->width(), 1296);
  EXPECT_EQ(open()->height(), 972);
  camera.gives->height = 971;
  expect_failure<shared::UserError>("even");
  camera.gives = CameraFormat{.buffers = 4};
  expect_failure<shared::UserError>("even");
  camera.gives = CameraFormat{.width = 640, .height = 360};
  settings.rotation = 90;
  expect_failure<shared::UserError>("--rotation 90");
}

TEST_F(LibcameraTest, GivesTheCamerasOwnBufferAndGivesItBack) {
  const auto pictures = open();
  camera.queued.clear();
  complete(2, Outcome::picture, 1h - 30ms);
  auto picture = pictures->next();
  ASSERT_TRUE(picture);
  EXPECT_TRUE(is_complete(*picture));
  EXPECT_EQ(picture->format, PixelFormat::i420);
  EXPECT_EQ(picture->planes[0].stride, 704);
  EXPECT_EQ(picture->planes[2].stride, 352);
  EXPECT_EQ(picture->planes[0].samples[0], 2);
  EXPECT_EQ(picture->dmabuf, 7);
  EXPECT_EQ(picture->captured, petrel::TimePoint(1h - 30ms));
  EXPECT_EQ(picture->offset, 0ns);
  EXPECT_TRUE(camera.queued.empty());
  pictures->release();
  EXPECT_TRUE(camera.queued.empty()) << "somebody has it";
  picture.reset();
  pictures->release();
  EXPECT_EQ(camera.queued, std::vector<unsigned>{2});
  pictures->release();
  EXPECT_EQ(camera.queued, std::vector<unsigned>{2});

  // And if nobody releases it, with the next call.
  complete(3, Outcome::picture, 1h + 10ms);
  EXPECT_EQ(pictures->next()->offset, 40ms);
  complete(1);
  ASSERT_TRUE(pictures->next());
  EXPECT_EQ(camera.queued, (std::vector<unsigned>{2, 3}));
}

TEST_F(LibcameraTest, KeepsABufferForAsLongAsSomebodyHasALeaseOfIt) {
  const auto pictures = open();
  camera.queued.clear();
  std::vector<PictureView> kept;
  for (unsigned buffer = 0; buffer < 3; ++buffer) {
    complete(buffer);
    kept.push_back(pictures->next().value());
  }
  EXPECT_TRUE(camera.queued.empty());
  const Lease copy = kept[1].lease;
  kept.clear();
  EXPECT_FALSE(pictures->next());
  EXPECT_EQ(std::set<unsigned>(camera.queued.begin(), camera.queued.end()), (std::set<unsigned>{0, 2}));
}

TEST_F(LibcameraTest, GivesASecondStreamOfTheSameMomentsWhereTheCameraHasOne) {
  const auto box = std::make_shared<LowPictureBox>();
  EXPECT_THROW(LowPictures{box}, SourceLost);  // There is no camera yet.
  camera.has_second = true;
  settings.low_width = 320;
  settings.low_height = 180;
  settings.low = box;
  auto pictures = open();
  LowPictures low(box);
  EXPECT_EQ(low.width(), 320);
  EXPECT_EQ(low.height(), 180);
  EXPECT_EQ(low.frames_per_second(), 25);
  complete(1, Outcome::picture, 1h - 30ms);
  ASSERT_TRUE(pictures->next());
  complete(2, Outcome::picture, 1h);
  const auto picture = pictures->next();
  const auto small = low.next();
  ASSERT_TRUE(small);
  EXPECT_TRUE(is_complete(*small));
  EXPECT_EQ(small->format, PixelFormat::i420);
  EXPECT_EQ(small->planes[0].samples[0], 102) << "the newest";
  EXPECT_EQ(small->captured, picture->captured);
  EXPECT_EQ(small->offset, 30ms);
  // It goes when the camera goes, and comes back with it.
  pictures.reset();
  try {
    low.next();
    FAIL();
  } catch (const SourceLost& lost) {
    EXPECT_EQ(std::string(lost.what()), "the second stream: the camera is not there.");
  }
  camera.gives_second = CameraFormat{.width = 160, .height = 90};
  pictures = open();
  EXPECT_THROW(low.next(), SourceLost) << "of another size it has to be encoded anew";
  EXPECT_EQ(LowPictures(box).width(), 160);
}

TEST_F(LibcameraTest, SaysThatACameraHasNoSecondStream) {
  const auto box = std::make_shared<LowPictureBox>();
  settings.low_width = 320;
  settings.low_height = 180;
  settings.low = box;
  for (const bool odd : {false, true}) {
    camera.has_second = odd;
    if (odd) camera.gives_second = CameraFormat{.width = 321, .height = 181};
    const auto pictures = open();
    complete(1);
    EXPECT_TRUE(pictures->next());
    try {
      LowPictures low(box);
      FAIL();
    } catch (const SourceLost& lost) {
      EXPECT_EQ(std::string(lost.what()),
                "the second stream: camera /base/i2c/imx708@1a gives no second one beside the first.");
    }
  }
}

TEST_F(LibcameraTest, FindsThePlanesInOneBuffer) {
  camera.separate_planes = false;
  for (const PixelFormat format : {PixelFormat::i420, PixelFormat::nv12}) {
    camera.gives = CameraFormat{.pixels = format, .width = 640, .height = 360, .stride = 640, .buffers = 4};
    const auto pictures = open();
    complete(1);
    const auto picture = pictures->next();
    ASSERT_TRUE(picture);
    EXPECT_TRUE(is_complete(*picture));
    EXPECT_EQ(picture->planes[1].samples.data() - picture->planes[0].samples.data(), 640 * 360);
    EXPECT_EQ(picture->dmabuf, 7);
  }
}

// An encoder that was given the descriptor of the first would read past it.
TEST_F(LibcameraTest, HandsNoDmaBufferOnWhosePlanesAreApart) {
  camera.second_descriptor = 8;
  const auto pictures = open();
  complete(0);
  const auto picture = pictures->next();
  ASSERT_TRUE(picture);
  EXPECT_TRUE(is_complete(*picture));
  EXPECT_EQ(picture->dmabuf, std::nullopt);
}

TEST_F(LibcameraTest, GivesTheNewestPictureAndTheOthersBackAtOnce) {
  const auto pictures = open();
  camera.queued.clear();
  complete(0);
  complete(1);
  complete(2);
  ASSERT_EQ(pictures->next()->planes[0].samples[0], 2);
  EXPECT_EQ(camera.queued, (std::vector<unsigned>{0, 1}));
  EXPECT_EQ(pictures->skipped(), 2u);
}

TEST_F(LibcameraTest, WaitsNoLongerThanItMay) {
  const auto pictures = open();
  const petrel::TimePoint before = clock.now();
  EXPECT_FALSE(pictures->next());
  EXPECT_EQ(clock.now() - before, 100ms);
  EXPECT_EQ(camera.waits, 1);
}

TEST_F(LibcameraTest, NeverEndsUpInACameraThatIsQuickerThanItself) {
  const auto pictures = open();
  for (int i = 0; i < 1000; ++i) complete(0);
  ASSERT_TRUE(pictures->next());
  EXPECT_GT(camera.completed.size(), 900u);
}

TEST_F(LibcameraTest, BrokenPicturesAreLeftOutUntilThereAreNoOthers) {
  const auto pictures = open();
  camera.queued.clear();
  complete(0, Outcome::broken);
  complete(1);
  EXPECT_EQ(pictures->next()->planes[0].samples[0], 1);
  EXPECT_EQ(camera.queued, std::vector<unsigned>{0});
  EXPECT_EQ(pictures->broken(), 1u);
  for (int i = 0; i < LibcameraPictures::max_broken_in_row; ++i) complete(0, Outcome::broken);
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) pictures->next();
      },
      SourceLost);
}

TEST_F(LibcameraTest, RequestsOfACameraThatStopsAreNotQueuedAgain) {
  const auto pictures = open();
  camera.queued.clear();
  complete(0, Outcome::cancelled);
  EXPECT_FALSE(pictures->next());
  EXPECT_TRUE(camera.queued.empty());
}

TEST_F(LibcameraTest, SaysThatItWasUnplugged) {
  const auto pictures = open();
  camera.disconnected = true;
  try {
    pictures->next();
    FAIL();
  } catch (const SourceLost& lost) {
    EXPECT_NE(std::string_view(lost.what()).find("unplugged"), std::string_view::npos);
  }
  camera.disconnected = false;
  const auto again = open();
  complete(1);
  ASSERT_TRUE(again->next());
  camera.queue_errors = {-ENODEV};
  EXPECT_THROW(again->release(), SourceLost);
  EXPECT_NO_THROW(again->release());
}

TEST_F(LibcameraTest, ATimeStampOfAnotherClockIsNoCaptureTime) {
  const auto pictures = open();
  complete(0, Outcome::picture, 17h);
  EXPECT_EQ(pictures->next()->captured, std::nullopt);
  camera.completed.push_back({1, Outcome::picture, ~std::uint64_t{0}});
  EXPECT_EQ(pictures->next()->captured, std::nullopt);
}

TEST_F(LibcameraTest, PassesControlsOn) {
  settings.controls = {"AfMode=AfModeContinuous", "AfMode=1", "AeEnable=off", "Brightness=-0.5"};
  const auto pictures = open();
  const auto& given = camera.started.settings;
  ASSERT_EQ(given.size(), 4u);
  EXPECT_EQ(std::get<std::int64_t>(given[0].value), 2);
  EXPECT_EQ(std::get<std::int64_t>(given[1].value), 1);
  EXPECT_EQ(std::get<bool>(given[2].value), false);
  EXPECT_EQ(std::get<double>(given[3].value), -0.5);
  EXPECT_EQ(given[3].id, 3u);
}

TEST_F(LibcameraTest, NamesTheControlThatCannotBeSet) {
  const std::map<std::string, std::string_view> rows{
      {"AfMode", "NAME=VALUE"},
      {"=2", "NAME=VALUE"},
      {"HdrMode=1", "it has AeEnable, AfMode, Brightness"},
      {"AfMode=3", "AfMode (0 to 2: AfModeAuto, AfModeContinuous)"},
      {"AfMode=1.5", "0 to 2"},
      {"AfMode=", "0 to 2"},
      {"AeEnable=2", "on or off"},
      {"Brightness=nan", "-1 to 1"},
      {"Brightness=1.1", "-1 to 1"},
      {"AfWindows=1", "more than one number"}};
  for (const auto& [control, says] : rows) {
    settings.controls = {control};
    expect_failure<shared::UserError>(says);
  }
}

TEST_F(LibcameraTest, ListsCameras) {
  testing::ScriptedLibcamera calls(camera, clock);
  EXPECT_EQ(list_cameras(calls),
            "--source libcamera:/base/i2c/imx708@1a  imx708, back\n--source libcamera:usb-2\n");
  camera.cameras.clear();
  EXPECT_EQ(list_cameras(calls), "libcamera finds no camera.\n");
  camera.open_error = -ENODEV;
  EXPECT_NE(list_cameras(calls).find("No such device"), std::string::npos);
  EXPECT_EQ(camera.closed, 3);
}

// The library itself, on a machine that most likely has no camera: it answers, and can be asked again. A
// program that was built without it says so.
TEST(Libcamera, AnswersOnThisMachine) {
  if (!has_libcamera()) {
    EXPECT_THROW(make_libcamera(), shared::UserError);
    return;
  }
  const auto calls = make_libcamera();
  EXPECT_FALSE(list_cameras(*calls).empty());
  EXPECT_FALSE(list_cameras(*calls).empty());
}

}  // namespace
}  // namespace camera

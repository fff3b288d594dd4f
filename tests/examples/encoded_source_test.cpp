#include "camera/encoded_source.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "camera/openh264_encoder.hpp"
#include "camera/picture_conversion.hpp"
#include "camera/source_lost.hpp"
#include "camera/test_pattern.hpp"
#include "examples/decoder.hpp"

namespace camera {
namespace {

using namespace std::chrono_literals;

// A picture in another format, with rows that are longer than needed.
class Converted {
 public:
  Converted(const Picture& from, PixelFormat format, int padding = 0) {
    view_.format = format;
    view_.width = from.width();
    view_.height = from.height();
    const auto at = [&](int x, int y) { return from.at(x, y); };
    if (format == PixelFormat::yuyv) {
      fill(0, 2 * view_.width + padding, view_.height, [&](int column, int row) -> std::uint8_t {
        const Colour colour = at(column / 2, row);
        if (column % 2 == 0) return colour.y;
        return column % 4 == 1 ? colour.u : colour.v;
      });
    } else {
      fill(0, view_.width + padding, view_.height, [&](int column, int row) { return at(column, row).y; });
    }
    if (format == PixelFormat::nv12) {
      fill(1, view_.width + padding, view_.height / 2, [&](int column, int row) {
        const Colour colour = at(column, 2 * row);
        return column % 2 == 0 ? colour.u : colour.v;
      });
    }
    if (format == PixelFormat::i420) {
      const int stride = view_.width / 2 + padding;
      fill(1, stride, view_.height / 2, [&](int column, int row) { return at(2 * column, 2 * row).u; });
      fill(2, stride, view_.height / 2, [&](int column, int row) { return at(2 * column, 2 * row).v; });
    }
  }
  const PictureView& view() const { return view_; }

 private:
  template <class Sample>
  void fill(std::size_t plane, int stride, int rows, Sample sample) {
    const int last = plane == 0 ? (view_.format == PixelFormat::yuyv ? 2 : 1) * view_.width
                     : view_.format == PixelFormat::nv12 ? view_.width
                                                         : view_.width / 2;
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < stride; ++column) {
        samples_[plane].push_back(column < last ? sample(column, row) : std::uint8_t{0xEE});
      }
    }
    view_.planes[plane] = {samples_[plane], stride};
  }

  PictureView view_;
  std::array<std::vector<std::uint8_t>, 3> samples_;
};

TEST(PictureConversion, GivesTheSamePictureFromEveryFormat) {
  TestPattern pattern(320, 180);
  const Picture& drawn = pattern.draw(77, 12h);
  for (const PixelFormat format : {PixelFormat::i420, PixelFormat::nv12, PixelFormat::yuyv}) {
    for (const int padding : {0, 32}) {
      const Converted given(drawn, format, padding);
      ASSERT_TRUE(is_complete(given.view()));
      Picture out(320, 180);
      convert_to_i420(given.view(), out);
      EXPECT_TRUE(std::ranges::equal(out.samples(), drawn.samples()))
          << static_cast<int>(format) << " " << padding;
    }
  }
}

TEST(PictureView, IsIncompleteWhereARowEndsOutsideOfItsSamples) {
  const Picture picture(160, 160);
  for (const PixelFormat format : {PixelFormat::i420, PixelFormat::nv12, PixelFormat::yuyv}) {
    const Converted given(picture, format, 0);
    EXPECT_TRUE(is_complete(given.view()));
    for (std::size_t plane = 0; plane < static_cast<std::size_t>(plane_count(format)); ++plane) {
      PictureView cut = given.view();
      cut.planes[plane].samples = cut.planes[plane].samples.first(cut.planes[plane].samples.size() - 1);
      EXPECT_FALSE(is_complete(cut));
      cut = given.view();
      --cut.planes[plane].stride;
      EXPECT_FALSE(is_complete(cut));
    }
    PictureView odd = given.view();
    odd.width = 159;
    EXPECT_FALSE(is_complete(odd));
    odd.width = 0;
    EXPECT_FALSE(is_complete(odd));
  }
}

// A camera that gives what it is told to.
class Camera final : public PictureSource {
 public:
  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<PictureView> next() override { return std::exchange(picture, std::nullopt); }
  void release() override {
    ++released;
    was_lent_when_released = !lent.expired();
  }
  int width() const override { return 160; }
  int height() const override { return 160; }
  double frames_per_second() const override { return 15; }
  std::string name() const override { return "cam"; }

  std::optional<PictureView> picture;
  std::weak_ptr<const void> lent;
  bool was_lent_when_released = false;
  int released = 0;
};

// Gives each picture at the next one, as a chip with a pipeline does.
class LateEncoder final : public VideoEncoder {
 public:
  EncodedPicture encode(const PictureView&, petrel::Duration offset) override {
    EncodedPicture out;
    out.offset = std::exchange(last_, offset);
    if (++pictures > 1) out.annex_b.resize(5);
    out.key_frame = forced > 0;
    return out;
  }
  std::optional<EncodedPicture> finished() override { return std::exchange(done, std::nullopt); }
  void force_key_frame() override { ++forced; }
  void set_bitrate(std::uint32_t bits) override { bitrates.push_back(bits); }
  std::string profile_level_id() const override { return "42c01e"; }
  std::string name() const override { return "a chip"; }
  const EncoderSettings& settings() const override { return settings_; }

  int pictures = 0;
  int forced = 0;
  std::vector<std::uint32_t> bitrates;
  std::optional<EncodedPicture> done;

 private:
  EncoderSettings settings_{160, 160, 15, 500'000};
  petrel::Duration last_{};
};

class Encoded : public ::testing::Test {
 protected:
  Encoded() {
    auto own_camera = std::make_unique<Camera>();
    auto own_encoder = std::make_unique<LateEncoder>();
    camera = own_camera.get();
    encoder = own_encoder.get();
    source.emplace(std::move(own_camera), std::move(own_encoder));
  }
  void show(petrel::Duration offset) {
    camera->picture = PictureView(canvas);
    camera->picture->offset = offset;
    camera->picture->captured = petrel::TimePoint(7s) + offset;
  }

  const Picture canvas{160, 160};
  Camera* camera = nullptr;
  LateEncoder* encoder = nullptr;
  std::optional<EncodedSource> source;
};

TEST_F(Encoded, GivesBackThePictureAndTheTimeOfTheOneThatWasCoded) {
  show(0ms);
  EXPECT_FALSE(source->next());
  EXPECT_EQ(camera->released, 1);
  show(66ms);
  const auto unit = source->next();
  ASSERT_TRUE(unit);
  EXPECT_EQ(unit->capture_offset, 0ms);
  EXPECT_EQ(unit->captured, petrel::TimePoint(7s));
  EXPECT_EQ(camera->released, 2);
}

TEST_F(Encoded, GivesWhatHasBeenCodedMeanwhileBeforeItTakesAnotherPicture) {
  show(0ms);
  EXPECT_FALSE(source->next());
  encoder->done = EncodedPicture{std::vector<std::byte>(3), true, 0ms};
  show(66ms);
  const auto first = source->next();
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->key_frame);
  EXPECT_EQ(first->annex_b.size(), 3u);
  EXPECT_EQ(first->captured, petrel::TimePoint(7s));
  EXPECT_TRUE(camera->picture) << "it was not its turn";
  EXPECT_TRUE(source->next());
  EXPECT_FALSE(camera->picture);
}

TEST_F(Encoded, LetsGoOfAPictureBeforeItsSourceIsAskedForTheBuffer) {
  show(0ms);
  camera->picture->lease = std::make_shared<int>(1);
  camera->lent = camera->picture->lease;
  source->next();
  EXPECT_EQ(camera->released, 1);
  EXPECT_FALSE(camera->was_lent_when_released);
}

TEST_F(Encoded, KeepsAWishUntilThereIsAPicture) {
  source->force_key_frame();
  source->set_bitrate(100'000);
  source->set_bitrate(200'000);
  EXPECT_FALSE(source->next());
  EXPECT_EQ(encoder->forced, 0);
  show(0ms);
  source->next();
  show(66ms);
  source->next();
  EXPECT_EQ(encoder->forced, 1);
  EXPECT_EQ(encoder->bitrates, (std::vector<std::uint32_t>{200'000}));
}

TEST_F(Encoded, TakesAPictureOfAnotherSizeForALoss) {
  const Picture other(320, 160);
  camera->picture = PictureView(other);
  EXPECT_THROW(source->next(), SourceLost);
  camera->picture = PictureView(canvas);
  camera->picture->planes[2].samples = {};
  EXPECT_THROW(source->next(), SourceLost);
  EXPECT_EQ(encoder->pictures, 0);
}

TEST_F(Encoded, SaysWhatItIs) {
  EXPECT_EQ(source->description(), "cam, 160x160 at 15 fps, 0.5 Mbit/s, H.264 42c01e, encoded by a chip");
  EXPECT_FALSE(source->next_due());
}

TEST(OpenH264Encoder, CodesEveryPixelFormat) {
  for (const PixelFormat format : {PixelFormat::i420, PixelFormat::nv12, PixelFormat::yuyv}) {
    OpenH264Encoder encoder({.width = 640, .height = 360});
    TestPattern pattern(640, 360);
    testing::Decoder decoder;
    for (std::uint32_t frame = 0; frame < 4; ++frame) {
      const Converted given(pattern.draw(frame + 1000, 0ms), format, 64);
      const auto picture = decoder.decode(encoder.encode(given.view(), frame * 33ms).annex_b);
      ASSERT_TRUE(picture);
      EXPECT_EQ(read_frame_number(*picture), frame + 1000);
      EXPECT_EQ(read_bar(*picture, 5), "red");
    }
  }
}

}  // namespace
}  // namespace camera

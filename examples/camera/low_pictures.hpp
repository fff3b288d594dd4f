#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "camera/picture.hpp"
#include "camera/picture_source.hpp"

namespace camera {

/// The second, smaller stream of a camera, on its way from the thread that reads the camera to the one that
/// encodes it. Of several pictures the newest is kept.
class LowPictureBox {
 public:
  struct Format {
    int width = 0;
    int height = 0;
    double frames_per_second = 0;
    Colours colours{};

    friend bool operator==(const Format&, const Format&) = default;
  };
  struct Content {
    Picture picture;
    petrel::Duration offset{};
    std::optional<petrel::TimePoint> captured;
  };

  /// The camera is there, and gives pictures like that.
  void open(const Format& format);
  /// There are none for now. `why` is a sentence for people.
  void close(std::string why);
  /// Copies it: the camera's buffer is wanted back.
  void put(const PictureView& picture);

  /// What is open.
  std::optional<Format> format() const;
  std::string why_closed() const;
  /// Waits for a picture; nullopt: none came within `longest`, or it is closed.
  std::optional<Content> take(petrel::Duration longest);

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Format> format_;  // These three under the mutex.
  std::string why_closed_ = "the camera is not there yet.";
  std::optional<Content> newest_;
};

/// What comes out of the box, as a live source. Lost when the camera is, or gives other pictures.
class LowPictures final : public PictureSource {
 public:
  /// Throws SourceLost where the box is closed.
  explicit LowPictures(std::shared_ptr<LowPictureBox> box);

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<PictureView> next() override;
  void release() override {}
  int width() const override { return format_.width; }
  int height() const override { return format_.height; }
  double frames_per_second() const override { return format_.frames_per_second; }
  Colours colours() const override { return format_.colours; }
  std::string name() const override { return "the camera's second stream"; }

 private:
  std::shared_ptr<LowPictureBox> box_;
  LowPictureBox::Format format_;
  std::optional<LowPictureBox::Content> current_;
};

}  // namespace camera

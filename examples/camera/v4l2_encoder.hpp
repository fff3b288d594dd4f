#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "camera/clock.hpp"
#include "camera/lent_buffers.hpp"
#include "camera/parameter_sets.hpp"
#include "camera/picture.hpp"
#include "camera/v4l2_device.hpp"
#include "camera/v4l2_queue.hpp"
#include "camera/video_encoder.hpp"

namespace camera {

/// A chip's H.264 encoder behind V4L2's stateful encoder interface ("Memory-to-Memory Stateful Video Encoder
/// Interface" of the kernel's documentation), as Raspberry Pis up to the 4 have it at /dev/video11.
///
/// A picture that is a DMA buffer with a lease is imported and not copied, where the chip takes its format,
/// its row length and its number of rows. encode() waits for the picture's coding for most of the time until
/// the next picture, since a coding that is given at once is the youngest; a chip that takes longer keeps
/// several pictures, up to max_inside or what its driver needs, and their codings come later.
///
/// The constructor codes a grey picture, to see that the encoder works and to read its SPS. It throws
/// UserError or SourceLost. Tested against scripted devices; unverified on hardware.
class V4l2Encoder final : public VideoEncoder {
 public:
  /// Until the chip has taken a picture in and given it back.
  static constexpr petrel::Duration longest_picture = std::chrono::seconds(1);
  /// And then until its coding must have come, or will come with the next one.
  static constexpr petrel::Duration longest_coding = std::chrono::milliseconds(100);
  /// Pictures in the chip. Where it is slower than the camera, each is a picture of latency.
  static constexpr std::size_t max_inside = 3;

  /// `system` and `clock` outlive this object.
  V4l2Encoder(V4l2System& system, const std::string& path, const EncoderSettings& settings, Clock& clock);
  ~V4l2Encoder() override;

  EncodedPicture encode(const PictureView& picture, petrel::Duration offset) override;
  std::optional<EncodedPicture> finished() override;
  void force_key_frame() override;
  void set_bitrate(std::uint32_t bits_per_second) override;
  std::string profile_level_id() const override { return profile_level_id_; }
  std::string name() const override;
  const EncoderSettings& settings() const override { return settings_; }

 private:
  /// How pictures go into the chip.
  struct Input {
    std::uint32_t format = 0;
    V4l2Queue::Memory memory = V4l2Queue::Memory::mapped;
    int stride = 0;  ///< Wanted; 0: the chip's own.
    int rows = 0;    ///< Of luma, with padding; 0: the chip's own.

    friend bool operator==(const Input&, const Input&) = default;
  };

  /// A picture that the chip has not given back.
  struct Inside {
    std::uint32_t index = 0;
    petrel::TimePoint given{};
    Lease lease;
  };

  Input input_for(const PictureView& picture) const;
  EncodedPicture encode_within(const PictureView& picture, petrel::Duration offset, petrel::Duration longest);
  void start(const Input& input);
  void stop();
  void set_formats(const Input& input);
  void set_controls();
  bool set(std::uint32_t control, std::int32_t value);
  bool give(const PictureView& picture, petrel::Duration offset);
  void copy(const PictureView& picture, std::span<std::uint8_t> into) const;
  std::uint32_t free_index() const;
  std::uint32_t index_for(int dmabuf);
  bool is_inside(std::uint32_t index) const;
  int pictures_needed();
  void wait_for_room();
  void wait_for_coding(petrel::Duration longest);
  void wait_a_little();
  void take_back();
  std::optional<EncodedPicture> take_coding();
  void read_profile(const petrel::rtp::h264::AccessUnit& unit);

  std::string path_;
  EncoderSettings settings_;
  Clock& clock_;
  std::unique_ptr<V4l2Device> device_;
  std::string card_;
  std::vector<std::uint32_t> formats_;  // That the chip takes.
  V4l2Queue pictures_;
  V4l2Queue codings_;
  std::optional<Input> input_;  // While it runs.
  int stride_ = 0;              // Of a picture in the chip's memory, …
  int rows_ = 0;                // … and its rows of luma, with padding.
  std::size_t picture_size_ = 0;
  bool imports_ = true;        // Until the chip has refused to.
  std::size_t depth_ = 1;      // How many pictures may be inside.
  int needed_ = 1;             // How many it must have before it begins.
  std::deque<Inside> inside_;  // The oldest first.
  std::deque<EncodedPicture> ready_;
  bool restart_wanted_ = false;
  std::map<int, std::uint32_t> index_of_dmabuf_;
  mutable std::optional<Picture> converted_;
  std::vector<std::byte> headers_;  // SPS and PPS that came in a buffer of their own.
  ParameterSets parameter_sets_;
  std::string profile_level_id_;
};

/// The first device that encodes NV12 or YU12 to H.264; "" if there is none.
std::string find_v4l2_encoder(V4l2System& system);

}  // namespace camera

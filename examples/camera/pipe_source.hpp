#pragma once

#include <memory>
#include <optional>
#include <string>

#include "camera/frame_source.hpp"
#include "camera/live_reader.hpp"

namespace camera {

/// `--source pipe:-` or `pipe:PATH`: H.264 in Annex B form from standard input or a FIFO.
///
/// Ends with UserError when the other end is closed: a pipe cannot be opened again.
class PipeSource final : public FrameSource {
 public:
  /// `name` for people: "standard input", "the pipe PATH".
  PipeSource(FileDescriptor file, std::string name, Clock& clock)
      : name_(std::move(name)), reader_(std::move(file), name_, clock) {}
  /// "-" is standard input. Throws UserError when it is no pipe. A FIFO may be opened before its writer.
  static std::unique_ptr<PipeSource> open(const std::string& path, Clock& clock);

  std::optional<petrel::Duration> next_due() const override { return std::nullopt; }
  std::optional<AccessUnit> next() override;
  void force_key_frame() override {}
  bool can_force_key_frame() const override { return false; }
  void set_bitrate(std::uint32_t) override {}
  std::string profile_level_id() const override;
  std::string description() const override { return name_ + ", " + reader_.stream().description(); }

 private:
  std::string name_;
  LiveReader reader_;
};

}  // namespace camera

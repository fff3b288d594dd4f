#include <algorithm>
#include <array>

#include "camera/video_encoder.hpp"

namespace camera {
namespace {

struct Level {
  int level;
  double macroblocks_per_second;
  int macroblocks;
  std::uint32_t bits_per_second;
};

// H.264 table A-1: MaxMBPS, MaxFS and 1000 × MaxBR. Levels below 3.0 gain nothing here.
constexpr std::array<Level, 7> levels{{{30, 40'500, 1'620, 10'000'000},
                                       {31, 108'000, 3'600, 14'000'000},
                                       {32, 216'000, 5'120, 20'000'000},
                                       {40, 245'760, 8'192, 20'000'000},
                                       {42, 522'240, 8'704, 50'000'000},
                                       {51, 983'040, 36'864, 240'000'000},
                                       {52, 2'073'600, 36'864, 240'000'000}}};

}  // namespace

int level_for(const EncoderSettings& settings) {
  const int macroblocks = ((settings.width + 15) / 16) * ((settings.height + 15) / 16);
  const auto fits = [&](const Level& level) {
    return macroblocks <= level.macroblocks &&
           macroblocks * settings.frames_per_second <= level.macroblocks_per_second &&
           settings.bits_per_second <= level.bits_per_second;
  };
  const auto found = std::ranges::find_if(levels, fits);
  return found == levels.end() ? levels.back().level : found->level;
}

}  // namespace camera

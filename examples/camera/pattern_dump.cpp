// Writes one picture of the test pattern for looking at it, as PPM:
//
//   petrel-pattern-dump FRAME [WIDTH HEIGHT] > picture.ppm

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "camera/test_pattern.hpp"

namespace {

char sample(double value) {
  return static_cast<char>(static_cast<std::uint8_t>(std::clamp(value, 0.0, 255.0)));
}

// The inverse of camera::bt709().
std::string rgb(camera::Colour colour) {
  const double luma = (colour.y - 16) / 219.0;
  const double red = luma + 1.5748 * (colour.v - 128) / 224.0;
  const double blue = luma + 1.8556 * (colour.u - 128) / 224.0;
  const double green = (luma - 0.2126 * red - 0.0722 * blue) / 0.7152;
  return {sample(red * 255 + 0.5), sample(green * 255 + 0.5), sample(blue * 255 + 0.5)};
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int index, int otherwise) {
    return index < argc ? std::atoi(argv[index]) : otherwise;
  };
  const int width = argument(2, 1280);
  const int height = argument(3, 720);
  camera::TestPattern pattern(width, height);
  const auto time = std::chrono::hours(12) + std::chrono::minutes(34) + std::chrono::milliseconds(56'789);
  const camera::Picture& picture = pattern.draw(static_cast<std::uint32_t>(argument(1, 12345)), time);

  std::string out = "P6 " + std::to_string(width) + " " + std::to_string(height) + " 255\n";
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) out += rgb(picture.at(x, y));
  }
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}

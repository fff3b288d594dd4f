#include "camera/jpeg_decoder.hpp"

#include <turbojpeg.h>

#include <algorithm>
#include <array>
#include <cstddef>

namespace camera {
namespace {

std::span<std::uint8_t> row_of(std::span<std::uint8_t> plane, int row, int width) {
  return plane.subspan(static_cast<std::size_t>(row) * static_cast<std::size_t>(width),
                       static_cast<std::size_t>(width));
}

// Chroma at `across` times `down` of what I420 has, averaged.
void shrink(std::span<const std::uint8_t> from, int stride, int across, int down, std::span<std::uint8_t> to,
            int width, int height) {
  const int count = across * down;
  for (int row = 0; row < height; ++row) {
    const auto out = row_of(to, row, width);
    for (int column = 0; column < width; ++column) {
      int sum = count / 2;
      for (int y = 0; y < down; ++y) {
        for (int x = 0; x < across; ++x) {
          sum += from[static_cast<std::size_t>((row * down + y) * stride + column * across + x)];
        }
      }
      out[static_cast<std::size_t>(column)] = static_cast<std::uint8_t>(sum / count);
    }
  }
}

}  // namespace

bool can_decode_jpeg() { return true; }

struct JpegDecoder::Library {
  tjhandle handle = tjInitDecompress();
  std::array<std::vector<std::uint8_t>, 3> planes;
  std::array<int, 3> strides{};

  ~Library() {
    if (handle != nullptr) tjDestroy(handle);
  }
  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  std::array<unsigned char*, 3> prepare(int width, int height, int subsampling) {
    std::array<unsigned char*, 3> pointers{};
    const int count = subsampling == TJSAMP_GRAY ? 1 : 3;
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      strides[at] = tjPlaneWidth(i, width, subsampling);
      const int rows = tjPlaneHeight(i, height, subsampling);
      planes[at].resize(static_cast<std::size_t>(strides[at]) * static_cast<std::size_t>(rows));
      pointers[at] = planes[at].data();
    }
    return pointers;
  }
};

JpegDecoder::JpegDecoder() : library_(std::make_unique<Library>()) {}
JpegDecoder::~JpegDecoder() = default;

bool JpegDecoder::decode(std::span<const std::uint8_t> jpeg, Picture& into) {
  if (decode_with_library(jpeg, into)) return true;
  // After an error inside of a header the library takes the next picture for its continuation.
  library_ = std::make_unique<Library>();
  return false;
}

bool JpegDecoder::decode_with_library(std::span<const std::uint8_t> jpeg, Picture& into) {
  int width = 0;
  int height = 0;
  int subsampling = 0;
  int colours = 0;
  const auto size = static_cast<unsigned long>(jpeg.size());
  if (tjDecompressHeader3(library_->handle, jpeg.data(), size, &width, &height, &subsampling, &colours) !=
      0) {
    return false;
  }
  const bool known = subsampling == TJSAMP_420 || subsampling == TJSAMP_422 || subsampling == TJSAMP_444 ||
                     subsampling == TJSAMP_440 || subsampling == TJSAMP_GRAY;
  if (!known || width != into.width() || height != into.height()) return false;

  auto pointers = library_->prepare(width, height, subsampling);
  if (tjDecompressToYUVPlanes(library_->handle, jpeg.data(), size, pointers.data(), width,
                              library_->strides.data(), height, TJFLAG_STOPONWARNING) != 0) {
    return false;
  }
  shrink(library_->planes[0], library_->strides[0], 1, 1, into.y(), width, height);
  if (subsampling == TJSAMP_GRAY) {
    std::ranges::fill(into.u(), std::uint8_t{128});
    std::ranges::fill(into.v(), std::uint8_t{128});
    return true;
  }
  const int across = subsampling == TJSAMP_444 || subsampling == TJSAMP_440 ? 2 : 1;
  const int down = subsampling == TJSAMP_444 || subsampling == TJSAMP_422 ? 2 : 1;
  shrink(library_->planes[1], library_->strides[1], across, down, into.u(), width / 2, height / 2);
  shrink(library_->planes[2], library_->strides[2], across, down, into.v(), width / 2, height / 2);
  return true;
}

}  // namespace camera

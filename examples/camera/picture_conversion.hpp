#pragma once

#include "camera/picture.hpp"
#include "camera/picture_view.hpp"

namespace camera {

/// The picture's samples as I420, for encoders that take nothing else. `into` has the picture's size. The
/// chroma of yuyv, which has twice the rows, is averaged over two.
void convert_to_i420(const PictureView& picture, Picture& into);

}  // namespace camera

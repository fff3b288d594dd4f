#pragma once

#include <string_view>

#include "camera/picture.hpp"

namespace camera {

constexpr int glyph_rows = 7;
constexpr int glyph_columns = 5;
constexpr int glyph_advance = 6;  // One column of air between two glyphs.

/// Draws a line of text, its upper left corner at (x, y), each dot of the font `scale` pixels wide.
///
/// Has digits, ':' and '.', and the letters of "petrel"; anything else is a space.
void draw_text(Picture& picture, std::string_view text, int x, int y, int scale, Colour colour);

}  // namespace camera

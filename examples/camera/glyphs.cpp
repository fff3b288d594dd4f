#include "camera/glyphs.hpp"

#include <array>

namespace camera {
namespace {

struct Glyph {
  char letter;
  std::array<std::string_view, glyph_rows> rows;
};

constexpr std::array<Glyph, 17> glyphs{{
    {'0', {" ### ", "#   #", "#  ##", "# # #", "##  #", "#   #", " ### "}},
    {'1', {"  #  ", " ##  ", "# #  ", "  #  ", "  #  ", "  #  ", "#####"}},
    {'2', {" ### ", "#   #", "    #", "  ## ", " #   ", "#    ", "#####"}},
    {'3', {"#### ", "    #", "    #", " ### ", "    #", "    #", "#### "}},
    {'4', {"   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "}},
    {'5', {"#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "}},
    {'6', {" ### ", "#    ", "#    ", "#### ", "#   #", "#   #", " ### "}},
    {'7', {"#####", "    #", "   # ", "   # ", "  #  ", "  #  ", "  #  "}},
    {'8', {" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "}},
    {'9', {" ### ", "#   #", "#   #", " ####", "    #", "    #", " ### "}},
    {':', {"     ", "  #  ", "  #  ", "     ", "  #  ", "  #  ", "     "}},
    {'.', {"     ", "     ", "     ", "     ", "     ", " ##  ", " ##  "}},
    {'p', {"     ", "     ", "#### ", "#   #", "#### ", "#    ", "#    "}},
    {'e', {"     ", "     ", " ### ", "#   #", "#####", "#    ", " ### "}},
    {'t', {" #   ", " #   ", "#### ", " #   ", " #   ", " #   ", "  ## "}},
    {'r', {"     ", "     ", "# ## ", "##   ", "#    ", "#    ", "#    "}},
    {'l', {" ##  ", "  #  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "}},
}};

void draw_glyph(Picture& picture, const Glyph& glyph, int x, int y, int scale, Colour colour) {
  for (int row = 0; row < glyph_rows; ++row) {
    for (int column = 0; column < glyph_columns; ++column) {
      if (glyph.rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)] != '#') continue;
      picture.fill({x + column * scale, y + row * scale, scale, scale}, colour);
    }
  }
}

}  // namespace

void draw_text(Picture& picture, std::string_view text, int x, int y, int scale, Colour colour) {
  for (const char letter : text) {
    for (const Glyph& glyph : glyphs) {
      if (glyph.letter == letter) draw_glyph(picture, glyph, x, y, scale, colour);
    }
    x += glyph_advance * scale;
  }
}

}  // namespace camera

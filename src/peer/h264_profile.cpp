#include "peer/h264_profile.hpp"

#include <array>
#include <charconv>

namespace petrel::inline v0 {
namespace {

// RFC 6184 8.1, table 5: profile_idc, and the bits of profile-iop that decide.
struct Row {
  std::uint8_t profile_idc;
  std::uint8_t mask;  // Bits that must be as in `bits`; the others are "x" in the table.
  std::uint8_t bits;
  H264Profile profile;
};

constexpr std::array rows{
    Row{0x42, 0x4f, 0x40, H264Profile::constrained_baseline},  // x1xx0000
    Row{0x4d, 0x8f, 0x80, H264Profile::constrained_baseline},  // 1xxx0000
    Row{0x58, 0xcf, 0xc0, H264Profile::constrained_baseline},  // 11xx0000
    Row{0x42, 0x4f, 0x00, H264Profile::baseline},              // x0xx0000
    Row{0x58, 0xcf, 0x80, H264Profile::baseline},              // 10xx0000
    Row{0x4d, 0xaf, 0x00, H264Profile::main},                  // 0x0x0000
    Row{0x58, 0xcf, 0x00, H264Profile::extended},              // 00xx0000
    Row{0x64, 0xff, 0x00, H264Profile::high},
    // Not in the table, but in H.264 A.2.4.2 and in what browsers and encoders write.
    Row{0x64, 0xff, 0x0c, H264Profile::constrained_high},
    Row{0x6e, 0xff, 0x00, H264Profile::high_10},
    Row{0x7a, 0xff, 0x00, H264Profile::high_422},
    Row{0xf4, 0xff, 0x00, H264Profile::high_444},
    Row{0x6e, 0xff, 0x10, H264Profile::high_10_intra},
    Row{0x7a, 0xff, 0x10, H264Profile::high_422_intra},
    Row{0xf4, 0xff, 0x10, H264Profile::high_444_intra},
    Row{0x2c, 0xff, 0x10, H264Profile::cavlc_444_intra},
};

constexpr std::uint8_t constraint_set3 = 0x10;
constexpr std::uint8_t level_1_1 = 11;
constexpr std::uint8_t level_1b_idc = 9;

// Baseline, main and extended write level 1b as 1.1 with constraint_set3; the others as 9.
bool writes_1b_as_a_flag(std::uint8_t profile_idc) {
  return profile_idc == 0x42 || profile_idc == 0x4d || profile_idc == 0x58;
}

std::optional<std::uint32_t> hex(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Levels in order: 1, 1b, 1.1, …
unsigned order(const H264ProfileLevel& level) { return level.is_level_1b ? 21U : level.level_idc * 2U; }

}  // namespace

std::optional<H264ProfileLevel> parse_profile_level_id(std::string_view text) {
  const auto value = hex(text);
  if (text.size() != 6 || !value) return std::nullopt;
  const auto profile_idc = static_cast<std::uint8_t>(*value >> 16);
  const auto profile_iop = static_cast<std::uint8_t>(*value >> 8 & 0xff);
  const auto level_idc = static_cast<std::uint8_t>(*value & 0xff);

  for (const Row& row : rows) {
    if (row.profile_idc != profile_idc || (profile_iop & row.mask) != row.bits) continue;
    const bool flagged =
        writes_1b_as_a_flag(profile_idc) && level_idc == level_1_1 && (profile_iop & constraint_set3) != 0;
    const bool is_1b = flagged || (!writes_1b_as_a_flag(profile_idc) && level_idc == level_1b_idc);
    return H264ProfileLevel{row.profile, is_1b ? level_1_1 : level_idc, is_1b};
  }
  return std::nullopt;
}

bool has_lower_level(const H264ProfileLevel& a, const H264ProfileLevel& b) { return order(a) < order(b); }

std::string with_level(std::string_view profile_level_id, const H264ProfileLevel& level) {
  std::uint32_t value = hex(profile_level_id).value_or(0);
  std::uint32_t level_idc = level.level_idc;
  if (writes_1b_as_a_flag(static_cast<std::uint8_t>(value >> 16))) {
    value &= ~(std::uint32_t{constraint_set3} << 8);
    if (level.is_level_1b) value |= std::uint32_t{constraint_set3} << 8;
  } else if (level.is_level_1b) {
    level_idc = level_1b_idc;
  }
  value = (value & 0xffff00U) | level_idc;

  std::string text(6, '0');
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = "0123456789abcdef"[value >> (4 * (5 - i)) & 0xf];
  }
  return text;
}

std::string_view to_string(H264Profile profile) {
  switch (profile) {
    case H264Profile::constrained_baseline:
      return "constrained baseline";
    case H264Profile::baseline:
      return "baseline";
    case H264Profile::main:
      return "main";
    case H264Profile::extended:
      return "extended";
    case H264Profile::high:
      return "high";
    case H264Profile::constrained_high:
      return "constrained high";
    case H264Profile::high_10:
      return "high 10";
    case H264Profile::high_422:
      return "high 4:2:2";
    case H264Profile::high_444:
      return "high 4:4:4";
    case H264Profile::high_10_intra:
      return "high 10 intra";
    case H264Profile::high_422_intra:
      return "high 4:2:2 intra";
    case H264Profile::high_444_intra:
      return "high 4:4:4 intra";
    case H264Profile::cavlc_444_intra:
      return "CAVLC 4:4:4 intra";
  }
  return "unknown";
}

}  // namespace petrel::inline v0

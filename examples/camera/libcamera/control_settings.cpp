#include "camera/libcamera/control_settings.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "shared/number_text.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

[[noreturn]] void refuse(const std::string& text, const std::string& what) {
  throw shared::UserError("--camera-control " + text + ": " + what + ".");
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string names_of(std::span<const CameraControl> controls) {
  std::vector<std::string> names;
  for (const CameraControl& control : controls) {
    if (control.kind != ControlKind::other) names.push_back(control.name);
  }
  std::ranges::sort(names);
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all.empty() ? "it has none that can be set" : "it has " + all;
}

const CameraControl& find(const std::string& text, std::string_view name,
                          std::span<const CameraControl> controls) {
  const auto found = std::ranges::find(controls, name, &CameraControl::name);
  if (found == controls.end()) refuse(text, "this camera has no such control; " + names_of(controls));
  if (found->kind == ControlKind::other)
    refuse(text, "it takes more than one number, which cannot be given here");
  return *found;
}

std::variant<bool, std::int64_t, double> read_value(const std::string& text, std::string_view value,
                                                    const CameraControl& control) {
  if (control.kind == ControlKind::boolean) {
    if (value == "true" || value == "1" || value == "on") return true;
    if (value == "false" || value == "0" || value == "off") return false;
    refuse(text, "write on or off");
  }
  const auto in_range = [&](double each) { return each >= control.least && each <= control.most; };
  if (control.kind == ControlKind::integer) {
    for (const auto& [name, meaning] : control.names) {
      if (name == value) return meaning;
    }
    const auto whole = number<std::int64_t>(value);
    if (whole && in_range(static_cast<double>(*whole))) return *whole;
  } else {
    const auto real = number<double>(value);
    if (real && std::isfinite(*real) && in_range(*real)) return *real;
  }
  refuse(text, "it takes " + describe(control));
}

}  // namespace

std::string describe(const CameraControl& control) {
  switch (control.kind) {
    case ControlKind::boolean:
      return control.name + " (on, off)";
    case ControlKind::other:
      return control.name + " (cannot be set here)";
    default:
      break;
  }
  std::string text =
      control.name + " (" + shared::short_number(control.least) + " to " + shared::short_number(control.most);
  const char* separator = ": ";
  for (const auto& [name, value] : control.names) {
    text += separator + name;
    separator = ", ";
  }
  return text + ")";
}

std::vector<ControlSetting> read_settings(std::span<const std::string> texts,
                                          std::span<const CameraControl> controls) {
  std::vector<ControlSetting> settings;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == text.npos) refuse(text, "write NAME=VALUE, such as AfMode=2");
    const std::string_view all = text;
    const CameraControl& control = find(text, all.substr(0, equals), controls);
    settings.push_back({control.id, read_value(text, all.substr(equals + 1), control)});
  }
  return settings;
}

}  // namespace camera

#include "send/description_line.hpp"

#include <nlohmann/json.hpp>

#include "petrel/base/base64.hpp"

namespace transfer {

using nlohmann::json;

std::string to_line(const petrel::SessionDescription& description) {
  const std::string type(petrel::to_string(description.type));
  return petrel::base64_encode(petrel::as_bytes(json{{"type", type}, {"sdp", description.sdp}}.dump()));
}

std::optional<petrel::SessionDescription> from_line(std::string_view line) {
  if (line.size() > max_line_bytes) return std::nullopt;
  std::string text(line);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  const auto decoded = petrel::base64_decode(text);
  if (!decoded) return std::nullopt;
  const json object = json::parse(*decoded, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("type") || !object.contains("sdp")) return std::nullopt;
  if (!object["sdp"].is_string()) return std::nullopt;
  if (object["type"] != "offer" && object["type"] != "answer") return std::nullopt;
  const auto type = object["type"] == "offer" ? petrel::SdpType::offer : petrel::SdpType::answer;
  return petrel::SessionDescription{type, object["sdp"].get<std::string>()};
}

}  // namespace transfer

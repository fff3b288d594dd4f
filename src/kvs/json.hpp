#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

// What this module needs of nlohmann-json: no exceptions, and nothing that a stranger sends is trusted to
// have the type it should have.
namespace petrel::inline v0::kvs {

using Json = nlohmann::json;

/// A JSON object, or nullopt.
inline std::optional<Json> parse_object(std::string_view text) {
  Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

/// A member of `object` that may be anything, or nullptr.
inline const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

/// A member that is a string; empty for anything else.
inline std::string text_of(const Json& object, const char* name) {
  const Json* value = member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// Of bytes that are no UTF-8, U+FFFD is written.
inline std::string written(const Json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace petrel::inline v0::kvs

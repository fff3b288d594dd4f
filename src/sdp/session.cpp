#include "petrel/sdp/session.hpp"

#include <algorithm>

namespace petrel::inline v0::sdp {

const Attribute* find(const Attributes& attributes, std::string_view name) {
  const auto it = std::ranges::find(attributes, name, &Attribute::name);
  return it == attributes.end() ? nullptr : &*it;
}

std::string_view value_of(const Attributes& attributes, std::string_view name) {
  const Attribute* attribute = find(attributes, name);
  if (attribute == nullptr || !attribute->value) return {};
  return *attribute->value;
}

}  // namespace petrel::inline v0::sdp

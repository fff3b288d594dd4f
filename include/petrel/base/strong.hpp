#pragma once

#include <compare>
#include <cstddef>
#include <functional>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0 {

/// An integer that cannot be mistaken for another kind of integer.
///
///   using Ssrc = Strong<std::uint32_t, struct SsrcTag>;
template <class Integer, class Tag>
struct Strong {
  using value_type = Integer;
  Integer value{};

  friend constexpr auto operator<=>(Strong, Strong) = default;
};

}  // namespace petrel::inline v0

template <class Integer, class Tag>
struct std::hash<petrel::Strong<Integer, Tag>> {
  std::size_t operator()(petrel::Strong<Integer, Tag> strong) const noexcept {
    return std::hash<Integer>{}(strong.value);
  }
};

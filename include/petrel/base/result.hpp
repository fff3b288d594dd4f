#pragma once

#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "petrel/base/assert.hpp"

namespace petrel::inline v0 {

/// A value, or the reason there is none; true when there is a value.
///
/// A subset of std::expected<T, std::error_code> (value() throws system_error),
/// to become an alias of it when C++23 is the floor. Add nothing it lacks.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(std::error_code error) : state_(std::in_place_index<1>, error) { PETREL_ASSERT(error); }
  template <class Errc>
    requires std::is_error_code_enum_v<Errc>
  Result(Errc error) : Result(make_error_code(error)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  bool has_value() const noexcept { return state_.index() == 0; }
  std::error_code error() const {
    PETREL_ASSERT(!*this);
    return *std::get_if<1>(&state_);
  }

  T& operator*() & {
    PETREL_ASSERT(*this);
    return *std::get_if<0>(&state_);
  }
  const T& operator*() const& {
    PETREL_ASSERT(*this);
    return *std::get_if<0>(&state_);
  }
  T&& operator*() && {
    PETREL_ASSERT(*this);
    return std::move(*std::get_if<0>(&state_));
  }
  T* operator->() { return &**this; }
  const T* operator->() const { return &**this; }

  T value() && {
    if (!*this) throw std::system_error(error());
    return *std::move(*this);
  }
  const T& value() const& {
    if (!*this) throw std::system_error(error());
    return **this;
  }

 private:
  std::variant<T, std::error_code> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(std::error_code error) : error_(error) { PETREL_ASSERT(error); }
  template <class Errc>
    requires std::is_error_code_enum_v<Errc>
  Result(Errc error) : Result(make_error_code(error)) {}

  explicit operator bool() const noexcept { return !error_; }
  bool has_value() const noexcept { return !error_; }
  std::error_code error() const {
    PETREL_ASSERT(error_);
    return error_;
  }
  void value() const {
    if (error_) throw std::system_error(error_);
  }

 private:
  std::error_code error_;
};

}  // namespace petrel::inline v0

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "petrel/base/abi.hpp"
#include "petrel/crypto/secret.hpp"

namespace petrel::inline v0::crypto {

/// Text that must not get into a log: a secret key, a token, a password.
///
/// It has no conversion to text but reveal(), and no formatter. Its memory is overwritten when it is
/// destroyed or replaced.
class SecretText {
 public:
  SecretText() = default;
  // Not explicit, so that credentials are written as plain as any other configuration.
  SecretText(std::string text) : text_(std::move(text)) {}
  SecretText(std::string_view text) : text_(text) {}
  SecretText(const char* text) : text_(text) {}
  SecretText(const SecretText&) = default;
  SecretText& operator=(const SecretText& other) {
    if (this != &other) {
      wipe();
      text_ = other.text_;
    }
    return *this;
  }
  // A short text lives in the object itself and stays there when it is moved from: so it is copied and wiped.
  SecretText(SecretText&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  SecretText& operator=(SecretText&& other) noexcept {
    if (this != &other) {
      wipe();
      text_ = std::move(other.text_);
      other.wipe();
    }
    return *this;
  }
  ~SecretText() { wipe(); }

  std::string_view reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  friend bool operator==(const SecretText&, const SecretText&) = default;

 private:
  void wipe() {
    text_.resize(text_.capacity());  // No allocation; what was there before is within.
    cleanse(std::as_writable_bytes(std::span(text_.data(), text_.size())));
    text_.clear();
  }

  std::string text_;
};

}  // namespace petrel::inline v0::crypto

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::http {

/// Collects the bytes of one line, up to its CRLF.
///
/// RFC 9112 2.2 lets a recipient take a bare LF as a line end, and forbids to let a bare CR pass. This takes
/// neither: of two parsers that read one of them differently, one could be made to see other messages than
/// the other.
class LineReader {
 public:
  enum class Outcome : std::uint8_t { more, complete, bare_lf, bare_cr, nul };

  /// After `complete`, text() is the line, until clear().
  Outcome add(char byte) {
    const bool after_cr = !text_.empty() && text_.back() == '\r';
    if (byte == '\n' && !after_cr) return Outcome::bare_lf;
    if (byte != '\n' && after_cr) return Outcome::bare_cr;
    if (byte == '\0') return Outcome::nul;
    if (byte == '\n') {
      text_.pop_back();
      return Outcome::complete;
    }
    text_ += byte;
    return Outcome::more;
  }

  const std::string& text() const { return text_; }
  /// How long the line is so far, without a CR that may end it.
  std::size_t size() const { return text_.size() - (text_.ends_with('\r') ? 1 : 0); }
  bool empty() const { return text_.empty(); }
  void clear() { text_.clear(); }

  /// What to say about an outcome that is neither `more` nor `complete`. A literal.
  static std::string_view complaint(Outcome outcome) {
    switch (outcome) {
      case Outcome::bare_lf:
        return "a line ends with LF instead of CRLF";
      case Outcome::bare_cr:
        return "a CR stands alone";
      case Outcome::nul:
        return "a NUL byte in the header section";
      case Outcome::more:
      case Outcome::complete:
        break;
    }
    return {};
  }

 private:
  std::string text_;
};

}  // namespace petrel::inline v0::http

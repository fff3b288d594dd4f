#include "petrel/http/errc.hpp"

#include <string>

namespace petrel::inline v0::http {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.http"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::line_too_long:
        return "a line of the fragment is longer than 1024 bytes";
      case Errc::malformed_line:
        return "a line of the fragment is not of the form type=value";
      case Errc::unexpected_line:
        return "a fragment has only a= and m= lines";
      case Errc::empty_value:
        return "an attribute of the fragment has no value";
      case Errc::too_many_candidates:
        return "the fragment has more than 64 candidates";
      case Errc::too_many_sections:
        return "the fragment has more than 64 m-lines";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::http

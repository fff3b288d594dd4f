#include "petrel/base/errc.hpp"

#include <string>

namespace petrel::inline v0 {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::too_long:
        return "more bytes than the limit allows";
      case Errc::closed:
        return "the peer is closed";
      case Errc::wrong_state:
        return "the call is not legal in this state";
      case Errc::invalid_argument:
        return "an argument is out of range";
      case Errc::limit_reached:
        return "a limit of the library is reached";
      case Errc::busy:
        return "the same operation is already under way";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0

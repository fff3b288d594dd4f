#include "petrel/ice/errc.hpp"

#include <string>

namespace petrel::inline v0::ice {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.ice"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::malformed_candidate:
        return "not a candidate attribute";
      case Errc::unsupported_transport:
        return "the candidate's transport is neither UDP nor TCP";
      case Errc::unsupported_type:
        return "the candidate's type is unknown";
      case Errc::bad_credentials:
        return "the user fragment or the password is not as RFC 8839 wants it";
      case Errc::unknown_stream:
        return "there is no such stream";
      case Errc::credentials_missing:
        return "a remote candidate came before the remote credentials";
      case Errc::credentials_changed:
        return "the stream has other remote credentials already";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::ice

#include "petrel/http/errc.hpp"

#include <string>

namespace petrel::inline v0::http {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.http"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::malformed_url:
        return "the URL is not of the form scheme://host[:port][/path][?query]";
      case Errc::unsupported_scheme:
        return "the URL is neither http, https, ws nor wss";
      case Errc::malformed_response:
        return "the server does not answer in HTTP/1.1";
      case Errc::response_too_large:
        return "the answer of the server is too large";
      case Errc::response_cut_short:
        return "the server closed the connection within its answer";
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

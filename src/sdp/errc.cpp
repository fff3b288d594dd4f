#include "petrel/sdp/errc.hpp"

#include <string>

namespace petrel::inline v0::sdp {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.sdp"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::too_long:
        return "the session description is longer than 256 KiB";
      case Errc::too_many_lines:
        return "the session description has more than 8000 lines";
      case Errc::too_many_media_sections:
        return "the session description has more than 128 m-lines";
      case Errc::malformed_line:
        return "a line is not of the form x=value";
      case Errc::unsupported_version:
        return "the session description does not start with v=0";
      case Errc::missing_line:
        return "a line that must be there is missing";
      case Errc::duplicate_line:
        return "a line that may come once came twice";
      case Errc::malformed_origin:
        return "malformed o= line";
      case Errc::malformed_connection:
        return "malformed c= line";
      case Errc::malformed_bandwidth:
        return "malformed b= line";
      case Errc::malformed_timing:
        return "malformed t= line";
      case Errc::malformed_media:
        return "malformed m= line";
      case Errc::malformed_attribute:
        return "malformed attribute";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::sdp

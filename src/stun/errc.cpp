#include "petrel/stun/errc.hpp"

#include <string>

namespace petrel::inline v0::stun {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.stun"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::truncated:
        return "the STUN message is cut short";
      case Errc::not_stun:
        return "not a STUN message";
      case Errc::bad_length:
        return "the STUN length field is wrong";
      case Errc::bad_attribute:
        return "a STUN attribute exceeds its message";
      case Errc::attribute_too_long:
        return "the value is too long for its STUN attribute";
      case Errc::message_too_long:
        return "the STUN message does not fit one packet";
      case Errc::bad_value:
        return "the value is not allowed in its STUN attribute";
      case Errc::timed_out:
        return "the STUN server does not answer";
      case Errc::refused:
        return "the STUN server answered with an error";
      case Errc::redirect_refused:
        return "the STUN server named an unusable alternate";
      case Errc::unknown_attribute:
        return "a required STUN attribute is not understood";
      case Errc::no_mapped_address:
        return "the STUN server told no address";
      case Errc::no_other_address:
        return "the STUN server has no second address to discover a NAT's behaviour with";
      case Errc::other_silent:
        return "the STUN server's second address does not answer";
      case Errc::change_refused:
        return "the STUN server does not answer from or to another port when asked to";
    }
    return "unknown STUN error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::stun

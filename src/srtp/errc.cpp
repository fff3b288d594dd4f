#include "petrel/srtp/errc.hpp"

#include <string>

namespace petrel::inline v0::srtp {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.srtp"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::malformed:
        return "not a whole RTP or RTCP packet";
      case Errc::authentication_failed:
        return "the packet is not authentic";
      case Errc::replayed:
        return "the packet was received before";
      case Errc::too_old:
        return "the packet is behind the replay window";
      case Errc::already_protected:
        return "a packet with this SSRC and index was protected before";
      case Errc::key_expired:
        return "the keys have protected as many packets as they may";
      case Errc::too_many_sources:
        return "too many SSRCs";
      case Errc::bad_key:
        return "the key or salt has the wrong size for the profile";
      case Errc::library_failure:
        return "libsrtp2 failed";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::srtp

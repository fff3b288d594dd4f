#include "petrel/turn_server/errc.hpp"

#include <string>

namespace petrel::inline v0::turn_server {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.turn_server"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::no_listener:
        return "the server needs an address to listen at, and at most 32";
      case Errc::no_identity:
        return "a TLS or DTLS listener needs a certificate";
      case Errc::bad_realm:
        return "the realm has to have 1 to 127 bytes";
      case Errc::no_credentials:
        return "a relay needs users or a secret: without them it would be open to everybody";
      case Errc::bad_user:
        return "a user needs a name and a password of sensible length";
      case Errc::bad_secret:
        return "the secret is too short";
      case Errc::no_relay_address:
        return "no address to relay from is known";
      case Errc::bad_relay_address:
        return "a relay address cannot be bound, or there are two of one family";
      case Errc::bad_port_range:
        return "the relay's ports are no range from 1024 to 65535";
      case Errc::bad_lifetime:
        return "a lifetime is not positive, or the default is above the maximum";
      case Errc::bad_limit:
        return "a limit is 0, or too high";
      case Errc::bad_alternate:
        return "the alternate needs another address and port than the first UDP listener, and both a real "
               "address";
    }
    return "unknown TURN server error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::turn_server

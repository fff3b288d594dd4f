#include "petrel/turn/errc.hpp"

#include <string>

namespace petrel::inline v0::turn {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.turn"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::bad_uri_scheme:
        return "the URI begins with neither turn: nor turns:";
      case Errc::bad_uri_host:
        return "the TURN URI names no host";
      case Errc::bad_uri_port:
        return "the port of the TURN URI is no number from 1 to 65535";
      case Errc::bad_uri_query:
        return "only ?transport= may follow the host of a TURN URI";
      case Errc::unsupported_uri_transport:
        return "the transport of a TURN URI is udp or tcp";
      case Errc::truncated:
        return "the ChannelData message is cut short";
      case Errc::bad_channel:
        return "the channel number is not one of TURN's";
      case Errc::bad_length:
        return "bytes follow the ChannelData message";
      case Errc::bad_framing:
        return "the stream carries neither STUN nor ChannelData";
      case Errc::timed_out:
        return "the TURN server does not answer";
      case Errc::wrong_credentials:
        return "the TURN server does not take the username and password";
      case Errc::weak_authentication:
        return "the TURN server's challenge is weaker than it may be";
      case Errc::unauthentic_answer:
        return "the TURN server's answers are not signed with our password";
      case Errc::nonce_loop:
        return "the TURN server calls every nonce stale";
      case Errc::refused:
        return "the TURN server answered with an error";
      case Errc::redirected:
        return "the TURN server named another one to use";
      case Errc::redirect_refused:
        return "the TURN server named an unusable alternate";
      case Errc::quota_reached:
        return "the TURN server's quota for this user is reached";
      case Errc::insufficient_capacity:
        return "the TURN server has no capacity left";
      case Errc::family_unsupported:
        return "the TURN server relays no addresses of this family";
      case Errc::allocation_mismatch:
        return "the TURN server does not have this allocation, or has another one";
      case Errc::malformed_answer:
        return "the TURN server's answer lacks what it must have";
      case Errc::connection_closed:
        return "the connection to the TURN server ended";
      case Errc::transport_unsupported:
        return "the TURN server does not relay TCP";
      case Errc::connection_exists:
        return "the TURN server has a connection with this peer already";
      case Errc::connection_failed:
        return "the TURN server could not connect to the peer";
      case Errc::permission_refused:
        return "the TURN server does not relay to this peer";
      case Errc::family_mismatch:
        return "there is no relayed address of the peer's family";
      case Errc::congested:
        return "the connection to the TURN server is full";
      case Errc::bad_proxy_url:
        return "an HTTP proxy is written http://[USERNAME[:PASSWORD]@]HOST[:PORT]";
      case Errc::proxy_unauthenticated:
        return "the HTTP proxy does not take the username and password, or wants some";
      case Errc::proxy_refused:
        return "the HTTP proxy does not connect to the TURN server";
      case Errc::proxy_failed:
        return "the HTTP proxy does not reach the TURN server";
      case Errc::bad_proxy_answer:
        return "what answers at the HTTP proxy's address is no HTTP proxy";
    }
    return "unknown TURN error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::turn

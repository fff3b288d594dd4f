#include "petrel/peer/peer_errc.hpp"

#include <string>

namespace petrel::inline v0 {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.peer"; }
  std::string message(int value) const override {
    switch (static_cast<PeerErrc>(value)) {
      case PeerErrc::bad_ice_server:
        return "not an ICE server URL: write stun:host, turn:host or turns:host, with :port if it is another";
      case PeerErrc::unsupported_ice_server:
        return "a STUN server over TCP or TLS tells no address that UDP could use: write stun:HOST, without "
               "stuns: and ?transport=tcp";
      case PeerErrc::no_remote_description:
        return "there is no remote description that the candidate could belong to";
      case PeerErrc::not_connected:
        return "not connected yet";
      case PeerErrc::unknown_transceiver:
        return "there is no such transceiver, or it is stopped";
      case PeerErrc::ice_failed:
        return "no candidate pair worked";
      case PeerErrc::consent_expired:
        return "the peer has stopped answering";
      case PeerErrc::peer_closed:
        return "the peer closed the connection";
      case PeerErrc::ice_server_without_credentials:
        return "a TURN server needs a username and a credential";
      case PeerErrc::unexpected_ice_restart:
        return "the peer's answer has new ICE credentials, although our offer did not restart ICE";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(PeerErrc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0

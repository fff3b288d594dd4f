#include "petrel/peer/errc.hpp"

#include <string>

namespace petrel::inline v0::jsep {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.jsep"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::wrong_signaling_state:
        return "the description is not legal in this signaling state";
      case Errc::modified_description:
        return "the local description is not what was created";
      case Errc::nothing_created:
        return "no description was created that could be set";
      case Errc::malformed_description:
        return "the description is not one of a peer connection";
      case Errc::answer_does_not_match_offer:
        return "the answer does not match the offer";
      case Errc::offer_does_not_match_session:
        return "the offer does not continue the session";
      case Errc::missing_ice_credentials:
        return "the description has no ICE credentials";
      case Errc::missing_fingerprint:
        return "the description has no certificate fingerprint";
      case Errc::invalid_setup:
        return "the description has an a=setup that is not legal here";
      case Errc::rtcp_mux_required:
        return "RTCP on a port of its own is not supported";
      case Errc::unsupported_protocol:
        return "the m-line's transport protocol is not supported";
      case Errc::unsupported_media:
        return "the m-line's kind of media is not supported";
      case Errc::not_bundled:
        return "the m-line is not bundled with the first accepted one";
      case Errc::no_common_codec:
        return "no codec is supported by both sides";
      case Errc::rejected_by_peer:
        return "the peer rejected the m-line";
      case Errc::stopped:
        return "the transceiver of the m-line is stopped";
      case Errc::unknown_media_line:
        return "no m-line has this mid or index";
      case Errc::unknown_transceiver:
        return "there is no such transceiver, or it is stopped";
      case Errc::too_many_transceivers:
        return "too many transceivers";
      case Errc::no_payload_type_left:
        return "all dynamic payload types are taken";
      case Errc::stale_candidate:
        return "the candidate belongs to ICE credentials that are not in force";
      case Errc::second_data_section:
        return "another m-line carries the data channels already";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::jsep

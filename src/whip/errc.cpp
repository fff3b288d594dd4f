#include "petrel/whip/errc.hpp"

#include <string>

namespace petrel::inline v0::whip {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.whip"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::line_too_long:
        return "a line of the fragment is longer than 1024 bytes";
      case Errc::malformed_line:
        return "a line of the fragment is not of the form type=value";
      case Errc::unexpected_line:
        return "a fragment has only a= and m= lines";
      case Errc::empty_value:
        return "an attribute of the fragment has no value";
      case Errc::too_many_candidates:
        return "the fragment has more than 64 candidates";
      case Errc::too_many_sections:
        return "the fragment has more than 64 m-lines";
      case Errc::malformed_link:
        return "the Link field is not of the form <URL>; name=value";
      case Errc::too_many_links:
        return "the answer has more than 32 links";
      case Errc::bad_request:
        return "the server does not understand the offer";
      case Errc::unauthorized:
        return "the server wants a bearer token, or another one";
      case Errc::forbidden:
        return "the bearer token does not allow it";
      case Errc::no_endpoint:
        return "there is no endpoint at this URL, or nothing to play";
      case Errc::not_an_endpoint:
        return "what is at this URL takes no offers";
      case Errc::not_acceptable:
        return "the server can use nothing of the offer";
      case Errc::conflict:
        return "somebody else publishes there, or nobody does yet";
      case Errc::stale_generation:
        return "the server is at another ICE generation";
      case Errc::wrong_type:
        return "the server takes no application/sdp";
      case Errc::offer_refused:
        return "the server cannot use the offer";
      case Errc::precondition_required:
        return "the server wants an ETag that it has not given";
      case Errc::too_many_requests:
        return "the server is asked too often";
      case Errc::unavailable:
        return "the server is busy";
      case Errc::server_error:
        return "the server has failed";
      case Errc::unexpected_status:
        return "the server's status means nothing here";
      case Errc::bad_answer:
        return "the server's answer cannot be used";
      case Errc::counter_offer:
        return "the server wants to make the offer itself";
      case Errc::bad_session_url:
        return "the server gives no usable URL of the session";
      case Errc::bad_redirect:
        return "the server redirects to nowhere, or in a way that loses the offer";
      case Errc::too_many_redirects:
        return "the server redirects in a circle";
      case Errc::insecure_redirect:
        return "the server redirects from https to http";
      case Errc::session_gone:
        return "the session has ended at the server";
      case Errc::no_restart:
        return "the server restarts no ICE";
      case Errc::not_connected:
        return "no connection came about";
      case Errc::bad_url:
        return "the endpoint's URL is neither http nor https";
      case Errc::bad_token:
        return "the bearer token has characters that it cannot have";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::whip

#include "petrel/web/errc.hpp"

#include <string>

namespace petrel::inline v0::web {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.web"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::name_not_found:
        return "the host name was not found";
      case Errc::connect_failed:
        return "no address of the host takes a connection";
      case Errc::timed_out:
        return "the server did not answer in time";
      case Errc::connection_closed:
        return "the server closed the connection before it had answered";
      case Errc::bad_upgrade:
        return "what answers is no WebSocket server";
      case Errc::protocol_error:
        return "the peer breaks the WebSocket protocol";
      case Errc::too_much_unsent:
        return "the peer takes in no data any more";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::web

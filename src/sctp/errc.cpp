#include "petrel/sctp/errc.hpp"

#include <string>

namespace petrel::inline v0::sctp {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.sctp"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::not_connected:
        return "the SCTP association is not connected";
      case Errc::unknown_stream:
        return "the SCTP association has no such stream";
      case Errc::empty:
        return "SCTP carries no empty message";
      case Errc::aborted:
        return "the SCTP association was aborted";
      case Errc::handshake_timeout:
        return "the peer did not answer the SCTP handshake in time";
      case Errc::unreachable:
        return "the peer did not answer the SCTP shutdown in time";
      case Errc::stalled:
        return "data waited, and the SCTP association made no progress";
      case Errc::library_failure:
        return "usrsctp failed";
      case Errc::reset_refused:
        return "the peer refused to reset the streams";
      case Errc::bad_init:
        return "not an SCTP INIT chunk that an association could begin with";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::sctp

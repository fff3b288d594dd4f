#include "petrel/mdns/errc.hpp"

#include <string>

namespace petrel::inline v0::mdns {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.mdns"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::truncated:
        return "the DNS message ends in the middle of a field";
      case Errc::bad_name:
        return "the DNS message has a name that is none";
      case Errc::not_a_query:
        return "the DNS message is neither a query nor an answer of multicast DNS";
      case Errc::too_many_records:
        return "the DNS message has more questions or addresses than allowed";
      case Errc::not_resolvable:
        return "only <uuid>.local names are resolved";
      case Errc::not_publishable:
        return "the address is none that a name could stand for";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::mdns

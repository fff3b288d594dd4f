// What one ICE connectivity check costs: reading it, checking who sent it, writing it.

#include "measure.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"

namespace {

using namespace petrel::stun;
using petrel::bench::keep;
using petrel::bench::measure;

constexpr std::string_view password = "VOkJxbRl1RmTxUk/WvJxBt";

// The attributes of a check by a controlling agent (RFC 8445 7.1).
void fill(Builder& check) {
  check.username("evtj:h6vY").priority(0x6e0001ff).ice_controlling(0x932ff9b151263b36).use_candidate();
}

}  // namespace

int main() {
  petrel::crypto::HmacSha1Key key(petrel::as_bytes(password));
  const TransactionId id{};
  Builder builder(Class::request, Method::binding, id);
  fill(builder);
  const petrel::PacketBuffer check = builder.finish({.integrity = &key}).value();
  std::printf("an ICE check of %zu bytes\n", check.size());

  measure("tell STUN from the rest", 1'000'000, [&] { keep(looks_like_stun(check.bytes())); });
  measure("parse", 1'000'000, [&] { keep(MessageView::parse(check.bytes())); });
  measure("parse, six getters", 1'000'000, [&] {
    const auto view = MessageView::parse(check.bytes());
    keep(view->username());
    keep(view->priority());
    keep(view->ice_controlled());
    keep(view->ice_controlling());
    keep(view->use_candidate());
    keep(view->xor_mapped_address());
  });
  measure("parse, fingerprint", 1'000'000,
          [&] { keep(MessageView::parse(check.bytes())->fingerprint_ok()); });
  measure("parse, fingerprint, integrity, kept key", 200'000, [&] {
    const auto view = MessageView::parse(check.bytes());
    keep(view->fingerprint_ok() && view->integrity_ok(key));
  });
  measure("parse, integrity, key set up each time", 200'000,
          [&] { keep(MessageView::parse(check.bytes())->integrity_ok(petrel::as_bytes(password))); });
  measure("build, sealed with a kept key", 200'000, [&] {
    Builder again(Class::request, Method::binding, id);
    fill(again);
    keep(again.finish({.integrity = &key}));
  });
  measure("HMAC-SHA1 of 100 bytes, kept key", 200'000, [&] { keep(key.compute(check.bytes().first(80))); });
  measure("HMAC-SHA1 of 100 bytes, one shot", 200'000,
          [&] { keep(petrel::crypto::hmac_sha1(petrel::as_bytes(password), check.bytes().first(80))); });
}

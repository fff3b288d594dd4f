#include "support/seeded_openssl.hpp"

// RAND_set_rand_method is deprecated in favour of providers, which would take some 200
// lines to say the same.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>

#include <optional>
#include <stdexcept>

#include "petrel/base/bytes.hpp"
#ifdef PETREL_WITH_DTLS
#include "petrel/dtls/connection.hpp"
#endif
#include "support/seeded_random.hpp"

namespace petrel::inline v0::testing {
namespace {

std::optional<SeededRandom>& source() {
  static std::optional<SeededRandom> random;
  return random;
}

int fill(unsigned char* out, int size) {
  if (!source() || size < 0) return 0;
  source()->fill(std::as_writable_bytes(std::span(out, static_cast<std::size_t>(size))));
  return 1;
}
int status() { return 1; }

constexpr RAND_METHOD seeded_method{nullptr, fill, nullptr, nullptr, fill, status};

// What all connections share is made with the first one, and draws then: the first run of a program would not
// be like the others.
void make_what_connections_share() {
#ifdef PETREL_WITH_DTLS
  static const auto certificate = dtls::Certificate::generate({});
  static const dtls::Connection connection({}, dtls::Role::client, certificate.value());
#endif
}

}  // namespace

SeededOpenSsl::SeededOpenSsl(std::uint64_t seed) {
  make_what_connections_share();
  if (source()) throw std::logic_error("two SeededOpenSsl at one time");
  source().emplace(seed);
  RAND_set_rand_method(&seeded_method);
}

SeededOpenSsl::~SeededOpenSsl() {
  RAND_set_rand_method(nullptr);
  source().reset();
}

}  // namespace petrel::inline v0::testing

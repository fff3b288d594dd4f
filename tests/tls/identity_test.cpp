#include "petrel/tls/identity.hpp"

#include <gtest/gtest.h>

#include <ctime>

#include "petrel/base/errc.hpp"
#include "tls/authority.hpp"
#include "tls/handshake_bench.hpp"

namespace petrel::inline v0::tls {
namespace {

using testing::Authority;
using testing::TlsBench;
using testing::TlsWorld;
using testing::trusting;
using testing::wall_clock_epoch;

TEST(ServerIdentity, SignsItselfForNamesAndAddresses) {
  const TlsWorld world;
  const auto identity =
      ServerIdentity::self_signed({"turn.example.com", "*.example.org", "192.0.2.1", "2001:db8::1"},
                                  wall_clock_epoch)
          .value();
  for (const char* name :
       {"turn.example.com", "TURN.example.com.", "a.example.org", "192.0.2.1", "2001:db8::1"}) {
    TlsBench bench(trusting(identity, Transport::stream, name), identity);
    EXPECT_TRUE(bench.connects()) << name << ": " << (bench.client.failed ? bench.client.failed->detail : "");
  }
  for (const char* name : {"example.com", "a.b.example.org", "example.org", "192.0.2.2", "2001:db8::2"}) {
    TlsBench bench(trusting(identity, Transport::stream, name), identity);
    EXPECT_FALSE(bench.connects()) << name;
    EXPECT_EQ(bench.client.failed->error, Errc::certificate_name_mismatch) << name;
  }
}

TEST(ServerIdentity, LivesFromADayBeforeUntilItsEnd) {
  const TlsWorld world;
  constexpr std::int64_t day = 86400;
  const auto identity =
      ServerIdentity::self_signed({"turn.example.com"}, wall_clock_epoch, std::chrono::hours(48)).value();
  const auto outcome = [&](std::int64_t at) -> std::error_code {
    ClientConfig config = trusting(identity);
    config.unix_time = at;
    TlsBench bench(config, identity);
    if (bench.connects()) return {};
    return bench.client.failed->error;
  };
  EXPECT_EQ(outcome(wall_clock_epoch - day - 1), Errc::certificate_not_yet_valid);
  EXPECT_EQ(outcome(wall_clock_epoch - day), std::error_code());
  EXPECT_EQ(outcome(wall_clock_epoch + 2 * day - 1), std::error_code());
  EXPECT_EQ(outcome(wall_clock_epoch + 2 * day + 1), Errc::certificate_expired);
}

TEST(ServerIdentity, LivesAfter2038WhereATimeHas32BitsToo) {
  const TlsWorld world;
  const auto identity =
      ServerIdentity::self_signed({"turn.example.com"}, 4'000'000'000, std::chrono::hours(48)).value();
  ClientConfig config = trusting(identity);
  config.unix_time = wall_clock_epoch;
  TlsBench today(config, identity);
  EXPECT_FALSE(today.connects());
  EXPECT_NE(today.client.failed->detail.find("valid from 2096-10-01 07:06 UTC"), std::string::npos)
      << today.client.failed->detail;
  // Such a machine cannot be asked about a time that it does not have. It must not take it for one in the
  // past.
  config.unix_time = 4'000'000'000;
  TlsBench then(config, identity);
  EXPECT_EQ(then.connects(), sizeof(std::time_t) > 4);
}

TEST(ServerIdentity, AsksTheClockOfTheSystemForWantOfATime) {
  const TlsWorld world;
  const auto identity = ServerIdentity::self_signed({"turn.example.com"}).value();
  ClientConfig config = trusting(identity);
  config.unix_time = 0;
  EXPECT_TRUE(TlsBench(config, identity).connects());
  config.unix_time = wall_clock_epoch - 86400 * 2;
  EXPECT_FALSE(TlsBench(config, identity).connects());
}

TEST(ServerIdentity, ComesBackFromItsPem) {
  const TlsWorld world;
  const auto identity = ServerIdentity::self_signed({"turn.example.com"}, wall_clock_epoch).value();
  const auto again = ServerIdentity::from_pem(identity.certificate_pem(), identity.private_key_pem()).value();
  EXPECT_EQ(again.certificate_pem(), identity.certificate_pem());
  EXPECT_EQ(again.private_key_pem(), identity.private_key_pem());
  EXPECT_TRUE(TlsBench(trusting(identity), again).connects());
}

TEST(ServerIdentity, SendsTheWholeChain) {
  const TlsWorld world;
  Authority root("root");
  Authority intermediate("intermediate", &root);
  testing::CertificateOrder order;
  order.subject_alt_name = "DNS:turn.example.com";
  const auto issued = intermediate.issue(order);
  ClientConfig config;
  config.server_name = "turn.example.com";
  config.ca_pem = root.pem();
  config.use_system_roots = false;
  config.unix_time = wall_clock_epoch;

  TlsBench whole(config, ServerIdentity::from_pem(issued.pem + intermediate.pem(), issued.key_pem).value());
  EXPECT_TRUE(whole.connects());

  TlsBench part(config, ServerIdentity::from_pem(issued.pem, issued.key_pem).value());
  EXPECT_FALSE(part.connects());
  EXPECT_EQ(part.client.failed->error, Errc::certificate_untrusted);
  EXPECT_EQ(part.client.failed->detail,
            "the certificate of turn.example.com was issued by \"intermediate\", which is not known here: "
            "trust its "
            "root, or let the server send the whole chain");
}

TEST(ServerIdentity, RefusesWhatDoesNotBelongTogether) {
  const TlsWorld world;
  const auto one = ServerIdentity::self_signed({"a.example"}, wall_clock_epoch).value();
  const auto other = ServerIdentity::self_signed({"a.example"}, wall_clock_epoch).value();
  const auto error = [](std::string_view chain, std::string_view key) {
    return ServerIdentity::from_pem(chain, key).error();
  };
  EXPECT_EQ(error(one.certificate_pem(), other.private_key_pem()), Errc::bad_certificate);
  EXPECT_EQ(error(one.certificate_pem(), ""), Errc::bad_certificate);
  EXPECT_EQ(error("", one.private_key_pem()), Errc::bad_certificate);
  EXPECT_EQ(error(one.private_key_pem(), one.certificate_pem()), Errc::bad_certificate);
}

TEST(ServerIdentity, RefusesNamesThatAreNone) {
  const TlsWorld world;
  EXPECT_EQ(ServerIdentity::self_signed({}).error(), Errc::bad_server_name);
  EXPECT_EQ(ServerIdentity::self_signed({"a b"}).error(), Errc::bad_server_name);
  EXPECT_EQ(ServerIdentity::self_signed(std::vector<std::string>(ServerIdentity::max_names + 1, "a.example"))
                .error(),
            Errc::bad_server_name);
  EXPECT_EQ(ServerIdentity::self_signed({"a.example"}, 0, std::chrono::seconds(0)).error(),
            petrel::Errc::invalid_argument);
}

}  // namespace
}  // namespace petrel::inline v0::tls

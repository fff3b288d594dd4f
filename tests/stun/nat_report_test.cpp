#include "petrel/stun/nat_report.hpp"

#include <gtest/gtest.h>

#include "petrel/base/errc.hpp"
#include "petrel/stun/errc.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace std::chrono_literals;
using enum NatDependence;

NatReport report(std::optional<NatDependence> mapping, std::optional<NatDependence> filtering) {
  NatReport made;
  made.server = Endpoint::v4(192, 0, 2, 1, 3478);
  made.mapped = Endpoint::v4(203, 0, 113, 5, 6000);
  made.translated = true;
  made.mapping = mapping;
  made.filtering = filtering;
  return made;
}

bool says(const NatReport& made, std::string_view words) {
  return describe(made).find(words) != std::string::npos;
}

TEST(NatReport, UsesTheWordsOfRfc4787) {
  EXPECT_EQ(to_string(endpoint_independent), "endpoint-independent");
  EXPECT_EQ(to_string(address_dependent), "address-dependent");
  EXPECT_EQ(to_string(address_and_port_dependent), "address and port-dependent");
}

TEST(NatReport, TellsWhoCanBeCalled) {
  EXPECT_EQ(prospect(report(endpoint_independent, endpoint_independent)), NatProspect::any_peer);
  EXPECT_EQ(prospect(report(endpoint_independent, address_dependent)), NatProspect::any_peer);
  EXPECT_EQ(prospect(report(endpoint_independent, address_and_port_dependent)), NatProspect::most_peers);
  EXPECT_EQ(prospect(report(endpoint_independent, {})), NatProspect::most_peers);
  EXPECT_EQ(prospect(report(address_dependent, endpoint_independent)), NatProspect::few_peers);
  EXPECT_EQ(prospect(report(address_and_port_dependent, {})), NatProspect::few_peers);
  EXPECT_EQ(prospect(report({}, {})), NatProspect::unknown);
}

TEST(NatReport, TellsSilenceFromRefusal) {
  NatReport silent{.server = Endpoint::v4(192, 0, 2, 1, 3478)};
  silent.error = Errc::timed_out;
  EXPECT_EQ(prospect(silent), NatProspect::no_udp);
  EXPECT_TRUE(says(silent, "192.0.2.1:3478 did not answer"));
  EXPECT_TRUE(says(silent, "TCP or TLS"));
  NatReport refused = silent;
  refused.error = Errc::refused;
  refused.code = 403;
  EXPECT_EQ(prospect(refused), NatProspect::unknown);
  EXPECT_TRUE(says(refused, "error 403"));
  NatReport failed = silent;
  failed.error = petrel::make_error_code(petrel::Errc::busy);
  EXPECT_TRUE(says(failed, failed.error.message()));
}

TEST(NatReport, DescribesWhatWasFound) {
  NatReport found = report(address_and_port_dependent, address_dependent);
  EXPECT_TRUE(says(found, "behind a NAT"));
  EXPECT_TRUE(says(found, "203.0.113.5:6000"));
  EXPECT_TRUE(says(found, "symmetric"));
  EXPECT_TRUE(says(found, "address-dependent filtering"));
  EXPECT_FALSE(says(found, "hairpinning"));
  EXPECT_FALSE(says(found, "port outside is"));
  found.hairpinning = true;
  found.preserves_port = true;
  found.lifetime = NatLifetime{25s, 45s};
  EXPECT_TRUE(says(found, "hairpinning"));
  EXPECT_TRUE(says(found, "The port outside is the one inside."));
  EXPECT_TRUE(says(found, "at least 25 s and less than 45 s"));
  found.lifetime = NatLifetime{330s, {}};
  EXPECT_TRUE(says(found, "longer than 330 s"));
}

TEST(NatReport, DescribesAHostWithoutANat) {
  NatReport open = report(endpoint_independent, endpoint_independent);
  open.translated = false;
  EXPECT_TRUE(says(open, "There is no NAT"));
  EXPECT_FALSE(says(open, "mapping"));
  EXPECT_TRUE(says(open, "every peer that has UDP"));
}

TEST(NatReport, SaysWhatIsMissingAndWhatToDo) {
  NatReport partial = report({}, {});
  partial.error = Errc::no_other_address;
  EXPECT_TRUE(says(partial, partial.error.message()));
  EXPECT_TRUE(says(partial, "RFC 5780"));
}

}  // namespace
}  // namespace petrel::inline v0::stun

#include "petrel/stun/nat_report.hpp"

#include <chrono>

#include "petrel/stun/errc.hpp"

namespace petrel::inline v0::stun {
namespace {

std::string seconds_text(Duration duration) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(duration).count()) + " s";
}

std::string mapping_text(NatDependence mapping) {
  switch (mapping) {
    case NatDependence::endpoint_independent:
      return " It keeps one outside port for a socket, whoever is sent to (endpoint-independent mapping).";
    case NatDependence::address_dependent:
      return " It gives a socket another outside port for every address it sends to (address-dependent "
             "mapping, one "
             "kind of \"symmetric\").";
    case NatDependence::address_and_port_dependent:
      return " It gives a socket another outside port for every address and port it sends to (address and "
             "port-dependent mapping, called \"symmetric\").";
  }
  return {};
}

std::string filtering_text(NatDependence filtering) {
  switch (filtering) {
    case NatDependence::endpoint_independent:
      return " Packets from anybody pass to a port that is open (endpoint-independent filtering).";
    case NatDependence::address_dependent:
      return " Packets pass only from addresses that were sent to before (address-dependent filtering).";
    case NatDependence::address_and_port_dependent:
      return " Packets pass only from addresses and ports that were sent to before (address and "
             "port-dependent "
             "filtering).";
  }
  return {};
}

std::string lifetime_text(const NatLifetime& lifetime) {
  const std::string at_least = seconds_text(lifetime.at_least);
  if (!lifetime.less_than) return " An unused mapping lived longer than " + at_least + ".";
  return " An unused mapping lives at least " + at_least + " and less than " +
         seconds_text(*lifetime.less_than) + ".";
}

std::string prospect_text(NatProspect value) {
  switch (value) {
    case NatProspect::any_peer:
      return " Calls from peer to peer work with every peer that has UDP; a TURN server is not needed for "
             "this end.";
    case NatProspect::most_peers:
      return " Calls from peer to peer work, except with peers behind a symmetric NAT: those need a TURN "
             "server.";
    case NatProspect::few_peers:
      return " Calls from peer to peer work with peers that are open or barely filtered; with most others "
             "they need "
             "a TURN server.";
    case NatProspect::no_udp:
      return " Without UDP, calls need a TURN server that is reached by TCP or TLS (turns:, port 443).";
    case NatProspect::unknown:
      return " What that means for calls from peer to peer cannot be said; ask a STUN server that takes part "
             "in NAT "
             "behaviour discovery (RFC 5780).";
  }
  return {};
}

}  // namespace

std::string_view to_string(NatDependence dependence) {
  switch (dependence) {
    case NatDependence::endpoint_independent:
      return "endpoint-independent";
    case NatDependence::address_dependent:
      return "address-dependent";
    case NatDependence::address_and_port_dependent:
      return "address and port-dependent";
  }
  return {};
}

NatProspect prospect(const NatReport& report) {
  if (!report.mapped) return report.error == Errc::timed_out ? NatProspect::no_udp : NatProspect::unknown;
  if (!report.mapping) return NatProspect::unknown;
  if (*report.mapping != NatDependence::endpoint_independent) return NatProspect::few_peers;
  if (!report.filtering) return NatProspect::most_peers;
  // A peer with a symmetric NAT comes from an unexpected port, but from the address that was sent to.
  return *report.filtering == NatDependence::address_and_port_dependent ? NatProspect::most_peers
                                                                        : NatProspect::any_peer;
}

std::string describe(const NatReport& report) {
  const std::string server = report.server.to_string();
  if (!report.mapped) {
    std::string text = "The STUN server at " + server + " ";
    if (report.error == Errc::timed_out) {
      text += "did not answer: UDP is blocked, or there is no STUN server.";
    } else if (report.code != 0) {
      text += "refused to answer (error " + std::to_string(report.code) + ").";
    } else {
      text += "could not be asked: " + report.error.message() + ".";
    }
    return text + prospect_text(prospect(report));
  }

  const std::string mapped = report.mapped->to_string();
  std::string text =
      report.translated
          ? "This host is behind a NAT; the server at " + server + " sees it as " + mapped + "."
          : "There is no NAT; the server at " + server + " sees this host as it is, " + mapped + ".";
  if (report.translated && report.mapping) text += mapping_text(*report.mapping);
  if (report.translated && report.preserves_port) {
    text +=
        *report.preserves_port ? " The port outside is the one inside." : " The port outside is another one.";
  }
  if (report.filtering) text += filtering_text(*report.filtering);
  if (report.hairpinning) {
    text += *report.hairpinning
                ? " Hosts behind it reach each other by their outside addresses (hairpinning)."
                : " Hosts behind it do not reach each other by their outside addresses.";
  }
  if (report.lifetime) text += lifetime_text(*report.lifetime);
  if (report.error) text += " Not everything could be found out: " + report.error.message() + ".";
  return text + prospect_text(prospect(report));
}

}  // namespace petrel::inline v0::stun

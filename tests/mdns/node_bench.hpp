#pragma once

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "petrel/mdns/node.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::testing {

inline const IpAddress alice_ip = IpAddress::v4(192, 168, 0, 1);
inline const IpAddress bob_ip = IpAddress::v4(192, 168, 0, 2);
inline const IpAddress alice_ip6 = IpAddress::v6({0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 3);
inline constexpr const char* unknown_name = "0b5d9b6e-3c46-4a59-b1cd-0a1b2c3d4e5f.local";

/// A node with what it asks for and says. Its flows open as soon as it asks for them.
struct MdnsHost {
  struct Sent {
    FlowId flow;
    Endpoint destination;
    mdns::Message message;
  };

  MdnsHost(std::uint64_t seed, std::vector<LocalAddress> local) : addresses(std::move(local)), random(seed) {
    node.handle_interfaces(TimePoint{}, addresses);
    open_flows(TimePoint{});
  }

  void open_flows(TimePoint now) {
    while (auto request = node.poll_request()) {
      if (auto* join = std::get_if<JoinMulticast>(&*request)) {
        joins.push_back(*join);
        if (opens) node.handle_flow(now, join->flow, FlowOpened{{join->interface, mdns::port}});
      } else if (auto* close = std::get_if<CloseFlow>(&*request)) {
        closed.push_back(close->flow);
      }
    }
  }
  std::vector<Sent> drain() {
    std::vector<Sent> sent;
    while (auto transmit = node.poll_transmit()) {
      sent.push_back({transmit->flow, transmit->destination, mdns::parse(transmit->payload.bytes()).value()});
    }
    return sent;
  }
  /// Who was asked for, by type, in what was sent.
  std::vector<mdns::RecordType> asked() {
    std::vector<mdns::RecordType> types;
    for (const Sent& sent : drain()) {
      for (const mdns::Question& question : sent.message.questions) types.push_back(question.type);
    }
    return types;
  }
  std::vector<mdns::Node::Event> events() {
    std::vector<mdns::Node::Event> events;
    while (auto event = node.poll_event()) events.push_back(*std::move(event));
    return events;
  }
  bool hears(TimePoint now, const Endpoint& source, const mdns::Message& message, std::size_t flow = 0) {
    const PacketBuffer packet = mdns::write(message).value();
    return node.handle_datagram(now,
                                {joins.at(flow).flow, source, {IpAddress(), mdns::port}, packet.bytes()});
  }

  std::vector<LocalAddress> addresses;
  bool opens = true;
  SeededRandom random;
  mdns::Node node{TimePoint{}, {FlowId{100}}, random};
  std::vector<JoinMulticast> joins{};
  std::vector<FlowId> closed{};
};

/// Two hosts on one link, in no time from each other.
struct MdnsPair {
  MdnsHost alice{1, {{alice_ip, "eth0"}}};
  MdnsHost bob{2, {{bob_ip, "eth0"}}};

  /// Hands everything across; what is multicast comes home too. Counts packets.
  std::size_t carry(TimePoint now) {
    std::size_t count = 0;
    for (bool moved = true; moved;) {
      moved = false;
      for (MdnsHost* from : {&alice, &bob}) {
        MdnsHost& to = from == &alice ? bob : alice;
        const Endpoint source{from->addresses.front().address, mdns::port};
        while (auto transmit = from->node.poll_transmit()) {
          moved = true;
          ++count;
          for (MdnsHost* hearer : {from, &to}) {
            if (hearer == from && !transmit->destination.address.is_multicast()) continue;
            EXPECT_TRUE(hearer->node.handle_datagram(
                now,
                {hearer->joins.at(0).flow, source, {IpAddress(), mdns::port}, transmit->payload.bytes()}));
          }
        }
      }
    }
    return count;
  }
};

}  // namespace petrel::inline v0::testing

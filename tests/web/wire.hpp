#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "petrel/base/bytes.hpp"
#include "petrel/net/io_request.hpp"

namespace petrel::inline v0::web {

/// Stands in for the network below a part of a core: keeps what it asked for and sent, and lets a test
/// answer.
template <class Part>
struct Wire {
  explicit Wire(Part& watched) : part(watched) { take(); }

  void take() {
    while (auto transmit = part.poll_transmit()) sent[transmit->flow] += as_text(transmit->payload.bytes());
    while (auto request = part.poll_request()) requests.push_back(*request);
  }
  template <class Request>
  std::vector<Request> asked() const {
    std::vector<Request> found;
    for (const IoRequest& each : requests) {
      if (const auto* match = std::get_if<Request>(&each)) found.push_back(*match);
    }
    return found;
  }
  std::size_t connections() const { return asked<Connect>().size(); }
  FlowId last_flow() const {
    const auto all = asked<Connect>();
    return all.empty() ? FlowId{} : all.back().flow;
  }
  void resolve(std::vector<IpAddress> addresses) {
    const auto asked_for = asked<Resolve>();
    ASSERT_FALSE(asked_for.empty());
    part.handle_resolved(now, asked_for.back().id, addresses);
    take();
  }
  void change(const FlowChange& what) {
    part.handle_flow(now, last_flow(), what);
    take();
  }
  void open() { change(FlowOpened{}); }
  void give(std::string_view bytes) {
    part.handle_bytes(now, last_flow(), as_bytes(bytes));
    take();
  }
  void wait(Duration duration) {
    now += duration;
    part.handle_timeout(now);
    take();
  }

  Part& part;
  TimePoint now{};
  std::map<FlowId, std::string> sent{};
  std::vector<IoRequest> requests{};
};

}  // namespace petrel::inline v0::web

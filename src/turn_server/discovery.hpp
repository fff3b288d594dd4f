#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "petrel/net/io_request.hpp"
#include "petrel/stun/attributes.hpp"
#include "turn_server/shared.hpp"

namespace petrel::inline v0::turn_server {

/// The server's part in NAT behaviour discovery, RFC 5780 6: two addresses with two ports each, any of
/// which answers for the others. It takes part once all four are there.
class Discovery {
 public:
  explicit Discovery(Shared& shared) : shared_(shared) {}

  /// The first UDP listener is open; the other three sockets are asked for.
  void start(FlowId listener, const Endpoint& local);
  /// One of the other three?
  bool owns(FlowId flow) const;
  void handle_flow(FlowId flow, const FlowChange& change);
  void close();

  /// How to answer a question.
  struct Way {
    FlowId flow;      ///< Where the answer leaves.
    Endpoint origin;  ///< RESPONSE-ORIGIN
    Endpoint other;   ///< OTHER-ADDRESS: neither the address nor the port that was asked.
  };
  /// nullopt: `asked` is no socket of a discovery that is complete.
  std::optional<Way> way(FlowId asked, stun::ChangeRequest change) const;

 private:
  struct Socket {
    FlowId flow{};
    std::optional<Endpoint> local{};
  };

  void bind(std::size_t index, const Endpoint& local);

  Shared& shared_;
  std::array<Socket, 4> sockets_{};  // Bit 0 of an index: the other port. Bit 1: the other address.
  bool running_ = false;
};

}  // namespace petrel::inline v0::turn_server

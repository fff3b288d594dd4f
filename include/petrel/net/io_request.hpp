#pragma once

#include <cstdint>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/net/datagram.hpp"

namespace petrel::inline v0 {

/// What a core asks of the world but cannot do itself: it has no sockets. Taken
/// by poll_request(); the answer comes back through handle_flow() or
/// handle_resolved(). Stream connections join this list with TURN over TCP.

/// Bind a UDP socket to `local` (port 0: any). Answer: Opened or Failed.
struct BindUdp {
  FlowId flow;
  Endpoint local;
};
/// Close the flow. There is no answer, and no datagram comes from it any more.
struct CloseFlow {
  FlowId flow;
};
/// Find the addresses of a host name. Answer: handle_resolved with the same id, empty when there are none.
struct Resolve {
  std::uint32_t id = 0;
  std::string name;
};
using IoRequest = std::variant<BindUdp, CloseFlow, Resolve>;

/// The flow exists; `local` is the address and port it really has.
struct FlowOpened {
  Endpoint local;
};
/// The flow could not be opened, or broke. It is gone.
struct FlowFailed {
  std::error_code error;
};
using FlowChange = std::variant<FlowOpened, FlowFailed>;

/// One address of one network interface that is up.
struct LocalAddress {
  IpAddress address;
  std::string interface_name;
  bool temporary = false;   ///< RFC 8981 privacy address, preferred for outgoing traffic.
  bool deprecated = false;  ///< Still valid, but not to be used for anything new.

  friend bool operator==(const LocalAddress&, const LocalAddress&) = default;
};

}  // namespace petrel::inline v0

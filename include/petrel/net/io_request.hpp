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
/// handle_resolved().

/// Bind a UDP socket to `local` (port 0: any). Answer: FlowOpened or FlowFailed.
struct BindUdp {
  FlowId flow;
  Endpoint local;
  /// Only ICE is spoken on it, so that a network which keeps one port for all its users may answer with
  /// that one: FlowOpened says so, `local.port` does not count then, and the core names its ufrags.
  bool may_share = false;
};
/// The ICE user name fragments (RFC 8445 5.3) of this core, in place of those named before: what tells
/// checks apart that come to a port of several cores. There is no answer.
struct NameUfrags {
  std::vector<std::string> ufrags;
};
/// Open a TCP connection to `remote`, from `local` (an unspecified address or port: any).
/// Answer: FlowOpened or FlowFailed. What the flow then carries is a stream of bytes: a
/// Datagram of it is whatever has arrived, cut anywhere; a Transmit of it is appended, all
/// of it and in order. Its destination is not looked at. TLS and framing are the core's.
struct Connect {
  FlowId flow;
  Endpoint local;
  Endpoint remote;
  /// A Listen of this core has `local` and said so: `also_connects`.
  bool from_listener = false;
};
/// Accept TCP connections at `local` (port 0: any). Answer: FlowOpened or FlowFailed, and
/// FlowAccepted for every connection that comes. CloseFlow ends the listening only.
struct Listen {
  FlowId flow;
  Endpoint local;
  /// Connections will be made from `local` as well, while it listens there (RFC 6062 5.2).
  bool also_connects = false;
};
/// Bind a UDP socket to the group's port, shared with other programs, and join the group on
/// the interface that has the address `interface`. Answer: FlowOpened or FlowFailed.
struct JoinMulticast {
  FlowId flow;
  Endpoint group;
  IpAddress interface;
};
/// Deliver nothing of a stream, its end included, until ResumeFlow. What comes waits in the network, and
/// when that is full at the other end: TCP's window closes. What was under way already may still be
/// delivered. There is no answer, and no harm in asking twice.
struct PauseFlow {
  FlowId flow;
};
struct ResumeFlow {
  FlowId flow;
};
/// Close the flow. There is no answer, and no datagram comes from it any more. What was sent
/// to a stream before still leaves.
struct CloseFlow {
  FlowId flow;
};
/// Find the addresses of a host name. Answer: handle_resolved with the same id, empty when there are none.
struct Resolve {
  std::uint32_t id = 0;
  std::string name;
};
using IoRequest = std::variant<BindUdp, NameUfrags, Connect, Listen, JoinMulticast, PauseFlow, ResumeFlow,
                               CloseFlow, Resolve>;

/// Accepted flows are numbered by the network, from here on; the ids that a core chooses are lower.
inline constexpr FlowId first_accepted_flow{0x8000'0000};

/// The flow exists; `local` is the address and port it really has. `remote` of a connection only.
struct FlowOpened {
  Endpoint local;
  Endpoint remote{};
  bool shared = false;  ///< Of a BindUdp that may share: others are on this socket too.
};
/// A connection that came to `listener`: a flow of its own, with the id that this change is about.
struct FlowAccepted {
  FlowId listener;
  Endpoint local;
  Endpoint remote;
};
/// A stream takes bytes in faster than the network takes them out. It still loses nothing, and
/// so waits in memory: put no more into it that may as well be dropped, until FlowWritable.
struct FlowCongested {};
struct FlowWritable {};
/// The other end has closed the stream in order; all that it sent has been delivered. The flow is gone.
struct FlowClosed {};
/// The flow could not be opened, or broke. It is gone.
struct FlowFailed {
  std::error_code error;
};
using FlowChange =
    std::variant<FlowOpened, FlowAccepted, FlowCongested, FlowWritable, FlowClosed, FlowFailed>;

/// One address of one network interface that is up.
struct LocalAddress {
  IpAddress address;
  std::string interface_name;
  bool temporary = false;   ///< RFC 8981 privacy address, preferred for outgoing traffic.
  bool deprecated = false;  ///< Still valid, but not to be used for anything new.

  friend bool operator==(const LocalAddress&, const LocalAddress&) = default;
};

}  // namespace petrel::inline v0

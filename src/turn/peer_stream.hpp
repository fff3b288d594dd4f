#pragma once

#include <memory>
#include <optional>

#include "petrel/turn/tcp_allocation.hpp"
#include "turn/output_queue.hpp"
#include "turn/requests.hpp"
#include "turn/server_link.hpp"

namespace petrel::inline v0::turn {

/// One connection with a peer, and the data connection that it comes by.
struct PeerStream {
  enum class Stage : std::uint8_t {
    asking,   ///< The server connects to the peer.
    opening,  ///< The data connection is opened, and its TLS.
    binding,  ///< A ConnectionBind is under way.
    open,
    ended,  ///< The owner knows, and has not closed it.
  };

  PeerStreamId id;
  Endpoint peer;
  bool incoming = false;
  Stage stage = Stage::asking;
  bool dropped = false;  ///< To be forgotten: nobody ever heard of it.
  std::uint32_t connection_id = 0;
  std::optional<TimePoint> due{};  ///< Until then it has to be bound.

  std::optional<FlowId> flow{};  ///< While there is one.
  std::unique_ptr<ServerLink> link{};
  std::unique_ptr<Requests> requests{};

  OutputQueue<PacketBuffer> unread{};
  std::size_t unread_bytes = 0;
  bool paused = false;
  bool readable_told = false;
  bool wants_writable = false;
};

}  // namespace petrel::inline v0::turn

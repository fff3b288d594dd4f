#pragma once

#include <sys/socket.h>

namespace petrel::inline v0::io {

/// Lets a listening socket and connections of this program, made from the same address and port, live beside
/// each other. On the listener it comes after bind(): two programs that both want the port to listen at
/// still find out that it is taken, and none gets half of the other's connections.
inline void allow_shared_port(int socket) {
  const int yes = 1;
  (void)::setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
}

}  // namespace petrel::inline v0::io

#pragma once

#include <asio/awaitable.hpp>
#include <memory>

#include "petrel/peer/config.hpp"
#include "send/call.hpp"

namespace transfer {

/// A transfer whose two ends are told of each other by people who copy lines: the sender's offer to the
/// receiver, the receiver's answer to the sender. One call, and its outcome. `task` and
/// `call` outlive it; resetting `call` hangs up, and then the coroutine must not be resumed any more.
asio::awaitable<Outcome> transfer_by_paste(Task& task, petrel::PeerConfig config,
                                           std::unique_ptr<Call>& call);

}  // namespace transfer

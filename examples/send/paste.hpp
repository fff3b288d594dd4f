#pragma once

#include <asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "petrel/peer/config.hpp"
#include "petrel/peer/jsep.hpp"
#include "send/call.hpp"

namespace transfer {

/// A description as one line that survives a chat window: base64 of `{"type": "offer", "sdp": "…"}`.
std::string to_line(const petrel::SessionDescription& description);
/// White space around it, and inside of it where a window has wrapped it, does not count. nullopt: it is
/// none.
std::optional<petrel::SessionDescription> from_line(std::string_view line);

/// A transfer whose two ends are told of each other by people who copy lines: the sender's offer to the
/// receiver, the receiver's answer to the sender. One call, and its outcome. `task` and
/// `call` outlive it; resetting `call` hangs up, and then the coroutine must not be resumed any more.
asio::awaitable<Outcome> transfer_by_paste(Task& task, petrel::PeerConfig config,
                                           std::unique_ptr<Call>& call);

}  // namespace transfer

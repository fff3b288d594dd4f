#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "petrel/turn/client.hpp"

namespace petrel::inline v0::turn {

/// Text of a server, cut to what a person wants to read and freed of what a terminal could obey.
std::string printable(std::string_view text);

/// What to call the server of `config`: its name, or its address.
std::string server_label(const ClientConfig& config);

/// Why the client is lost, in a sentence. `elapsed` since the client was made.
std::string describe_loss(const ClientConfig& config, const ClientReport& report, int code, Duration elapsed,
                          std::string_view link_detail);

}  // namespace petrel::inline v0::turn

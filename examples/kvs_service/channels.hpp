#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "petrel/base/time.hpp"

namespace kvs_service {

/// One end of a WebSocket, by the number that the service has for it.
using ConnectionId = std::uint32_t;

/// A frame to be sent.
struct Delivery {
  ConnectionId to = 0;
  std::string text{};
};

/// The signaling channels, and who is connected to them: what the WebSocket's messages do.
class Channels {
 public:
  struct Channel {
    std::string name;
    std::string arn;
    std::size_t creating_polls = 0;  ///< It becomes active after so many descriptions.
    std::optional<ConnectionId> master{};
    std::map<std::string, ConnectionId> viewers{};
    struct Waiting {
      std::string sender;
      std::string text;
      petrel::TimePoint since;
    };
    std::deque<Waiting> for_master{};  ///< Messages that came before a master did.
  };

  // As the service's quotas and defaults have them.
  static constexpr std::size_t max_viewers = 10;
  static constexpr petrel::Duration message_ttl = std::chrono::seconds(60);
  static constexpr std::size_t max_waiting = 100;
  static constexpr std::size_t max_channels = 1000;

  Channel* by_name(const std::string& name);
  Channel* by_arn(const std::string& arn);
  /// nullptr: there is one, or there are too many.
  Channel* create(const std::string& name, const std::string& region, std::int64_t unix_time);
  void remove(const std::string& arn);
  const std::map<std::string, Channel>& all() const { return channels_; }

  /// Adds a connection; its predecessor, of the same role and id, is to be closed. `viewer` is empty for a
  /// master.
  struct Joined {
    std::optional<ConnectionId> replaced{};
    bool full = false;
    std::vector<Delivery> deliveries{};
  };
  Joined join(petrel::TimePoint now, Channel& channel, const std::string& viewer, ConnectionId id);
  void leave(ConnectionId id);

  /// A frame of a client: what is to be sent for it.
  std::vector<Delivery> relay(petrel::TimePoint now, ConnectionId from, const std::string& text);

 private:
  std::vector<Delivery> refuse(ConnectionId to, const std::string& correlation_id, const std::string& type,
                               const std::string& description) const;

  std::map<std::string, Channel> channels_;  // By name.
};

}  // namespace kvs_service

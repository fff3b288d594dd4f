#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "petrel/base/time.hpp"
#include "petrel/net/endpoint.hpp"

namespace petrel::inline v0::turn_server {

/// The channel numbers of one allocation and their peers, one for one (RFC 8656 12).
class Channels {
 public:
  static constexpr Duration lifetime = std::chrono::minutes(10);  // RFC 8656 12

  enum class Verdict : std::uint8_t {
    fits,
    taken,  ///< The number has another peer, or the peer another number.
    full,
  };

  explicit Channels(std::size_t limit) : limit_(limit) {}

  /// Could bind() bind it now?
  Verdict verdict(TimePoint now, std::uint16_t number, const Endpoint& peer) const;
  /// Binds or refreshes. The verdict has to be `fits`.
  void bind(TimePoint now, std::uint16_t number, const Endpoint& peer);

  /// nullopt: not bound, or expired.
  std::optional<Endpoint> peer_of(TimePoint now, std::uint16_t number) const;
  std::optional<std::uint16_t> number_of(TimePoint now, const Endpoint& peer) const;
  void forget(IpFamily family);

  std::size_t size() const { return bindings_.size(); }

 private:
  struct Binding {
    std::uint16_t number = 0;
    Endpoint peer;
    TimePoint expires;
  };

  std::size_t limit_;
  std::vector<Binding> bindings_;
};

}  // namespace petrel::inline v0::turn_server

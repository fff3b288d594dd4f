#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/time.hpp"
#include "petrel/sctp/association.hpp"

namespace petrel::inline v0::datachannel {

/// What data channels need of an association, so that their rules can be tried without SCTP.
/// The functions are those of sctp::Association, where they are described.
class Link {
 public:
  Link() = default;
  virtual ~Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  virtual void connect(TimePoint now) = 0;
  virtual void handle_packet(TimePoint now, Bytes packet) = 0;
  virtual void handle_packets(TimePoint now, std::span<const PacketBuffer> packets) = 0;
  virtual void handle_timeout(TimePoint now) = 0;
  virtual std::optional<TimePoint> next_timeout() const = 0;
  virtual std::optional<PacketBuffer> poll_packet() = 0;
  virtual std::optional<sctp::Event> poll_event() = 0;

  virtual Result<std::size_t> send(TimePoint now, const sctp::Outgoing& outgoing) = 0;
  virtual std::optional<sctp::Incoming> receive(TimePoint now) = 0;
  virtual std::size_t unacknowledged() const = 0;
  virtual Result<void> reset(TimePoint now, std::span<const std::uint16_t> streams) = 0;
  virtual void shut_down(TimePoint now) = 0;
  virtual void abort(TimePoint now) = 0;
  virtual sctp::AssociationStats stats() const = 0;
};

}  // namespace petrel::inline v0::datachannel

#pragma once

#include <cstddef>
#include <optional>

#include "petrel/base/abi.hpp"
#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/rtp/wire/rtcp_messages.hpp"

namespace petrel::inline v0::rtcp {

/// Goes through the messages of one RTCP datagram, compound (RFC 3550 6.1) or of reduced
/// size (RFC 5506). Borrows the datagram.
///
///   auto reader = rtcp::Reader::parse(datagram);
///   while (reader && (message = reader->next())) std::visit(…, *message);
class PETREL_API Reader {
 public:
  /// Checks the structure, RFC 3550 A.2: versions, and lengths that add up to the datagram, padding in
  /// the last packet only. Deviates from it: the first packet need not be SR or RR (RFC 5506 3.4.2).
  static Result<Reader> parse(Bytes datagram);

  /// The next message that we know; nullopt at the end.
  std::optional<Message> next();

  /// Of the packets passed so far: those of types we do not know, APP included, …
  std::size_t unknown() const { return unknown_; }
  /// … and those whose content contradicts their length.
  std::size_t malformed() const { return malformed_; }

 private:
  explicit Reader(Bytes datagram) : rest_(datagram) {}

  Bytes rest_;
  std::size_t unknown_ = 0;
  std::size_t malformed_ = 0;
};

/// Puts messages into one RTCP datagram, in the order of the calls.
///
/// RFC 3550 6.1 wants SR or RR and SDES with CNAME first unless reduced size was negotiated;
/// that order is the caller's.
class PETREL_API Writer {
 public:
  /// `max_size` is held to PacketBuffer::capacity.
  explicit Writer(std::size_t max_size);

  /// rtp::Errc::no_room if it does not fit (write it to the next datagram), too_many_elements if no
  /// datagram can say it; the datagram is then as before.
  ///
  /// TransportFeedback is written in two-bit status vectors and run lengths.
  Result<void> add(const Message& message);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  /// The datagram; the writer is then empty and can be used again.
  PacketBuffer finish();

 private:
  std::size_t max_size_;
  PacketBuffer packet_;
  std::size_t size_ = 0;
};

}  // namespace petrel::inline v0::rtcp

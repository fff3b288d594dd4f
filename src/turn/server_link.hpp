#pragma once

#include <optional>

#include "petrel/net/datagram.hpp"
#include "petrel/tls/connection.hpp"
#include "petrel/turn/client.hpp"
#include "petrel/turn/stream_deframer.hpp"
#include "turn/http_tunnel.hpp"
#include "turn/link_failure.hpp"
#include "turn/output_queue.hpp"

namespace petrel::inline v0::turn {

/// Carries whole messages to and from the server, whatever is below: datagrams or a stream, plain
/// or inside of TLS.
class ServerLink {
 public:
  ServerLink(TimePoint now, const ClientConfig& config) : ServerLink(now, config, config.flow) {}
  /// By another flow than the configuration's.
  ServerLink(TimePoint now, const ClientConfig& config, FlowId flow);

  /// Messages can be sent; before, a proxy is asked or the TLS handshake is under way.
  bool ready() const { return ready_; }
  /// Nobody looks after lost packets below (UDP, DTLS).
  bool is_datagram() const {
    return protocol_ == TransportProtocol::udp || protocol_ == TransportProtocol::dtls;
  }
  const std::optional<LinkFailure>& failure() const { return failure_; }

  /// A datagram, or the next bytes of the stream. Take messages until nullopt after each call.
  void handle_bytes(TimePoint now, Bytes bytes);
  /// The next message, which lives until the next call of this or of handle_bytes().
  std::optional<Bytes> next_message();

  /// From the last message on it is a stream of somebody else's bytes, which next_bytes() has.
  void become_raw();
  std::optional<PacketBuffer> next_bytes() { return records_.pop(); }

  /// Data that finds the stream full is to be dropped by its owner.
  void set_congested(bool congested) { congested_ = congested; }
  bool congested() const { return congested_; }

  /// One message, padded if it has to be. False: there was no room for it.
  bool send(TimePoint now, PacketBuffer message);
  /// When a message was sent last, or the link was made.
  TimePoint last_sent() const { return last_sent_; }
  /// Ends the TLS connection in order, behind what was sent.
  void close(TimePoint now);
  /// Packets that nobody has polled; of TLS it is not known, and 0.
  std::size_t unsent() const { return transmits_.size(); }
  /// Forgets what nobody has polled.
  void discard_output();

  void handle_timeout(TimePoint now);
  std::optional<TimePoint> next_timeout() const;
  std::optional<Transmit> poll_transmit();

 private:
  void secure(TimePoint now);
  Bytes through_tunnel(TimePoint now, Bytes bytes);
  void take_tls_events();
  void take_raw(Bytes bytes);

  FlowId flow_;
  Endpoint server_;
  TransportProtocol protocol_;
  TimePoint last_sent_;
  bool ready_ = false;
  bool congested_ = false;
  std::optional<LinkFailure> failure_;

  OutputQueue<Transmit> transmits_;
  Bytes datagram_;  // Of UDP, for the time of handle_bytes() and the next_message() after it.
  StreamDeframer deframer_;
  OutputQueue<PacketBuffer> records_;  // Of DTLS, and of a raw stream.
  bool raw_ = false;
  std::optional<PacketBuffer> record_;
  std::optional<HttpTunnel> tunnel_;  // While its way is not open.
  tls::ClientConfig tls_config_;
  std::optional<tls::Connection> tls_;
};

}  // namespace petrel::inline v0::turn

#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "petrel/base/result.hpp"
#include "petrel/data_channel.hpp"
#include "petrel/io/network.hpp"
#include "petrel/peer/config.hpp"
#include "petrel/peer/events.hpp"
#include "petrel/peer/jsep.hpp"
#include "petrel/peer/report.hpp"
#include "petrel/rtp/frame.hpp"

namespace petrel::inline v0 {

namespace detail {
class PeerState;
}

/// The sending half of a transceiver: W3C RTCRtpSender, with encoded frames in
/// place of a track. A handle: copy it freely. Once its PeerConnection is gone or
/// closed, every call fails with Errc::closed or does nothing.
class PETREL_API Sender {
 public:
  /// Queues one encoded frame: H.264 as an Annex B access unit, VP8 and Opus as their
  /// bare frames. The frame is shared, not copied; give the same one to every viewer.
  ///
  /// Errc::wrong_state before the transport is connected (the encoder may just go on:
  /// on_key_frame_request tells when to begin), rtp::Errc::not_sending where the
  /// negotiation does not let us send, rtp::Errc::needs_key_frame after a loss of our
  /// own, until a key frame comes.
  Result<void> send_frame(std::shared_ptr<const EncodedFrame> frame);

  /// Raw RTP: payload type, marker, timestamp and payload of a whole RTP packet. Its
  /// sequence number and SSRC become the sender's.
  Result<void> send_packet(Bytes packet);

  /// The peer needs a key frame: it has just connected, or sent PLI or FIR.
  void on_key_frame_request(std::function<void()> callback);

  /// What the path seems to carry now.
  void on_target_bitrate(std::function<void(Bitrate)> callback);

 private:
  friend class Transceiver;
  std::weak_ptr<detail::PeerState> peer_;
  TransceiverId id_;
};

/// The receiving half: W3C RTCRtpReceiver. A handle, as Sender is.
class PETREL_API Receiver {
 public:
  /// A whole frame, decodable with what was delivered before it.
  void on_frame(std::function<void(const std::shared_ptr<const EncodedFrame>&)> callback);

  /// Raw RTP as it arrives, reordered or not, instead of frames.
  void on_packet(std::function<void(Bytes)> callback);

  /// Asks the peer for a key frame (PLI, or FIR where only that was agreed), until one arrives.
  void request_key_frame();

 private:
  friend class Transceiver;
  std::weak_ptr<detail::PeerState> peer_;
  TransceiverId id_;
};

/// One m-line's worth of media: W3C RTCRtpTransceiver. A handle, as Sender is.
class PETREL_API Transceiver {
 public:
  TransceiverId id() const { return id_; }
  std::optional<std::string> mid() const;
  Kind kind() const;
  /// What we would like, and what offer and answer have made of it.
  Direction direction() const;
  std::optional<Direction> current_direction() const;
  Result<void> set_direction(Direction direction);
  /// The negotiated codec that we send; nullopt before, or where we do not.
  std::optional<Codec> codec() const;
  Result<void> stop();

  Sender sender() const;
  Receiver receiver() const;

  friend bool operator==(const Transceiver& a, const Transceiver& b) { return a.id_ == b.id_; }

 private:
  friend class PeerConnection;
  friend class detail::PeerState;
  std::weak_ptr<detail::PeerState> peer_;
  TransceiverId id_;
};

/// What next_event() yields. Frames come with the transceiver that they belong to.
struct Track {
  Transceiver transceiver;
};
struct Frame {
  Transceiver transceiver;
  std::shared_ptr<const EncodedFrame> frame;
};
struct Packet {
  Transceiver transceiver;
  PacketBuffer packet;
};
struct KeyFrameRequest {
  Transceiver transceiver;
};
/// The peer has opened a data channel.
struct DataChannelAnnounced {
  DataChannel channel;
};
struct DataChannelOpened {
  DataChannel channel;
};
/// try_receive() has something, after it had nothing.
struct DataChannelReadable {
  DataChannel channel;
};
/// try_send() takes more, after it answered false.
struct DataChannelWritable {
  DataChannel channel;
};
struct DataChannelBufferedAmountLow {
  DataChannel channel;
};
/// The peer closes it; what it sent before can still be received.
struct DataChannelClosing {
  DataChannel channel;
};
struct DataChannelClosed {
  DataChannel channel;
  std::error_code error;  ///< None: by a close() of either side.
};
using Event = std::variant<ConnectionStateChanged, IceConnectionStateChanged, IceGatheringStateChanged,
                           SignalingStateChanged, NegotiationNeeded, LocalCandidate, Track, Frame, Packet,
                           KeyFrameRequest, TargetBitrateChanged, DataChannelAnnounced, DataChannelOpened,
                           DataChannelReadable, DataChannelWritable, DataChannelBufferedAmountLow,
                           DataChannelClosing, DataChannelClosed>;

/// A WebRTC peer on an Asio executor, with the W3C's names in snake_case.
///
/// Threads. Distinct peers: safe to use from distinct threads. One peer: use it on its
/// network's executor only, which must be a strand or a single-threaded io_context.
/// Every completion runs on that executor, never inside the call that started it. The
/// library starts no threads.
///
/// Callbacks or events. Installing any callback puts the peer into callback mode,
/// where events that nobody asked for are discarded; without any, they wait for
/// next_event(). Every call is legal inside every callback, close() and destruction of
/// the peer included.
///
/// Lifetime. Destruction closes: DTLS close_notify leaves at once, sockets are closed,
/// pending waits complete with nothing, and no callback runs any more. If the
/// io_context is destroyed first, nothing is delivered any more, and destroying the
/// peer later is still safe. If the Network is destroyed first, the peer is closed.
class PETREL_API PeerConnection {
 public:
  /// On a network that many peers share; it outlives the peer. Throws std::system_error
  /// for a configuration that cannot work: an ICE server URL that is no `stun:` URL, a
  /// certificate that cannot be made.
  explicit PeerConnection(io::Network& network, PeerConfig config = {});
  /// With a network of its own.
  explicit PeerConnection(asio::any_io_executor executor, PeerConfig config = {});
  ~PeerConnection();
  PeerConnection(PeerConnection&&) noexcept;
  PeerConnection& operator=(PeerConnection&&) noexcept;

  // Negotiation: synchronous, since there is nothing to wait for. Errors are of
  // jsep's category or Errc::closed; error_detail() says more about the last one.

  Result<Transceiver> add_transceiver(Kind kind, TransceiverInit init = {});
  /// W3C addTrack: reuses a transceiver that receives only, or makes one that sends and receives.
  Result<Sender> add_track(Kind kind, TransceiverInit init = {});
  std::vector<Transceiver> transceivers() const;

  /// Opens with the connection, or at once where there is one with data channels; the first one needs
  /// an offer (on_negotiation_needed). Errors: datachannel::Errc, as the W3C's createDataChannel() throws.
  Result<DataChannel> create_data_channel(std::string label, DataChannelInit init = {});
  /// Those that are not closed, the peer's included.
  std::vector<DataChannel> data_channels() const;

  /// The next offer restarts ICE (W3C restartIce): new credentials and candidates, while media
  /// goes on over the old pair. Call it when the network has changed, or to revive a peer that
  /// has failed; on_negotiation_needed follows.
  void restart_ice();
  Result<SessionDescription> create_offer();
  Result<SessionDescription> create_answer();
  /// Makes the offer or the answer itself, as the W3C text says.
  Result<void> set_local_description();
  Result<void> set_local_description(SessionDescription description);
  Result<void> set_remote_description(SessionDescription description);
  /// `candidate` as in the attribute, without "a="; empty means end of candidates.
  /// `mid` may be empty for the first m-line.
  Result<void> add_ice_candidate(std::string_view candidate, std::string_view mid = {});

  /// With the candidates gathered so far; nullopt while there is none.
  std::optional<SessionDescription> local_description() const;
  std::optional<SessionDescription> remote_description() const;

  /// What was wrong with the last description that was refused (the line, the m-line, what to do), or
  /// with the last data channel or message.
  std::string error_detail() const;
  /// The m-lines that the last applied description rejected, and why.
  std::vector<RejectedMedia> rejected_media() const;

  /// Other servers for the next gathering (W3C setConfiguration): restart_ice() makes it one that uses them.
  /// TURN servers that are in use get their new credentials at once, so call it before those expire that
  /// they have. Errors: PeerErrc::bad_ice_server and the like, and nothing has changed.
  Result<void> set_ice_servers(std::vector<IceServer> servers);

  // States.

  ConnectionState connection_state() const;
  IceConnectionState ice_connection_state() const;
  IceGatheringState ice_gathering_state() const;
  SignalingState signaling_state() const;

  // The first door: callbacks.

  void on_connection_state_change(std::function<void(ConnectionState)> callback);
  void on_ice_connection_state_change(std::function<void(IceConnectionState)> callback);
  void on_ice_gathering_state_change(std::function<void(IceGatheringState)> callback);
  void on_signaling_state_change(std::function<void(SignalingState)> callback);
  void on_negotiation_needed(std::function<void()> callback);
  void on_ice_candidate(std::function<void(const LocalCandidate&)> callback);
  /// The peer sends, or wants to, on this transceiver.
  void on_track(std::function<void(Transceiver)> callback);
  /// The peer has opened a data channel. Its messages wait until the callback has set on_message(), or
  /// somebody calls receive().
  void on_data_channel(std::function<void(DataChannel)> callback);

  // The second: coroutines.

  /// The next thing that happened; nullopt once the peer is closed. Throws
  /// std::system_error with Errc::busy if another next_event() is waiting, and with
  /// Errc::wrong_state in callback mode.
  asio::awaitable<std::optional<Event>> next_event();

  /// The local description with all candidates in it, for signalling without trickle:
  /// once gathering is done, or with what there is after `limit`. Throws
  /// std::system_error with Errc::closed or Errc::wrong_state (no local description).
  asio::awaitable<SessionDescription> gathered_description(Duration limit = std::chrono::seconds(10));

  // Insight.

  PeerStats stats() const;
  ConnectionReport report() const;
  /// Why it is not connected (or that it is), in one paragraph, built from the report.
  std::string why() const;

  /// Closes for good. Pending waits complete; no further event comes.
  void close();

 private:
  std::unique_ptr<Network> own_network_;
  std::shared_ptr<detail::PeerState> state_;  // The only shared object of a peer.
};

}  // namespace petrel::inline v0

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>
#include <vector>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/datachannel/channels.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/peer/config.hpp"
#include "petrel/peer/jsep.hpp"
#include "petrel/rtp/frame.hpp"

namespace petrel::inline v0 {

/// W3C RTCPeerConnectionState: what ICE and DTLS together amount to.
enum class ConnectionState : std::uint8_t { new_, connecting, connected, disconnected, failed, closed };
/// W3C RTCIceConnectionState.
using IceConnectionState = ice::State;
/// W3C RTCIceGatheringState.
enum class IceGatheringState : std::uint8_t { new_, gathering, complete };

PETREL_API std::string_view to_string(ConnectionState state);
PETREL_API std::string_view to_string(IceGatheringState state);

struct ConnectionStateChanged {
  ConnectionState state;
  std::error_code reason;  ///< Of failed and closed: PeerErrc or dtls::Errc.
};
struct IceConnectionStateChanged {
  IceConnectionState state;
};
struct IceGatheringStateChanged {
  IceGatheringState state;
};
struct SignalingStateChanged {
  SignalingState state;
};
/// Something of ours is not in the last agreement: make an offer (W3C negotiationneeded).
struct NegotiationNeeded {};
/// A candidate to be told to the peer, or, with an empty `candidate`, that there are no more.
struct LocalCandidate {
  std::string candidate;  ///< "candidate:…", as RTCIceCandidate.candidate.
  std::string mid;
  std::size_t media_line = 0;
  std::string ufrag;
};
/// The peer sends, or wants to, on this transceiver (W3C track).
struct TrackAdded {
  TransceiverId transceiver;
};
struct FrameArrived {
  TransceiverId transceiver;
  std::shared_ptr<const EncodedFrame> frame;
};
struct PacketArrived {
  TransceiverId transceiver;
  PacketBuffer packet;  ///< Plaintext RTP, header included.
};
/// The peer needs a key frame: it has just connected, or asked by PLI or FIR.
struct KeyFrameWanted {
  TransceiverId transceiver;
};
struct TargetBitrateChanged {
  Bitrate bitrate;  ///< Over all that this peer sends.
};

/// The peer has opened a data channel (W3C datachannel). ChannelOpened follows.
using ChannelAnnounced = datachannel::Announced;
/// Messages can be sent.
using ChannelOpened = datachannel::Opened;
/// Peer::receive() has something, after it had nothing.
using ChannelReadable = datachannel::Readable;
/// Peer::try_send() takes more, after it answered false.
using ChannelWritable = datachannel::Writable;
/// W3C bufferedamountlow.
using ChannelBufferedAmountLow = datachannel::BufferedAmountLow;
/// W3C closing: the peer closes the channel. What it sent before can still be received.
using ChannelClosing = datachannel::Closing;
/// Nothing more goes or comes. With an error it ended otherwise than by a close().
using ChannelClosed = datachannel::Closed;

/// An m-line that came to nothing in the last description.
struct RejectedMedia {
  std::string mid;
  std::optional<Kind> kind{};  ///< nullopt: data channels, or an m-line of another kind.
  std::error_code reason;      ///< jsep::Errc
  std::string detail;          ///< In words: both sides' codecs, where there is none in common.
};

using PeerEvent =
    std::variant<ConnectionStateChanged, IceConnectionStateChanged, IceGatheringStateChanged,
                 SignalingStateChanged, NegotiationNeeded, LocalCandidate, TrackAdded, FrameArrived,
                 PacketArrived, KeyFrameWanted, TargetBitrateChanged, ChannelAnnounced, ChannelOpened,
                 ChannelReadable, ChannelWritable, ChannelBufferedAmountLow, ChannelClosing, ChannelClosed>;

}  // namespace petrel::inline v0

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/base/strong.hpp"
#include "petrel/peer/codec.hpp"
#include "petrel/peer/errc.hpp"

namespace petrel::inline v0 {

enum class SdpType : std::uint8_t { offer, pranswer, answer, rollback };

/// A session description as it is signalled. A rollback has no text.
struct SessionDescription {
  SdpType type = SdpType::offer;
  std::string sdp;

  friend bool operator==(const SessionDescription&, const SessionDescription&) = default;
};

/// W3C RTCSignalingState. `closed` belongs to the peer, not to the negotiation.
enum class SignalingState : std::uint8_t {
  stable,
  have_local_offer,
  have_remote_offer,
  have_local_pranswer,
  have_remote_pranswer,
};

using TransceiverId = Strong<std::uint32_t, struct TransceiverIdTag>;

PETREL_API std::string_view to_string(SdpType type);
PETREL_API std::string_view to_string(SignalingState state);

}  // namespace petrel::inline v0

/// Offer/answer for WebRTC: JSEP (RFC 9429) over RFC 3264, RFC 9143 (BUNDLE) and RFC 8842.
/// Text in, text out; no transport, no packet, no clock.
namespace petrel::inline v0::jsep {

/// DTLS role, which a=setup settles (RFC 8842 5): active is the client.
enum class DtlsRole : std::uint8_t { client, server };

/// An RTP header extension that this side understands, by URI (RFC 8285).
struct HeaderExtension {
  std::string uri;
  bool audio = true;
  bool video = true;
};

/// mid and audio level: what needs no support beyond reading it. Add "…/abs-send-time" and
/// "…transport-wide-cc-extensions-01" when something stamps them.
PETREL_API std::vector<HeaderExtension> default_header_extensions();

struct NegotiationConfig {
  /// o= session id, RFC 9429 5.2.1: a random number below 2^63.
  std::uint64_t session_id = 1;
  std::vector<HeaderExtension> header_extensions = default_header_extensions();
  /// For transceivers that a remote offer makes.
  std::vector<Codec> audio_codecs = {opus()};
  std::vector<Codec> video_codecs = {h264(), vp8()};
  /// CNAME of all our streams, RFC 7022: random, new for each peer.
  std::string cname = "petrel";
  /// The role to choose where the peer lets us. RFC 8842 5.3 recommends active.
  DtlsRole preferred_role = DtlsRole::client;
  /// Offer data channels before all media, even where none was asked for (alwaysNegotiateDataChannels of
  /// the W3C's extensions): the first channel then needs no renegotiation.
  bool always_negotiate_data_channels = false;
  /// Of our end of the SCTP association, RFC 8841 5.
  std::uint16_t sctp_port = 5000;
  /// The longest data channel message that we take, in bytes; 0: any (RFC 8841 6).
  std::uint64_t max_message_size = 256 * 1024;
};

/// What the transport contributes to a description, all of it as text.
struct LocalTransport {
  std::string ice_ufrag;
  std::string ice_pwd;
  bool ice_lite = false;
  bool ice_renomination = false;          ///< Say a=ice-options:renomination.
  std::vector<std::string> fingerprints;  ///< Values of a=fingerprint: "sha-256 AB:CD:…".
  std::vector<std::string> candidates;    ///< "candidate:…", those gathered so far.
  bool end_of_candidates = false;
  /// Our SCTP INIT chunk, for SNAP (draft-hancke-tsvwg-snap): in offers of data channels, and in answers to
  /// those that have the peer's. Empty: a=sctp-init is not written.
  std::vector<std::byte> sctp_init;
};

/// What our sender puts into the SDP.
struct SenderStreams {
  std::vector<std::string> stream_ids;  ///< RFC 8830 msid; none is written as "-".
  std::string track_id;
  std::optional<std::uint32_t> ssrc;      ///< RFC 5576; without it no a=ssrc is written.
  std::optional<std::uint32_t> rtx_ssrc;  ///< Used where RTX is agreed on.
};

struct TransceiverInit {
  Kind kind = Kind::video;
  Direction direction = Direction::send_recv;  ///< What we want; the peer may want less.
  std::vector<Codec> codecs = {};              ///< In order of preference. Empty: the configuration's.
  SenderStreams sender = {};
  /// Whether a remote offer's m-line of this kind may take this transceiver. Deviates from
  /// the W3C, where only addTrack() makes such, so that a camera can be set up before it
  /// is called.
  bool answers_offers = true;
};

/// What a transceiver is now. A copy.
struct TransceiverState {
  TransceiverId id;
  Kind kind = Kind::video;
  Direction direction = Direction::send_recv;  ///< As asked for.
  std::optional<Direction> current_direction;  ///< As agreed on; nullopt before the first answer.
  std::optional<std::string> mid;
  bool stopped = false;
  bool made_by_peer = false;
  std::vector<Codec> codecs;
  /// Whether the order of `codecs` was asked for (W3C setCodecPreferences). If not, an answer
  /// keeps the offer's order.
  bool codecs_chosen = false;
  SenderStreams sender;
};

// ---- What a description means for the layers below --------------------------------------

struct RemoteCandidate {
  std::string candidate;  ///< "candidate:…" as ice parses it.
  std::string mid;        ///< The m-line it stood in, which need not be the one that carries the transport.
};

/// The transport that all m-lines share.
struct TransportChange {
  std::string mid;  ///< Of the m-line that carries it (RFC 9143: the tagged one). For our own trickling.
  std::size_t media_line = 0;
  std::string ice_ufrag;
  std::string ice_pwd;
  bool ice_lite = false;
  bool renomination = false;  ///< a=ice-options:renomination.
  bool trickle = false;       ///< a=ice-options:trickle: more candidates may follow.
  bool restarted = false;     ///< The credentials differ from those agreed on before: an ICE restart.
  std::vector<std::string> fingerprints;  ///< Values of a=fingerprint.
  std::optional<DtlsRole> role;           ///< Ours. nullopt until both sides have said.
  std::vector<RemoteCandidate> candidates;
  bool end_of_candidates = false;
};

/// A payload type on the wire, and what it means.
struct NegotiatedCodec {
  std::uint8_t payload_type = 0;
  Codec codec;  ///< `parameters` are of the side that receives, `feedback` is what both agreed on.
  std::optional<std::uint8_t> rtx_payload_type;

  friend bool operator==(const NegotiatedCodec&, const NegotiatedCodec&) = default;
};

struct NegotiatedExtension {
  std::uint8_t id = 0;
  std::string uri;

  friend bool operator==(const NegotiatedExtension&, const NegotiatedExtension&) = default;
};

/// A stream that the peer announced by a=ssrc. Browsers need not: mid then tells (RFC 9143 9.2).
struct RemoteStream {
  std::uint32_t ssrc = 0;
  std::optional<std::uint32_t> rtx_ssrc;
  std::string cname;
};

/// One audio or video m-line, in the order of the SDP.
struct MediaChange {
  std::size_t media_line = 0;
  std::string mid;
  Kind kind = Kind::video;
  TransceiverId transceiver;
  /// False on an m-line that is rejected: then `reason` and `detail` say why, and the rest is empty.
  bool accepted = true;
  std::error_code reason;
  std::string detail;
  /// Ours, as agreed on. Of an offer alone: the most that it lets us do.
  Direction direction = Direction::inactive;
  /// By preference; the first is the one to use. Empty until an answer is there.
  std::vector<NegotiatedCodec> send_codecs;
  std::vector<NegotiatedCodec> receive_codecs;
  std::vector<NegotiatedExtension> extensions;
  bool reduced_size_rtcp = false;  ///< RFC 5506
  std::vector<RemoteStream> remote_streams;
  std::vector<std::string> remote_stream_ids;  ///< a=msid, without "-".
  std::string remote_track_id;
  SenderStreams local;  ///< rtx_ssrc is absent where no RTX was agreed on.
  std::string cname;    ///< Ours.
};

/// The m=application line that carries all data channels.
struct DataChannelChange {
  std::size_t media_line = 0;
  std::string mid;
  /// False where either side rejects it: then `reason` and `detail` say why.
  bool accepted = false;
  std::error_code reason{};
  std::string detail{};
  std::uint16_t sctp_port = 5000;  ///< The peer's.
  std::uint64_t max_message_size =
      65536;  ///< The longest that the peer takes, in bytes; 0: any. RFC 8841 6.1.
  /// The peer's SCTP INIT chunk (draft-hancke-tsvwg-snap). After an agreement: only where both said theirs.
  std::vector<std::byte> sctp_init{};
};

/// An m-line of the peer's that is refused and belongs to nothing: of an unknown kind, or a second
/// one for data channels.
struct RefusedLine {
  std::size_t media_line = 0;
  std::string mid;
  std::error_code reason;
  std::string detail;
};

/// What an applied description changes. The peer carries it out.
struct Changes {
  SignalingState state = SignalingState::stable;  ///< After it.
  /// True after an answer or provisional answer: `media` is then complete.
  bool negotiated = false;
  /// True where an offer was dropped: by a rollback, or by an offer that crossed ours.
  bool rolled_back = false;
  /// Of remote descriptions and of agreements: nullopt after an offer of ours, and where nothing is accepted.
  std::optional<TransportChange> transport;
  std::vector<MediaChange> media;
  std::optional<DataChannelChange> data_channels;  ///< nullopt: there is no such m-line.
  std::vector<RefusedLine> refused;
  std::vector<TransceiverId> created;  ///< By this remote offer.
  std::vector<TransceiverId> removed;  ///< Made by an offer that was rolled back; forget them.
  std::vector<TransceiverId> stopped;  ///< Their m-lines were rejected.
};

/// The signalling half of a peer: descriptions, transceivers, m-lines.
///
/// Sans-I/O and synchronous. Everything random (ids, SSRCs, credentials) comes in as
/// data. A call that fails changes nothing, and detail() then says why in words.
///
/// Limits: one transport, so all m-lines must be bundled. Where the peer does not bundle,
/// the first acceptable m-line keeps the transport and the others are rejected with
/// Errc::not_bundled. RTCP must be multiplexed. Simulcast is read and not agreed to. One m-line carries
/// all data channels (RFC 8841 14).
class PETREL_API Negotiation {
 public:
  /// Browsers stop at 128 or fewer; a description with more is not a call.
  static constexpr std::size_t max_media_lines = 128;

  explicit Negotiation(NegotiationConfig config = {});
  ~Negotiation();
  Negotiation(Negotiation&&) noexcept;
  Negotiation& operator=(Negotiation&&) noexcept;

  Result<TransceiverId> add_transceiver(TransceiverInit init);
  /// Take effect with the next offer or answer.
  Result<void> set_direction(TransceiverId id, Direction direction);
  Result<void> set_codecs(TransceiverId id, std::vector<Codec> codecs);
  Result<void> set_sender(TransceiverId id, SenderStreams sender);
  /// Its m-line is rejected in the next description, and may be used again after that.
  Result<void> stop(TransceiverId id);
  /// Data channels are wanted: the next offer has an m-line for them. For good, unless the peer rejects it.
  void add_data_channels();
  std::optional<TransceiverState> transceiver(TransceiverId id) const;
  std::vector<TransceiverState> transceivers() const;  ///< In order of creation, stopped ones left out.

  /// Legal in stable and have_local_offer. Other ICE credentials than before are an ICE restart.
  Result<SessionDescription> create_offer(const LocalTransport& transport);
  /// Legal in have_remote_offer and have_local_pranswer.
  Result<SessionDescription> create_answer(const LocalTransport& transport);
  /// Whether what create_offer() or create_answer() would make now has a place for LocalTransport::sctp_init.
  bool has_place_for_sctp_init() const;

  /// What create_*() made last, unchanged; empty text means just that. As pranswer too.
  Result<Changes> set_local_description(const SessionDescription& description);
  /// An offer that crosses ours drops ours first (W3C: implicit rollback). A caller that must
  /// not give way looks at state() before.
  Result<Changes> set_remote_description(const SessionDescription& description);
  /// The same as a description of type rollback.
  Result<Changes> rollback();

  /// A trickled candidate of the peer: checks that its m-line exists and keeps it for
  /// remote_description(). Empty `candidate` is end-of-candidates (RFC 8838 13).
  /// Answers the m-line's mid. `mid` wins over `media_line`; `ufrag`, where given, must be
  /// of a description that is in force.
  struct TrickledCandidate {
    std::string candidate;
    std::string mid;
    std::optional<std::size_t> media_line;
    std::string ufrag;
  };
  Result<std::string> add_remote_candidate(const TrickledCandidate& candidate);

  SignalingState state() const;
  /// W3C "negotiation needed", 4.7.3: something of ours is not in the last agreement.
  bool negotiation_needed() const;

  /// Pending if there is one, else current, with these candidates written into the m-line
  /// that carries the transport.
  std::optional<SessionDescription> local_description(std::span<const std::string> candidates = {},
                                                      bool end_of_candidates = false) const;
  std::optional<SessionDescription> remote_description() const;
  std::optional<SessionDescription> current_local_description() const;
  std::optional<SessionDescription> pending_local_description() const;
  std::optional<SessionDescription> current_remote_description() const;
  std::optional<SessionDescription> pending_remote_description() const;

  /// What the last call that failed had to say: "m-line 1 (video): no common codec: …".
  const std::string& detail() const;

 private:
  class Session;  // Elsewhere, so that users of this header see nothing of SDP's grammar.
  std::unique_ptr<Session> session_;
};

}  // namespace petrel::inline v0::jsep

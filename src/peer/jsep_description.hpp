#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/result.hpp"
#include "petrel/peer/codec.hpp"
#include "petrel/peer/jsep.hpp"
#include "petrel/sdp/attributes.hpp"
#include "petrel/sdp/session.hpp"

namespace petrel::inline v0::jsep {

/// A codec under the payload type that one side gave it.
struct DescribedCodec {
  std::uint8_t payload_type = 0;
  Codec codec;
  std::optional<std::uint8_t> rtx_payload_type;
};

/// One m-line as WebRTC understands it.
struct MediaDescription {
  std::string mid;  ///< Made up where the text has none.
  bool mid_is_written = false;
  std::string media;  ///< "audio", "video", "application", or what is not supported.
  std::string protocol;
  std::vector<std::string> formats;
  std::optional<Kind> kind;  ///< nullopt for all but audio and video.
  bool rejected = false;     ///< Port 0, and not because of a=bundle-only.
  Direction direction = Direction::send_recv;
  bool rtcp_mux = false;
  bool rtcp_rsize = false;

  std::vector<DescribedCodec> codecs;
  std::vector<sdp::ExtensionMap> extensions;
  std::vector<RemoteStream> streams;
  std::vector<std::string> stream_ids;
  std::string track_id;

  std::string ice_ufrag;
  std::string ice_pwd;
  bool trickle = false;
  bool renomination = false;
  std::vector<std::string> fingerprints;
  std::optional<sdp::Setup::Role> setup;
  std::vector<std::string> candidates;
  bool end_of_candidates = false;

  std::optional<DataChannelChange> data_channels;  ///< Of an m=application line for WebRTC's data channels.

  bool has_credentials() const { return !ice_ufrag.empty() && !ice_pwd.empty(); }
};

/// A description that is sound SDP, and means something to a peer connection (RFC 9429 5.8).
struct Description {
  SdpType type = SdpType::offer;
  std::string text;
  sdp::Session session;
  bool ice_lite = false;
  std::vector<std::vector<std::string>> bundles;  ///< mids of each a=group:BUNDLE.
  std::vector<MediaDescription> media;

  std::optional<std::size_t> index_of(std::string_view mid) const;
  /// The BUNDLE group that this mid belongs to, or nullptr.
  const std::vector<std::string>* bundle_of(std::string_view mid) const;
  /// The m-line that carries the transport: the first of its group that is not rejected
  /// (RFC 9143 7.3.1), or the first not rejected where nothing is bundled.
  std::optional<std::size_t> tagged() const;
};

/// Reads a description. `detail` gets the reason where it fails.
Result<Description> read_description(const SessionDescription& description, std::string& detail);

/// "m-line 1 (video, mid 0)": how messages name an m-line. Counts from 0, as the W3C's sdpMLineIndex.
std::string name_of(const MediaDescription& media, std::size_t index);

/// Whether DTLS-SRTP runs over it (RFC 9429 5.1.2 names what must be accepted).
bool is_dtls_srtp(std::string_view protocol);

/// Whether SCTP over DTLS runs over it, in the form of RFC 8841 4.2 or in the one before.
bool is_dtls_sctp(std::string_view protocol);
/// The form before RFC 8841, `DTLS/SCTP 5000`, which names the port where the application stands now.
bool is_legacy_dtls_sctp(std::string_view protocol);

}  // namespace petrel::inline v0::jsep

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "peer/jsep_description.hpp"
#include "petrel/peer/jsep.hpp"
#include "petrel/sdp/attributes.hpp"
#include "petrel/sdp/session.hpp"

namespace petrel::inline v0::jsep {

/// What one accepted m-line of ours says.
struct SectionContent {
  std::string mid;  ///< Empty: none is written, since the offer had none.
  Kind kind = Kind::video;
  std::string protocol = "UDP/TLS/RTP/SAVPF";
  Direction direction = Direction::inactive;
  std::vector<DescribedCodec> codecs;
  std::vector<sdp::ExtensionMap> extensions;
  bool reduced_size_rtcp = true;
  bool is_offer = true;
  SenderStreams sender;
  std::string cname;
};

/// What our m-line for data channels says, RFC 8841.
struct DataContent {
  std::string mid;                         ///< Empty: none is written, since the offer had none.
  std::string protocol = "UDP/DTLS/SCTP";  ///< An answer keeps the offer's, the form before RFC 8841 too.
  std::uint16_t sctp_port = 5000;
  std::uint64_t max_message_size = 0;
  std::vector<std::byte> sctp_init{};
};

/// The session level of a description of ours, without m-lines.
sdp::Session session_section(std::uint64_t id, std::uint64_t version, const LocalTransport& transport);

/// An accepted m-line, the candidates not in it.
sdp::MediaSection media_section(const SectionContent& content, const LocalTransport& transport,
                                sdp::Setup::Role setup);

/// The accepted m-line of the data channels, the candidates not in it.
sdp::MediaSection data_section(const DataContent& content, const LocalTransport& transport,
                               sdp::Setup::Role setup);

/// An m-line with port 0, which keeps the place of what `media` says (RFC 3264 6).
sdp::MediaSection rejected_section(const MediaDescription& media);

/// "candidate:…" as an attribute, once per candidate; with end-of-candidates where they are all.
void add_candidates(sdp::Attributes& attributes, std::span<const std::string> candidates,
                    bool end_of_candidates);

/// Splits "candidate:…" or "a=candidate:…"; nullopt where it is neither, or holds a line end.
std::optional<sdp::Attribute> candidate_attribute(std::string_view text);

/// Whether it can stand in a line of SDP as one field: printable, no blank.
bool is_field(std::string_view text);

}  // namespace petrel::inline v0::jsep

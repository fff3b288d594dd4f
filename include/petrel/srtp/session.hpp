#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "petrel/base/packet_buffer.hpp"
#include "petrel/base/result.hpp"
#include "petrel/srtp/errc.hpp"
#include "petrel/srtp/keys.hpp"

struct srtp_ctx_t_;  // libsrtp2's session.

namespace petrel::inline v0::srtp {

/// Both directions of SRTP and SRTCP over one transport (RFC 3711, RFC 7714).
///
/// Packets are changed in place; one that fails is left in an unspecified state and is to
/// be dropped. There is no time in SRTP, and no event: every call answers at once. Rollover
/// counters start at 0 and are kept for every SSRC, as DTLS-SRTP has no way to say otherwise.
///
/// A received SSRC costs memory only once a packet of it was authentic, and at most
/// max_sources of them do: forged packets make nothing grow.
class PETREL_API Session {
 public:
  /// How far behind the newest packet one may be and still be told from a replay. Longer
  /// than what a retransmission needs at 1,000 packets a second; 64 is RFC 3711's least.
  static constexpr std::size_t replay_window = 1024;

  /// SSRCs in one direction. libsrtp2 walks a list of them for each packet.
  static constexpr std::size_t max_sources = 256;

  /// `local` protects what we send, `remote` what we receive. Errors: bad_key, library_failure.
  static Result<Session> create(Profile profile, const Keys& local, const Keys& remote);

  /// Protects an RTP packet. Grows it by rtp_overhead(). The same SSRC and index again is
  /// an error, whatever changed in the packet: send the protected bytes again instead, or RTX.
  Result<void> protect_rtp(PacketBuffer& packet);
  /// Protects a compound RTCP packet, under the SSRC of its first header. Grows it by rtcp_overhead().
  Result<void> protect_rtcp(PacketBuffer& packet);

  Result<void> unprotect_rtp(PacketBuffer& packet);
  Result<void> unprotect_rtcp(PacketBuffer& packet);

  Profile profile() const { return profile_; }
  /// SSRCs that we sent from, and heard from.
  std::size_t local_sources() const { return sending_.sources.size(); }
  std::size_t remote_sources() const { return receiving_.sources.size(); }

 private:
  struct FreeContext {
    void operator()(srtp_ctx_t_* context) const noexcept;
  };
  struct Direction {
    std::unique_ptr<srtp_ctx_t_, FreeContext> context;
    std::vector<std::uint32_t> sources;  // Sorted.

    bool has_room_for(std::uint32_t ssrc) const;
    void remember(std::uint32_t ssrc);
  };

  Session(Profile profile, Direction sending, Direction receiving)
      : profile_(profile), sending_(std::move(sending)), receiving_(std::move(receiving)) {}

  Profile profile_;
  Direction sending_;
  Direction receiving_;
};

}  // namespace petrel::inline v0::srtp

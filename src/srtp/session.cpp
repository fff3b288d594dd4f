#include "petrel/srtp/session.hpp"

#include <srtp2/srtp.h>

#include <algorithm>
#include <array>
#include <optional>

#include "petrel/base/errc.hpp"

namespace petrel::inline v0::srtp {
namespace {

// What libsrtp2 may write behind a packet: the tag, an MKI, and the SRTCP index.
constexpr std::size_t scratch = SRTP_MAX_TRAILER_LEN + 4;

constexpr std::size_t max_key_and_salt = 32 + 14;

void set_policy(srtp_policy_t& policy, Profile profile) {
  switch (profile) {
    case Profile::aes128_cm_sha1_80:
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtp);
      srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(&policy.rtcp);
      return;
    case Profile::aead_aes_128_gcm:
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
      return;
    case Profile::aead_aes_256_gcm:
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
      srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtcp);
      return;
  }
}

// Debian's libsrtp2 has its ciphers from NSS, which loads its modules for the first context and
// unloads them with the last: whoever has one peer at a time would pay for that with each, a
// third of what a connection costs. One context that nobody uses keeps them.
srtp_t make_unused_context() {
  std::array<std::byte, max_key_and_salt> no_key{};
  srtp_policy_t policy{};
  set_policy(policy, Profile::aead_aes_128_gcm);
  policy.ssrc.type = ssrc_any_outbound;
  policy.key = as_unsigned(std::span<std::byte>(no_key));
  srtp_t context = nullptr;
  return srtp_create(&context, &policy) == srtp_err_status_ok ? context : nullptr;
}

bool library_ready() {
  static const bool ready = srtp_init() == srtp_err_status_ok;  // Once per process.
  static const srtp_t unused = ready ? make_unused_context() : nullptr;
  return ready && unused != nullptr;
}

// One context for each direction, so that a peer that uses our SSRCs disturbs nothing.
srtp_t make_context(Profile profile, const Keys& keys, srtp_ssrc_type_t direction) {
  std::array<std::byte, max_key_and_salt> key_and_salt{};
  ByteWriter writer(key_and_salt);
  writer.bytes(keys.key.bytes());
  writer.bytes(keys.salt.bytes());

  srtp_policy_t policy{};
  set_policy(policy, profile);
  policy.ssrc.type = direction;
  policy.key = as_unsigned(std::span<std::byte>(key_and_salt));
  policy.window_size = Session::replay_window;
  policy.allow_repeat_tx = 0;

  srtp_t context = nullptr;
  if (srtp_create(&context, &policy) != srtp_err_status_ok) context = nullptr;
  crypto::cleanse(key_and_salt);
  return context;
}

// The SSRC of a whole RTP header with `trailer` bytes behind it, RFC 3550 5.1.
std::optional<std::uint32_t> rtp_ssrc(Bytes packet, std::size_t trailer) {
  ByteReader reader(packet);
  const std::uint8_t first = reader.u8();
  reader.skip(7);
  const std::uint32_t ssrc = reader.u32();
  reader.skip(4u * (first & 0x0f));  // CSRCs
  if ((first & 0x10) != 0) {         // RFC 3550 5.3.1: the header extension's length is in words.
    reader.skip(2);
    reader.skip(4u * reader.u16());
  }
  if (!reader.ok() || first >> 6 != 2 || reader.remaining() < trailer) return std::nullopt;
  return ssrc;
}

// The SSRC of the first header of a compound packet, RFC 3550 6.4.
std::optional<std::uint32_t> rtcp_ssrc(Bytes packet, std::size_t trailer) {
  ByteReader reader(packet);
  const std::uint8_t first = reader.u8();
  reader.skip(3);
  const std::uint32_t ssrc = reader.u32();
  if (!reader.ok() || first >> 6 != 2 || reader.remaining() < trailer) return std::nullopt;
  return ssrc;
}

Errc sending_error(srtp_err_status_t status) {
  switch (status) {
    case srtp_err_status_replay_fail:
      return Errc::already_protected;
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return Errc::too_old;
    case srtp_err_status_key_expired:
      return Errc::key_expired;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
      return Errc::malformed;
    default:
      return Errc::library_failure;
  }
}

Errc receiving_error(srtp_err_status_t status) {
  switch (status) {
    case srtp_err_status_replay_fail:
      return Errc::replayed;
    case srtp_err_status_replay_old:
    case srtp_err_status_pkt_idx_old:
      return Errc::too_old;
    case srtp_err_status_key_expired:
      return Errc::key_expired;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err:
      return Errc::malformed;
    // GCM finds a wrong tag while it decrypts. SRTCP whose E bit contradicts the profile
    // (RFC 3711 3.4) was not protected by our peer either.
    case srtp_err_status_auth_fail:
    case srtp_err_status_cipher_fail:
    case srtp_err_status_cant_check:
      return Errc::authentication_failed;
    default:
      return Errc::library_failure;
  }
}

using Operation = srtp_err_status_t (*)(srtp_t, void*, int*);

srtp_err_status_t apply(Operation operation, srtp_t context, PacketBuffer& packet) {
  int size = static_cast<int>(packet.size());
  const srtp_err_status_t status = operation(context, packet.data(), &size);
  if (status == srtp_err_status_ok) packet.resize(static_cast<std::size_t>(size));
  return status;
}

}  // namespace

void Session::FreeContext::operator()(srtp_ctx_t_* context) const noexcept { srtp_dealloc(context); }

bool Session::Direction::has_room_for(std::uint32_t ssrc) const {
  return sources.size() < max_sources || std::ranges::binary_search(sources, ssrc);
}

void Session::Direction::remember(std::uint32_t ssrc) {
  const auto at = std::ranges::lower_bound(sources, ssrc);
  if (at == sources.end() || *at != ssrc) sources.insert(at, ssrc);
}

Result<Session> Session::create(Profile profile, const Keys& local, const Keys& remote) {
  if (!is_known(profile)) return petrel::Errc::invalid_argument;
  for (const Keys* keys : {&local, &remote}) {
    if (keys->key.size() != key_size(profile) || keys->salt.size() != salt_size(profile))
      return Errc::bad_key;
  }
  if (!library_ready()) return Errc::library_failure;

  Direction sending, receiving;
  sending.context.reset(make_context(profile, local, ssrc_any_outbound));
  receiving.context.reset(make_context(profile, remote, ssrc_any_inbound));
  if (!sending.context || !receiving.context) return Errc::library_failure;
  return Session(profile, std::move(sending), std::move(receiving));
}

Result<void> Session::protect_rtp(PacketBuffer& packet) {
  const auto ssrc = rtp_ssrc(packet.bytes(), 0);
  if (!ssrc) return Errc::malformed;
  if (packet.size() + scratch > packet.max_size()) return petrel::Errc::too_long;
  if (!sending_.has_room_for(*ssrc)) return Errc::too_many_sources;

  const auto status = apply(srtp_protect, sending_.context.get(), packet);
  if (status != srtp_err_status_ok) return sending_error(status);
  sending_.remember(*ssrc);
  return {};
}

Result<void> Session::protect_rtcp(PacketBuffer& packet) {
  const auto ssrc = rtcp_ssrc(packet.bytes(), 0);
  if (!ssrc) return Errc::malformed;
  if (packet.size() + scratch > packet.max_size()) return petrel::Errc::too_long;
  if (!sending_.has_room_for(*ssrc)) return Errc::too_many_sources;

  const auto status = apply(srtp_protect_rtcp, sending_.context.get(), packet);
  if (status != srtp_err_status_ok) return sending_error(status);
  sending_.remember(*ssrc);
  return {};
}

Result<void> Session::unprotect_rtp(PacketBuffer& packet) {
  const auto ssrc = rtp_ssrc(packet.bytes(), rtp_overhead(profile_));
  if (!ssrc) return Errc::malformed;
  if (!receiving_.has_room_for(*ssrc)) return Errc::too_many_sources;

  const auto status = apply(srtp_unprotect, receiving_.context.get(), packet);
  if (status != srtp_err_status_ok) return receiving_error(status);
  receiving_.remember(*ssrc);  // libsrtp2 too keeps a new SSRC only once a packet was authentic.
  return {};
}

Result<void> Session::unprotect_rtcp(PacketBuffer& packet) {
  const auto ssrc = rtcp_ssrc(packet.bytes(), rtcp_overhead(profile_));
  if (!ssrc) return Errc::malformed;
  if (!receiving_.has_room_for(*ssrc)) return Errc::too_many_sources;

  const auto status = apply(srtp_unprotect_rtcp, receiving_.context.get(), packet);
  if (status != srtp_err_status_ok) return receiving_error(status);
  receiving_.remember(*ssrc);
  return {};
}

}  // namespace petrel::inline v0::srtp

#include "measure.hpp"
#include "petrel/srtp/session.hpp"

#include <array>
#include <string>
#include <vector>

// What it costs to protect and unprotect one packet of 1,200 bytes. A measured protection
// includes the copy of the plain packet into a pooled buffer, as each viewer of a stream
// makes one; `copy alone` is that part.

using namespace petrel;

namespace {

constexpr std::size_t packet_size = 1200;

std::vector<std::byte> rtp_packet() {
  std::vector<std::byte> packet(packet_size);
  ByteWriter writer(packet);
  writer.u16(0x8060);
  writer.u16(0);
  writer.u32(1);
  writer.u32(0xcafe);
  return packet;
}

PacketBuffer numbered(std::vector<std::byte>& packet, std::uint16_t sequence) {
  packet[2] = static_cast<std::byte>(sequence >> 8);
  packet[3] = static_cast<std::byte>(sequence & 0xff);
  return *PacketBuffer::copy_of(packet);
}

void run(srtp::Profile profile, const std::string& name) {
  const std::array<std::byte, 32> octets{};
  const srtp::Keys keys{crypto::Secret(Bytes(octets).first(srtp::key_size(profile))),
                        crypto::Secret(Bytes(octets).first(srtp::salt_size(profile)))};
  auto sender = srtp::Session::create(profile, keys, keys).value();
  auto receiver = srtp::Session::create(profile, keys, keys).value();
  auto packet = rtp_packet();
  std::uint16_t sequence = 0;
  bench::measure((name + " protect").c_str(), 20'000, [&] {
    auto buffer = numbered(packet, ++sequence);
    bench::keep(sender.protect_rtp(buffer));
  });

  // The receiver needs each packet once and in order, so they are made beforehand.
  constexpr std::size_t count = 5 * 5'000 + 1;
  auto other = srtp::Session::create(profile, keys, keys).value();
  std::vector<std::vector<std::byte>> sealed;
  sealed.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto buffer = numbered(packet, static_cast<std::uint16_t>(i));
    if (!other.protect_rtp(buffer)) return;
    sealed.emplace_back(buffer.bytes().begin(), buffer.bytes().end());
  }
  std::size_t next = 0;
  std::size_t refused = 0;
  bench::measure((name + " unprotect").c_str(), 5'000, [&] {
    auto buffer = *PacketBuffer::copy_of(sealed[next++]);
    refused += !receiver.unprotect_rtp(buffer);
  });
  if (refused != 0) std::printf("%zu packets were refused\n", refused);
}

}  // namespace

int main() {
  auto packet = rtp_packet();
  std::uint16_t sequence = 0;
  bench::measure("copy alone", 100'000, [&] {
    auto buffer = numbered(packet, ++sequence);
    bench::keep(buffer);
  });
  run(srtp::Profile::aes128_cm_sha1_80, "AES128_CM_SHA1_80");
  run(srtp::Profile::aead_aes_128_gcm, "AEAD_AES_128_GCM");
  run(srtp::Profile::aead_aes_256_gcm, "AEAD_AES_256_GCM");
}

#include <cstdlib>
#include <vector>

#include "petrel/rtp/session.hpp"
#include "petrel/rtp/wire/rtcp.hpp"
#include "support/seeded_random.hpp"

// Properties: whatever a peer sends in whatever order of calls, no packet exceeds the size that was agreed,
// a first video frame is a key frame, and time that is given is used: no timeout stays due.
namespace {

using namespace petrel;
using namespace petrel::rtp;
using namespace std::chrono_literals;

constexpr std::size_t max_packet_size = 600;

void require(bool condition) {
  if (!condition) std::abort();
}

MediaConfig media_config(ByteReader& input, bool& only_video) {
  const std::uint8_t choice = input.u8();
  MediaConfig config;
  config.kind = (choice & 1) != 0 ? MediaKind::audio : MediaKind::video;
  only_video = only_video && config.kind == MediaKind::video;
  config.mid = (choice & 2) != 0 ? "m" : "";
  config.sending = (choice & 4) != 0;
  config.receiving = (choice & 8) != 0;
  config.reduced_size_rtcp = (choice & 16) != 0;
  config.deliver_packets = (choice & 32) != 0;
  PayloadConfig payload;
  payload.payload_type = PayloadType{96};
  payload.format = static_cast<PayloadFormat>(input.u8() % 4);
  if ((choice & 64) != 0) payload.rtx = PayloadType{97};
  payload.feedback = {.nack = (choice & 128) == 0, .pli = true, .fir = true, .remb = true};
  config.payloads = {payload};
  config.extensions = {.mid = 1, .abs_send_time = 2, .transport_wide_sequence = 3};
  if (const std::uint8_t ssrc = input.u8(); ssrc != 0)
    config.remote_streams = {{Ssrc{ssrc}, Ssrc{ssrc + 1U}}};
  return config;
}

void drain(Session& session, TimePoint now, std::uint8_t count) {
  for (; count > 0; --count) {
    const auto outgoing = session.poll_packet();
    if (!outgoing) break;
    require(outgoing->packet.size() <= max_packet_size);
    if (outgoing->keep) session.keep_protected(now, *outgoing->keep, outgoing->packet.bytes());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(std::as_bytes(std::span(data, size)));
  ByteReader input(bytes);
  petrel::testing::SeededRandom random(1);
  TimePoint now{1000s};
  Session session(now, {.cname = "fuzz", .max_packet_size = max_packet_size}, random);
  std::vector<MediaId> medias;
  bool only_video = true;
  if (const auto media = session.add_media(now, media_config(input, only_video))) medias.push_back(*media);
  std::vector<Ssrc> awaited;  // Streams of video that have not shown a frame yet.

  while (input.ok() && input.remaining() > 0) {
    const std::uint8_t operation = input.u8();
    const MediaId media = medias.empty() ? MediaId{99} : medias[operation % medias.size()];
    switch (operation % 12) {
      case 0:
        session.handle_rtp(now, input.bytes(std::min<std::size_t>(input.u8(), input.remaining())));
        break;
      case 1:
        session.handle_rtcp(now, input.bytes(std::min<std::size_t>(input.u8(), input.remaining())));
        break;
      case 2:
      case 3: {
        const PacketHeader header{(operation & 16) != 0,
                                  PayloadType{static_cast<std::uint8_t>(96 + operation / 128)}, input.u16(),
                                  input.u8() * 3000U, Ssrc{input.u8()}};
        const auto payload = input.bytes(std::min<std::size_t>(input.u8() % 32, input.remaining()));
        const auto packet = write_packet(header, ExtensionBlock(), payload);
        if (packet) session.handle_rtp(now, packet->bytes());
        break;
      }
      case 4: {
        // A NACK that knows us: the peer's most expensive wish.
        const auto ssrc = session.local_ssrc(media);
        rtcp::Writer writer(1200);
        std::uint16_t sequence = input.u16();
        rtcp::Nack nack{Ssrc{1}, ssrc.value_or(Ssrc{2}), {}};
        for (int i = input.u8(); i >= 0; --i) nack.lost.push_back(sequence++);
        if (writer.add(nack)) session.handle_rtcp(now, writer.finish().bytes());
        break;
      }
      case 5:
        now += input.u16() * 1ms;
        break;
      case 6: {
        const bool key_frame = (input.u8() & 1) != 0;
        const auto content = input.bytes(std::min<std::size_t>(input.u16(), input.remaining()));
        static_cast<void>(session.send_frame(
            now, media, EncodedFrame::make(content, {.capture_time = now, .key_frame = key_frame})));
        break;
      }
      case 7:
        drain(session, now, input.u8());
        break;
      case 8:
        session.request_key_frame(now, media);
        break;
      case 9:
        if (medias.size() < 4) {
          if (const auto added = session.add_media(now, media_config(input, only_video)))
            medias.push_back(*added);
        } else {
          static_cast<void>(session.update_media(now, media, media_config(input, only_video)));
        }
        break;
      case 10:
        session.remove_media(now, media);
        std::erase(medias, media);
        break;
      default:
        static_cast<void>(session.send_packet(
            now, media, input.bytes(std::min<std::size_t>(input.u8(), input.remaining()))));
        break;
    }
    for (int rounds = 0; session.next_timeout() && *session.next_timeout() <= now; ++rounds) {
      require(rounds < 100);
      session.handle_timeout(now);
    }
    if ((operation & 64) != 0) {
      while (const auto event = session.poll_event()) {
        if (const auto* started = std::get_if<StreamStarted>(&*event)) {
          if (only_video) awaited.push_back(started->ssrc);
        } else if (const auto* received = std::get_if<FrameReceived>(&*event)) {
          const bool is_first = std::erase(awaited, received->ssrc) > 0;
          require(!is_first || !only_video || received->frame->key_frame());
        }
      }
    }
  }
  drain(session, now, 255);
  return 0;
}

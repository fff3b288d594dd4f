#include <array>
#include <cstdio>
#include <vector>

#include "measure.hpp"
#include "petrel/rtp/frame.hpp"
#include "petrel/rtp/payload/h264_access_unit.hpp"
#include "petrel/rtp/wire/elements.hpp"
#include "petrel/rtp/wire/rtcp.hpp"

using namespace petrel;

namespace {

// An IDR picture of one slice, as a hardware encoder gives it.
std::vector<std::byte> large_frame() {
  std::vector<std::byte> frame{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}, std::byte{0x65}};
  frame.resize(100'000, std::byte{0x5a});
  return frame;
}

rtp::ExtensionBlock usual_extensions() {
  rtp::ExtensionBlock block;
  block.add(1, as_bytes("0")).value();
  block.add(2, rtp::AbsSendTime{}.bytes()).value();
  block.add(3, rtp::TransportNumber{}.bytes()).value();
  return block;
}

std::vector<std::byte> compound_report() {
  rtcp::Writer writer(1200);
  writer.add(rtcp::SenderReport{.sender = {1}, .reports = {rtcp::ReportBlock{}}}).value();
  writer.add(rtcp::SourceDescription{{{{1}, "0123456789abcdef"}}}).value();
  writer.add(rtcp::Nack{{1}, {2}, {1, 2, 3, 40}}).value();
  const PacketBuffer packet = writer.finish();
  return {packet.bytes().begin(), packet.bytes().end()};
}

}  // namespace

int main() {
  const rtp::PacketHeader header{.payload_type = {96}, .sequence = 1, .timestamp = 2, .ssrc = {3}};
  const std::vector<std::byte> payload(1100, std::byte{1});
  const rtp::ExtensionBlock extensions = usual_extensions();
  PacketBuffer packet = rtp::write_packet(header, extensions, payload).value();

  bench::measure("parse a packet, find an extension", 1'000'000, [&] {
    const auto view = rtp::PacketView::parse(packet.bytes());
    bench::keep(view->extensions().find(3));
  });
  bench::measure("write a packet of 1100 bytes", 1'000'000,
                 [&] { bench::keep(rtp::write_packet(header, usual_extensions(), payload)); });
  bench::measure("stamp a transport-wide number", 1'000'000, [&] {
    bench::keep(rtp::overwrite_extension(packet.writable(), 3, rtp::TransportNumber{7}.bytes()));
  });

  const std::vector<std::byte> frame = large_frame();
  bench::measure("cut an H.264 frame of 100 KB", 10'000,
                 [&] { bench::keep(rtp::packetize(rtp::PayloadFormat::h264, frame, 1168)); });
  const auto shared = EncodedFrame::make(frame, {});
  bench::measure("its slices for one more viewer", 1'000'000,
                 [&] { bench::keep(shared->slices(rtp::PayloadFormat::h264, 1168)); });
  bench::measure("its packets for one viewer", 10'000, [&] {
    const auto slices = shared->slices(rtp::PayloadFormat::h264, 1168);
    for (const auto& slice : *slices) bench::keep(rtp::write_packet(header, extensions, slice));
  });
  bench::measure("put it together again", 10'000, [&] {
    rtp::Depacketizer depacketizer(rtp::PayloadFormat::h264);
    std::array<std::byte, 1200> copy{};
    const auto slices = shared->slices(rtp::PayloadFormat::h264, 1168);
    for (const auto& slice : *slices) {
      slice.copy_to(copy);
      bench::keep(depacketizer.push(Bytes(copy).first(slice.size()), slice.marker()));
    }
  });

  const std::vector<std::byte> report = compound_report();
  bench::measure("read SR, SDES and NACK", 1'000'000, [&] {
    auto reader = rtcp::Reader::parse(report);
    while (const auto message = reader->next()) bench::keep(*message);
  });
}

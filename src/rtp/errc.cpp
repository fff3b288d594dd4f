#include "petrel/rtp/errc.hpp"

#include <string>

namespace petrel::inline v0::rtp {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.rtp"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::truncated:
        return "the packet ends before its own lengths say so";
      case Errc::wrong_version:
        return "not version 2 of RTP or RTCP";
      case Errc::bad_padding:
        return "the padding does not fit the packet";
      case Errc::bad_length:
        return "the lengths of the RTCP packets do not add up to the datagram";
      case Errc::bad_extension:
        return "the header extension cannot carry this identifier or this many bytes";
      case Errc::no_room:
        return "does not fit into the packet";
      case Errc::too_many_elements:
        return "more entries than one RTCP packet can count";
      case Errc::empty_payload:
        return "the packet has no payload";
      case Errc::unsupported_payload:
        return "a kind of payload that is not supported";
      case Errc::malformed_payload:
        return "the payload contradicts itself";
      case Errc::missing_fragment:
        return "a packet of the frame is missing";
      case Errc::frame_too_large:
        return "the frame is larger than the limit allows";
      case Errc::empty_frame:
        return "the frame is empty";
      case Errc::unpacketizable:
        return "the frame cannot be cut to this packet size";
      case Errc::malformed_bitstream:
        return "the bitstream contradicts its specification";
      case Errc::not_sending:
        return "direction or negotiation does not allow to send";
      case Errc::needs_key_frame:
        return "the frame depends on one that was not sent";
      case Errc::queue_full:
        return "the frame does not fit into the queue";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::rtp

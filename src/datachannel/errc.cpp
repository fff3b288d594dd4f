#include "petrel/datachannel/errc.hpp"

#include <string>

namespace petrel::inline v0::datachannel {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.datachannel"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::both_limits:
        return "a channel has a lifetime or a number of retransmissions for its packets, not both";
      case Errc::name_too_long:
        return "the label or protocol of the channel has more than 65535 bytes";
      case Errc::id_missing:
        return "a negotiated channel needs an id";
      case Errc::bad_id:
        return "the id of the channel is above what SCTP streams there may be";
      case Errc::id_in_use:
        return "another channel has this id";
      case Errc::no_id_left:
        return "every channel id of our side is in use";
      case Errc::unknown_channel:
        return "there is no such channel";
      case Errc::not_open:
        return "the channel is not open";
      case Errc::message_too_long:
        return "the message is longer than can be sent";
      case Errc::truncated:
        return "the DCEP message is cut short";
      case Errc::trailing_bytes:
        return "bytes follow the DCEP message";
      case Errc::not_an_open_message:
        return "the DCEP message is no DATA_CHANNEL_OPEN";
      case Errc::unknown_channel_type:
        return "the DCEP message asks for an unknown type of channel";
      case Errc::transport_closed:
        return "the SCTP association ended";
      case Errc::bad_open:
        return "the peer opened a channel on a stream that was in use";
      case Errc::message_over_limit:
        return "the peer sent a message longer than it was told to";
      case Errc::too_many_unfinished:
        return "the peer began more messages than are held, and finished none";
      case Errc::no_stream:
        return "the peer has no SCTP stream left for the channel";
      case Errc::reset_refused:
        return "the peer refused to have the channel's stream reset";
      case Errc::reset_unanswered:
        return "the peer did not close its side of the channel";
    }
    return "unknown data channel error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::datachannel

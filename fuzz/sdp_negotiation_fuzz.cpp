#include <cstdlib>
#include <string>

#include "petrel/base/bytes.hpp"
#include "petrel/peer/jsep.hpp"

namespace {

using namespace petrel;

void require(bool holds) {
  if (!holds) std::abort();
}

// The input: one byte per step, and after a step that takes a text, the text up to the next 0xff.
class Input {
 public:
  explicit Input(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }
  unsigned step() {
    const unsigned value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string text() {
    const auto end = rest_.find('\xff');
    std::string taken(rest_.substr(0, end));
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    return taken;
  }

 private:
  std::string_view rest_;
};

jsep::LocalTransport transport() {
  jsep::LocalTransport local;
  local.ice_ufrag = "fuzz";
  local.ice_pwd = "fuzzPasswordOfTwentyTwo";
  local.fingerprints = {"sha-256 AA:BB"};
  return local;
}

// Whatever was agreed on is usable: numbers in range, a transport under every accepted m-line.
void check(const jsep::Changes& changes) {
  if (const auto& data = changes.data_channels) {
    require(data->accepted != static_cast<bool>(data->reason));
    require(!data->accepted || !changes.negotiated || changes.transport.has_value());
  }
  for (const auto& line : changes.refused) require(line.reason && !line.detail.empty());
  for (const auto& media : changes.media) {
    require(media.accepted || media.send_codecs.empty());
    if (!media.accepted) continue;
    require(!changes.negotiated || changes.transport.has_value());
    require(media.send_codecs.size() == media.receive_codecs.size());
    for (const auto& codec : media.send_codecs) require(codec.payload_type < 128);
  }
}

// Properties: a refusal leaves the state alone and says why; our own descriptions are always taken; an answer
// to an accepted offer can always be made.
void run(Input input) {
  jsep::Negotiation negotiation;
  while (!input.at_end()) {
    const auto before = negotiation.state();
    const unsigned step = input.step();
    switch (step % 8) {
      case 0:
      case 1: {
        const SdpType type = step % 8 == 0 ? SdpType::offer : step & 8 ? SdpType::pranswer : SdpType::answer;
        const auto changes = negotiation.set_remote_description({type, input.text()});
        if (changes) {
          check(*changes);
        } else {
          require(negotiation.state() == before && !negotiation.detail().empty());
        }
        break;
      }
      case 2:
        if (!negotiation.create_answer(transport())) {
          require(before != SignalingState::have_remote_offer &&
                  before != SignalingState::have_local_pranswer);
          break;
        }
        check(
            negotiation.set_local_description({step & 8 ? SdpType::pranswer : SdpType::answer, ""}).value());
        break;
      case 3:
        if (!negotiation.create_offer(transport())) break;
        check(negotiation.set_local_description({SdpType::offer, ""}).value());
        break;
      case 4:
        if (const auto changes = negotiation.rollback()) require(changes->state == SignalingState::stable);
        break;
      case 5:
        if (step & 16) negotiation.add_data_channels();
        static_cast<void>(
            negotiation.add_transceiver({.kind = step & 8 ? Kind::audio : Kind::video}).has_value());
        break;
      case 6: {
        const auto all = negotiation.transceivers();
        if (all.empty()) break;
        const TransceiverId id = all[(step >> 4) % all.size()].id;
        require((step & 8 ? negotiation.stop(id) : negotiation.set_direction(id, Direction::inactive))
                    .has_value());
        break;
      }
      default:
        static_cast<void>(negotiation.add_remote_candidate({input.text(), "", 0, ""}).has_value());
    }
    static_cast<void>(negotiation.negotiation_needed());
    static_cast<void>(negotiation.local_description());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  run(Input(petrel::as_text(std::as_bytes(std::span(data, size)))));
  return 0;
}

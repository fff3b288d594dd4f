#include "petrel/kvs/message.hpp"

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "petrel/base/bytes.hpp"
#include "petrel/kvs/channel.hpp"

// Properties: a sender is a client id or empty, nothing is longer than what came, and what was read can be
// written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel;
  const std::string_view text = as_text(std::as_bytes(std::span(data, size)));
  const auto message = kvs::read_message(text);
  if (!message) return 0;
  if (!message->sender.empty() && !kvs::is_channel_name(message->sender)) std::abort();
  if (const auto* description = std::get_if<kvs::DescriptionMessage>(&message->content)) {
    if (description->sdp.size() > size) std::abort();
    if (kvs::write_message(*description, message->sender, "1").empty()) std::abort();
  }
  if (const auto* candidate = std::get_if<kvs::CandidateMessage>(&message->content)) {
    if (candidate->candidate.size() > size) std::abort();
    if (kvs::write_message(*candidate, message->sender, "").empty()) std::abort();
  }
  return 0;
}

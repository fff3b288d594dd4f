#include <cstdlib>
#include <span>

#include "petrel/mdns/message.hpp"

// Property: whatever parses keeps to the limits, and what of it fits a packet reads back the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace petrel::mdns;
  const auto message = parse(std::as_bytes(std::span(data, size)));
  if (!message) return 0;
  if (message->questions.size() > max_questions || message->addresses.size() > max_addresses) std::abort();
  for (const Question& question : message->questions) {
    const auto again = Name::from_text(question.name.to_string());
    // Letters, digits, '-' and '_' stand for themselves; anything else was escaped.
    const bool plain = question.name.to_string().find('\\') == std::string::npos;
    if (plain && question.name != Name() && again != question.name) std::abort();
  }
  const auto packet = write(*message);
  if (packet && parse(packet->bytes()).value() != *message) std::abort();
  return 0;
}

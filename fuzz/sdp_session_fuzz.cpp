#include <cstdlib>

#include "petrel/base/bytes.hpp"
#include "petrel/sdp/attributes.hpp"
#include "petrel/sdp/parser.hpp"
#include "petrel/sdp/writer.hpp"

namespace {

// Property: a value that was read writes as text that reads as the same text.
template <class T>
void check_attributes(const petrel::sdp::Attributes& attributes) {
  for (const T& value : petrel::sdp::read_all<T>(attributes)) {
    const auto again = T::parse(value.text());
    if (!again || again->text() != value.text()) std::abort();
  }
}

void check_section(const petrel::sdp::Attributes& attributes) {
  using namespace petrel::sdp;
  check_attributes<RtpMap>(attributes);
  check_attributes<FormatParameters>(attributes);
  check_attributes<RtcpFeedback>(attributes);
  check_attributes<ExtensionMap>(attributes);
  check_attributes<Msid>(attributes);
  check_attributes<SsrcGroup>(attributes);
  check_attributes<Group>(attributes);
  check_attributes<Rid>(attributes);
  check_attributes<RtcpPort>(attributes);
  check_attributes<SctpMap>(attributes);
}

}  // namespace

// Property: what is accepted is written as text that parses to an equal session; what is refused is
// explained.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  petrel::sdp::ParseDetail detail;
  const auto session = petrel::sdp::parse(petrel::as_text(bytes), &detail);
  if (!session) {
    if (detail.what.empty()) std::abort();
    return 0;
  }
  const std::string text = petrel::sdp::write(*session);
  const auto again = petrel::sdp::parse(text);
  if (!again || petrel::sdp::write(*again) != text || again->attributes != session->attributes) std::abort();
  check_section(session->attributes);
  for (const auto& media : session->media) check_section(media.attributes);
  return 0;
}

#include <algorithm>
#include <array>
#include <utility>

#include "petrel/sdp/attributes.hpp"
#include "sdp/fields.hpp"

namespace petrel::inline v0::sdp {
namespace {

struct Rule {
  std::string_view name;
  bool (*holds)(std::string_view value);
  const char* complaint;
};

template <class T>
constexpr Rule parses(const char* complaint) {
  return {T::name, [](std::string_view value) { return T::parse(value).has_value(); }, complaint};
}

// Only what a peer connection depends on. What it ignores may be as odd as it likes.
constexpr std::array rules{
    parses<RtpMap>("not a payload type, an encoding and a clock rate"),
    parses<FormatParameters>("no format"),
    parses<RtcpFeedback>("not a payload type and a feedback type"),
    parses<ExtensionMap>("not an id and a URI"),
    parses<Msid>("no stream id"),
    parses<SsrcAttribute>("no SSRC"),
    parses<SsrcGroup>("not a meaning and SSRCs"),
    parses<Group>("no meaning"),
    parses<Mid>("not a token"),
    parses<Setup>("not active, passive, actpass or holdconn"),
    parses<RtcpPort>("not a port"),
    parses<SctpPort>("not a port"),
    parses<MaxMessageSize>("not a number of bytes"),
    parses<SctpMap>("not a port and an application"),
    Rule{"ice-ufrag", [](std::string_view value) { return is_ice_ufrag(without_blanks(value)); },
         "not 4 to 256 ICE characters"},
    Rule{"ice-pwd", [](std::string_view value) { return is_ice_pwd(without_blanks(value)); },
         "not 22 to 256 ICE characters"},
};

}  // namespace

const char* complaint_about(const Attribute& attribute) {
  const auto rule = std::ranges::find(rules, attribute.name, &Rule::name);
  if (rule == rules.end()) return nullptr;
  return rule->holds(attribute.value ? std::string_view(*attribute.value) : std::string_view())
             ? nullptr
             : rule->complaint;
}

}  // namespace petrel::inline v0::sdp

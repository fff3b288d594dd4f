#include "petrel/whip/ice_restart.hpp"

#include "http/text.hpp"

namespace petrel::inline v0::whip {
namespace {

// The next line, without its end.
std::string_view take_line(std::string_view& rest) {
  std::string_view line = http::take_until(rest, '\n');
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool take_prefix(std::string_view& line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return false;
  line.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string with_ice_credentials(std::string_view sdp, std::string_view ufrag, std::string_view pwd) {
  std::string out;
  out.reserve(sdp.size());
  while (!sdp.empty()) {
    const std::string_view line = take_line(sdp);
    if (line.starts_with("a=candidate:") || line == "a=end-of-candidates") continue;
    if (line.starts_with("a=ice-ufrag:")) {
      out.append("a=ice-ufrag:").append(ufrag);
    } else if (line.starts_with("a=ice-pwd:")) {
      out.append("a=ice-pwd:").append(pwd);
    } else {
      out.append(line);
    }
    out += "\r\n";
  }
  return out;
}

TrickleFragment ice_fragment_of(std::string_view sdp) {
  TrickleFragment fragment;
  TrickleSection section;
  bool in_section = false;
  std::size_t index = 0;
  const auto finish = [&] {
    if (in_section && (!section.candidates.empty() || section.end_of_candidates)) {
      if (fragment.sections.size() < max_fragment_sections) fragment.sections.push_back(section);
    }
  };
  while (!sdp.empty()) {
    std::string_view line = take_line(sdp);
    if (line.starts_with("m=")) {
      finish();
      section = {};
      section.index = in_section ? ++index : 0;
      in_section = true;
    } else if (take_prefix(line, "a=ice-ufrag:")) {
      if (fragment.ufrag.empty()) fragment.ufrag = line;
      section.ufrag = line;
    } else if (take_prefix(line, "a=ice-pwd:")) {
      if (fragment.pwd.empty()) fragment.pwd = line;
      section.pwd = line;
    } else if (take_prefix(line, "a=mid:")) {
      section.mid = std::string(line);
    } else if (line.starts_with("a=candidate:")) {
      line.remove_prefix(2);
      if (section.candidates.size() < max_fragment_candidates) section.candidates.emplace_back(line);
    } else if (line == "a=end-of-candidates") {
      section.end_of_candidates = true;
    }
  }
  finish();
  return fragment;
}

}  // namespace petrel::inline v0::whip

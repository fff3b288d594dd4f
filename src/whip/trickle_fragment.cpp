#include "petrel/whip/trickle_fragment.hpp"

#include <algorithm>
#include <utility>

#include "http/text.hpp"

namespace petrel::inline v0::whip {
namespace {

class FragmentReader {
 public:
  // An error code without value: the line is fine.
  std::error_code read_line(std::string_view line) {
    if (line.size() > max_fragment_line) return Errc::line_too_long;
    if (line.size() < 2 || line[1] != '=') return Errc::malformed_line;
    if (!http::is_field_value(line)) return Errc::malformed_line;
    const std::string_view value = line.substr(2);
    if (line[0] == 'a') return read_attribute(value);
    if (line[0] == 'm') return begin_section();
    return Errc::unexpected_line;
  }

  TrickleFragment finish() && {
    for (TrickleSection& section : fragment_.sections) {
      // RFC 8840 9.2: what stands before the m-lines is valid for all of them.
      if (section.ufrag.empty()) section.ufrag = shared_ufrag_;
      if (section.pwd.empty()) section.pwd = shared_pwd_;
    }
    const auto named =
        std::ranges::find_if(fragment_.sections, [](const auto& s) { return !s.ufrag.empty(); });
    const bool from_section = shared_ufrag_.empty() && named != fragment_.sections.end();
    fragment_.ufrag = from_section ? named->ufrag : shared_ufrag_;
    fragment_.pwd = from_section ? named->pwd : shared_pwd_;
    return std::move(fragment_);
  }

 private:
  std::error_code begin_section() {
    if (fragment_.sections.size() == max_fragment_sections) return Errc::too_many_sections;
    fragment_.sections.emplace_back();
    fragment_.sections.back().index = m_lines_++;
    return {};
  }

  // Some players send candidates without an m-line, or with a=mid alone. That is not RFC 8840's
  // grammar, but what they mean is plain.
  std::error_code want_section() { return fragment_.sections.empty() ? begin_section() : std::error_code{}; }

  std::error_code read_attribute(std::string_view text) {
    std::string_view value = text;
    const std::string_view name = http::take_until(value, ':');
    const bool is_known = name == "mid" || name == "ice-ufrag" || name == "ice-pwd" || name == "candidate";
    if (is_known && value.empty()) return Errc::empty_value;

    if (name == "ice-ufrag") return set_credential(&TrickleSection::ufrag, shared_ufrag_, value);
    if (name == "ice-pwd") return set_credential(&TrickleSection::pwd, shared_pwd_, value);
    if (name == "mid") return read_mid(value);
    if (name == "candidate") {
      if (++candidates_ > max_fragment_candidates) return Errc::too_many_candidates;
      if (const auto error = want_section()) return error;
      fragment_.sections.back().candidates.emplace_back(text);
    }
    if (name == "end-of-candidates") {
      if (const auto error = want_section()) return error;
      fragment_.sections.back().end_of_candidates = true;
    }
    return {};
  }

  std::error_code read_mid(std::string_view value) {
    // A second a=mid without an m-line between: the same players, one m-line later.
    const bool is_next = !fragment_.sections.empty() && fragment_.sections.back().mid;
    if (const auto error = is_next ? begin_section() : want_section()) return error;
    fragment_.sections.back().mid = value;
    return {};
  }

  std::error_code set_credential(std::string TrickleSection::* own, std::string& shared,
                                 std::string_view value) {
    (fragment_.sections.empty() ? shared : fragment_.sections.back().*own) = value;
    return {};
  }

  TrickleFragment fragment_;
  std::string shared_ufrag_;
  std::string shared_pwd_;
  std::size_t m_lines_ = 0;
  std::size_t candidates_ = 0;
};

}  // namespace

Result<TrickleFragment> parse_trickle_fragment(std::string_view text) {
  FragmentReader reader;
  while (!text.empty()) {
    std::string_view line = http::take_until(text, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (const auto error = reader.read_line(line)) return error;
  }
  return std::move(reader).finish();
}

std::string write(const TrickleFragment& fragment) {
  std::string out;
  const auto attribute = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append("a=").append(name).append(":").append(value).append("\r\n");
  };
  attribute("ice-ufrag", fragment.ufrag);
  attribute("ice-pwd", fragment.pwd);
  for (const TrickleSection& section : fragment.sections) {
    // RFC 8840 9.2: the m-line is there for the grammar; its medium and port say nothing.
    out += "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n";
    if (section.mid) attribute("mid", *section.mid);
    if (section.ufrag != fragment.ufrag) attribute("ice-ufrag", section.ufrag);
    if (section.pwd != fragment.pwd) attribute("ice-pwd", section.pwd);
    for (const std::string& candidate : section.candidates) out.append("a=").append(candidate).append("\r\n");
    if (section.end_of_candidates) out += "a=end-of-candidates\r\n";
  }
  return out;
}

}  // namespace petrel::inline v0::whip

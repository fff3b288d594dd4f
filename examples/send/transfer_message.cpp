#include "send/transfer_message.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace transfer {
namespace {

using nlohmann::json;

constexpr std::size_t max_name_bytes =
    200;  // A file system has 255; ".01234567.part" and " (12)" come to it.
constexpr std::size_t max_ending_bytes = 16;
constexpr std::size_t max_reason_bytes = 500;
constexpr std::size_t digest_digits = 64;

std::optional<std::string> text_of(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::uint64_t> count_of(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  const auto count = value.get<std::uint64_t>();
  if (count > max_file_bytes) return std::nullopt;
  return count;
}

bool is_digest(std::string_view text) {
  return text.size() == digest_digits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::optional<Message> parse_offer(const json& object) {
  const auto name = text_of(object, "name");
  const auto size = object.contains("size") ? count_of(object["size"]) : std::nullopt;
  const auto sha256 = text_of(object, "sha256");
  if (!name || name->size() > max_offered_name_bytes || !size || !sha256 || !is_digest(*sha256)) {
    return std::nullopt;
  }
  return Offer{*name, *size, *sha256};
}

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};

// RFC 3629 4, the overlong and the surrogates left out.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {};
  char32_t value = lead & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3fU);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, size, true};
}

// Controls of both kinds, line separators, and what turns the direction of writing: "exe.gpj" may look
// otherwise.
bool acts_on_a_screen(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

std::string visible(std::string_view text, char instead) {
  std::string out;
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    if (next.valid && !acts_on_a_screen(next.value)) {
      out += text.substr(0, next.size);
    } else {
      out += instead;
    }
    text.remove_prefix(next.size);
  }
  return out;
}

// No more than `limit` bytes, and no half character.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80) --limit;
  return text.substr(0, limit);
}

// Some systems drop them, and two names would become one.
void trim_end(std::string& name) {
  while (name.ends_with(' ') || name.ends_with('.')) name.pop_back();
}

}  // namespace

std::optional<Message> parse_message(std::string_view text) {
  if (text.size() > max_message_bytes) return std::nullopt;
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  if (object.contains("name")) return parse_offer(object);
  if (const auto found = object.find("accept"); found != object.end() && found->is_object()) {
    const auto from = found->find("from");
    const auto count = from != found->end() ? count_of(*from) : std::nullopt;
    if (count) return Accept{*count};
  } else if (const auto got = object.find("got"); got != object.end()) {
    if (const auto count = count_of(*got)) return Got{*count};
  } else if (const auto done = object.find("done"); done != object.end() && done->is_object()) {
    const auto digest = text_of(*done, "sha256");
    if (digest && is_digest(*digest)) return Done{*digest};
  } else if (auto reason = text_of(object, "failed")) {
    return Failed{std::string(cut(*reason, max_reason_bytes))};
  }
  return std::nullopt;
}

std::string to_text(const Message& message) {
  json object;
  if (const auto* offer = std::get_if<Offer>(&message)) {
    object = {{"name", offer->name}, {"size", offer->size}, {"sha256", offer->sha256}};
  } else if (const auto* accept = std::get_if<Accept>(&message)) {
    object = {{"accept", {{"from", accept->from}}}};
  } else if (const auto* got = std::get_if<Got>(&message)) {
    object = {{"got", got->bytes}};
  } else if (const auto* done = std::get_if<Done>(&message)) {
    object = {{"done", {{"sha256", done->sha256}}}};
  } else {
    object = {{"failed", std::get<Failed>(message).reason}};
  }
  // A file's name on disk need not be UTF-8; JSON has to be.
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string safe_name(std::string_view offered) {
  if (const std::size_t slash = offered.find_last_of("/\\"); slash != offered.npos) {
    offered.remove_prefix(slash + 1);
  }
  std::string name = visible(offered, '_');
  // Neither hidden, nor an option of the next command, nor "..".
  for (char& c : name) {
    if (c != '.' && c != '-' && c != ' ') break;
    c = '_';
  }
  trim_end(name);
  if (name.size() > max_name_bytes) {
    const std::size_t dot = name.rfind('.');
    const std::string ending =
        dot != name.npos && name.size() - dot <= max_ending_bytes ? name.substr(dot) : "";
    name = std::string(cut(name, max_name_bytes - ending.size())) + ending;
    trim_end(name);
  }
  return name.empty() ? "file" : name;
}

std::string printable(std::string_view text) { return visible(text, ' '); }

}  // namespace transfer

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/result.hpp"

// What both ends of a transfer say to each other: one JSON object a message, as text, on an ordered and
// reliable data channel. The file itself comes as binary messages.
namespace transfer {

/// `{"name": "…", "size": N, "sha256": "…"}`: the sender has this file.
struct Offer {
  std::string name{};  ///< As the sender has it: to be made safe_name() of before it touches a disk.
  std::uint64_t size = 0;
  std::string sha256{};  ///< 64 digits in lower case.

  friend bool operator==(const Offer&, const Offer&) = default;
};
/// `{"accept": {"from": N}}`: the receiver takes it, from this byte on.
struct Accept {
  std::uint64_t from = 0;

  friend bool operator==(const Accept&, const Accept&) = default;
};
/// `{"got": N}`: so many bytes of the file are written; what the sender may run ahead of is counted from
/// here.
struct Got {
  std::uint64_t bytes = 0;

  friend bool operator==(const Got&, const Got&) = default;
};
/// `{"done": {"sha256": "…"}}`: the whole file is there and is what was offered.
struct Done {
  std::string sha256{};

  friend bool operator==(const Done&, const Done&) = default;
};
/// `{"failed": "reason"}`: it cannot be had, and trying again would not help. Either end.
struct Failed {
  std::string reason{};

  friend bool operator==(const Failed&, const Failed&) = default;
};
using Message = std::variant<Offer, Accept, Got, Done, Failed>;

/// The longest text that is read, with room for the longest name in escapes.
inline constexpr std::size_t max_message_bytes = 8 * 1024;
inline constexpr std::size_t max_offered_name_bytes = 1024;
/// What a number in JSON holds without loss in a browser: 2^53 - 1.
inline constexpr std::uint64_t max_file_bytes = (std::uint64_t{1} << 53) - 1;

/// nullopt for what is none of the messages.
std::optional<Message> parse_message(std::string_view text);
std::string to_text(const Message& message);

/// A name that a file may be given in a folder, made of what somebody else calls it: the last part of a path,
/// without control characters, without a dot or a minus in front, at most 200 bytes of UTF-8, never empty. An
/// ending such as .tar survives the cut.
std::string safe_name(std::string_view offered);

/// Text of the other end, for a terminal: one line, without what a terminal would act on.
std::string printable(std::string_view text);

}  // namespace transfer

#include "petrel/base/log.hpp"

#include <array>
#include <cstdio>

namespace petrel::inline v0 {
namespace {

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "?";
}

// Log fields may carry what a peer sent. A line of a log must stay one line.
void append_printable(std::string& out, std::string_view text) {
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
}

}  // namespace

std::string to_string(const LogRecord& record) {
  std::array<char, 32> number{};
  const auto micros = std::chrono::floor<std::chrono::microseconds>(record.time.time_since_epoch()).count();
  std::snprintf(number.data(), number.size(), "%lld.%06lld", static_cast<long long>(micros / 1'000'000),
                static_cast<long long>(micros % 1'000'000));
  std::string line = number.data();
  line += ' ';
  line += record.module;
  line += ' ';
  line += name_of(record.level);
  line += ' ';
  line += record.code;
  if (!record.peer.empty()) {
    line += " peer=";
    append_printable(line, record.peer);
  }
  for (const LogField& field : record.fields) {
    line += ' ';
    line += field.name;
    line += '=';
    if (const auto* integer = std::get_if<std::int64_t>(&field.value)) {
      line += std::to_string(*integer);
    } else if (const auto* real = std::get_if<double>(&field.value)) {
      std::snprintf(number.data(), number.size(), "%g", *real);
      line += number.data();
    } else {
      append_printable(line, std::get<std::string_view>(field.value));
    }
  }
  return line;
}

}  // namespace petrel::inline v0

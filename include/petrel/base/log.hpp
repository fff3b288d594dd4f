#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "petrel/base/time.hpp"

namespace petrel::inline v0 {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// One typed value of a log record. Secrets (passwords, keys) have no conversion
/// to this type on purpose.
struct LogField {
  std::string_view name;
  std::variant<std::int64_t, double, std::string_view> value;
};

/// One thing that happened. All views are borrowed for the call.
struct LogRecord {
  TimePoint time;
  LogLevel level = LogLevel::info;
  std::string_view module;  ///< "ice", "dtls", …
  std::string_view peer;    ///< PeerConfig::name, or empty.
  std::string_view code;    ///< Stable, for machines: "ice.pair_selected".
  std::span<const LogField> fields;
};

/// Where log records go. Injected like RandomSource; there is no global sink.
///
/// write() is called on the executor of the peer that logs. It may not call back
/// into petrel. Nothing is formatted before enabled() said yes.
class LogSink {
 public:
  virtual bool enabled(LogLevel level, std::string_view module) const noexcept = 0;
  virtual void write(const LogRecord& record) noexcept = 0;

 protected:
  ~LogSink() = default;
};

/// A sink and the name to log under: what cores carry. Without a sink it is silent and free.
struct Logger {
  LogSink* sink = nullptr;
  std::string_view module;
  std::string_view peer;

  void log(TimePoint now, LogLevel level, std::string_view code,
           std::initializer_list<LogField> fields = {}) const {
    if (sink == nullptr || !sink->enabled(level, module)) return;
    sink->write({now, level, module, peer, code, {fields.begin(), fields.size()}});
  }
};

/// `12.345678 ice info ice.pair_selected peer=cam local=10.0.0.1:5000`: one line, no newline.
PETREL_API std::string to_string(const LogRecord& record);

}  // namespace petrel::inline v0

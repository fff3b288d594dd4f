#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "petrel/base/log.hpp"
#include "shared/journal.hpp"

namespace shared {

/// Log lines on standard error, from `level` on; with their priority where that is the journal.
class StderrLog final : public petrel::LogSink {
 public:
  explicit StderrLog(petrel::LogLevel level) : level_(level) {}

  bool enabled(petrel::LogLevel level, std::string_view) const noexcept override { return level >= level_; }
  void write(const petrel::LogRecord& record) noexcept override {
    std::fprintf(stderr, "%s%s\n", to_journal_ ? journal_prefix(record.level) : "",
                 petrel::to_string(record).c_str());
  }

 private:
  petrel::LogLevel level_;
  bool to_journal_ = is_journal(2, std::getenv("JOURNAL_STREAM"));
};

}  // namespace shared

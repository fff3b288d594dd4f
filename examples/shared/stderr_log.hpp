#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include "petrel/base/log.hpp"

namespace shared {

/// Log lines on standard error, from `level` on.
class StderrLog final : public petrel::LogSink {
 public:
  explicit StderrLog(petrel::LogLevel level) : level_(level) {}

  bool enabled(petrel::LogLevel level, std::string_view) const noexcept override { return level >= level_; }
  void write(const petrel::LogRecord& record) noexcept override {
    std::fprintf(stderr, "%s\n", petrel::to_string(record).c_str());
  }

 private:
  petrel::LogLevel level_;
};

}  // namespace shared

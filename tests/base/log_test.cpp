#include "petrel/base/log.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace petrel::inline v0 {
namespace {

using namespace std::chrono_literals;

// Keeps the lines of what it was asked to write.
class Lines final : public LogSink {
 public:
  explicit Lines(LogLevel lowest) : lowest_(lowest) {}
  bool enabled(LogLevel level, std::string_view) const noexcept override {
    ++questions_;
    return level >= lowest_;
  }
  void write(const LogRecord& record) noexcept override { lines.push_back(to_string(record)); }

  std::vector<std::string> lines;
  int questions() const { return questions_; }

 private:
  LogLevel lowest_;
  mutable int questions_ = 0;
};

TEST(Log, ALineNamesTimeModuleLevelCodePeerAndFields) {
  Lines sink(LogLevel::debug);
  const Logger log{&sink, "ice", "cam"};
  log.log(TimePoint(12'345'678'901ns), LogLevel::info, "ice.pair_selected",
          {{"local", std::string_view("10.0.0.1:5000")}, {"pairs", std::int64_t{-3}}, {"loss", 0.25}});
  ASSERT_EQ(sink.lines.size(), 1U);
  EXPECT_EQ(sink.lines[0],
            "12.345678 ice info ice.pair_selected peer=cam local=10.0.0.1:5000 pairs=-3 loss=0.25");
}

TEST(Log, EveryLevelHasAName) {
  Lines sink(LogLevel::debug);
  const Logger log{&sink, "m", ""};
  for (const LogLevel level : {LogLevel::debug, LogLevel::info, LogLevel::warning, LogLevel::error}) {
    log.log({}, level, "c");
  }
  EXPECT_EQ(sink.lines, (std::vector<std::string>{"0.000000 m debug c", "0.000000 m info c",
                                                  "0.000000 m warning c", "0.000000 m error c"}));
}

TEST(Log, NothingIsWrittenBelowTheLevel) {
  Lines sink(LogLevel::warning);
  const Logger log{&sink, "m", ""};
  log.log({}, LogLevel::info, "quiet");
  log.log({}, LogLevel::warning, "loud");
  EXPECT_EQ(sink.questions(), 2);
  EXPECT_EQ(sink.lines, std::vector<std::string>{"0.000000 m warning loud"});
}

TEST(Log, WithoutASinkItIsSilent) { Logger{}.log({}, LogLevel::error, "nobody.listens"); }

// A peer chooses the texts of some fields; it may not start a line of its own.
TEST(Log, ControlCharactersCannotBreakTheLine) {
  const LogField fields[] = {{"reason", std::string_view("a\r\n0.0 ice error forged\x1b[31m\x7f\0", 30)}};
  const std::string line = to_string({{}, LogLevel::info, "ice", "p\nq", "code", fields});
  for (const char c : line) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) << line;
  EXPECT_NE(line.find("peer=p?q"), std::string::npos);
}

}  // namespace
}  // namespace petrel::inline v0

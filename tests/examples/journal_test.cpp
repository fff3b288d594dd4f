#include "shared/journal.hpp"

#include <gtest/gtest.h>

#include <cstdio>

namespace shared {
namespace {

TEST(Journal, IsKnownByDeviceAndInode) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  struct stat status{};
  ASSERT_EQ(fstat(fileno(file), &status), 0);
  const std::string stream = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  EXPECT_TRUE(is_journal(fileno(file), stream.c_str()));
  EXPECT_FALSE(is_journal(fileno(file), (stream + "0").c_str()));
  EXPECT_FALSE(is_journal(fileno(file), nullptr));
  for (const char* other : {"", "8", "8:", "8:x", ":", "x"})
    EXPECT_FALSE(is_journal(fileno(file), other)) << other;
  std::fclose(file);
  EXPECT_FALSE(is_journal(-1, stream.c_str()));
}

TEST(Journal, GetsAPriorityForEveryLine) {
  JournalLines lines("petrel-camera");
  EXPECT_EQ(lines.take("petrel-camera: the camera is gone\n"), "<4>petrel-camera: the camera is gone\n");
  EXPECT_EQ(lines.take("viewer-1: connected\n<3>ice.failed\n"), "<6>viewer-1: connected\n<3>ice.failed\n");
  EXPECT_EQ(lines.take("<9>\n<\n\n"), "<6><9>\n<6><\n<6>\n");
}

TEST(Journal, WaitsForTheEndOfALine) {
  JournalLines lines("petrel-camera");
  EXPECT_EQ(lines.take("petrel-cam"), "");
  EXPECT_EQ(lines.take("era: no"), "");
  EXPECT_EQ(lines.take("\nvie"), "<4>petrel-camera: no\n");
  EXPECT_EQ(lines.take("wer-2\n"), "<6>viewer-2\n");
}

TEST(Journal, HasAPriorityForEveryLevel) {
  EXPECT_STREQ(journal_prefix(petrel::LogLevel::error), "<3>");
  EXPECT_STREQ(journal_prefix(petrel::LogLevel::warning), "<4>");
  EXPECT_STREQ(journal_prefix(petrel::LogLevel::info), "<6>");
  EXPECT_STREQ(journal_prefix(petrel::LogLevel::debug), "<7>");
}

}  // namespace
}  // namespace shared

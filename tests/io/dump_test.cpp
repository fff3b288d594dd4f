#include "petrel/io/dump.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "support/bytes_literal.hpp"

namespace petrel::inline v0 {
namespace {

class Dump : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("petrel-" + std::to_string(::getpid()) +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return (folder_ / "dump").string(); }
  std::string content() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path folder_;
};

TEST_F(Dump, KeyLogAppendsLinesThatOnlyTheOwnerMayRead) {
  (*KeyLogFile::open(path()))->write("CLIENT_RANDOM a b");
  (*KeyLogFile::open(path()))->write("CLIENT_RANDOM c d");
  EXPECT_EQ(content(), "CLIENT_RANDOM a b\nCLIENT_RANDOM c d\n");
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(Dump, RtpIsAPcapFileOfIpPackets) {
  const auto packet = testing::hex("80 60 0001 00000002 00000003 aa");
  {
    const auto file = RtpDumpFile::open(path());
    ASSERT_TRUE(file);
    (*file)->on_packet(TimePoint{} + std::chrono::milliseconds(1500), PacketTap::Direction::outgoing, packet);
  }
  const std::string text = content();
  const auto expected = testing::hex(
      "a1b23c4d 0002 0004 00000000 00000000 0000ffff 000000e4"  // the file: nanoseconds, IPv4
      "00000001 1dcd6500 00000029 00000029"                     // 1.5 s, 41 bytes
      "4500 0029 00000000 4011 0000 c0000201 c0000202"          // IPv4 from 192.0.2.1 to .2
      "1388 138a 0015 0000"                                     // UDP 5000 to 5002
      "80 60 0001 00000002 00000003 aa");
  EXPECT_EQ(text, as_text(expected));
}

TEST_F(Dump, SaysWhyAFileCannotBeWritten) {
  const auto file = RtpDumpFile::open((folder_ / "missing" / "dump").string());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error(), std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace petrel::inline v0

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "send/part_file.hpp"
#include "send/progress.hpp"
#include "send/source_file.hpp"
#include "shared/user_error.hpp"

namespace transfer {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  Files() : folder_(fs::temp_directory_path() / ("petrel_send_" + std::to_string(::getpid()))) {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }

  void write(const fs::path& name, std::string_view content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
  }
  static std::string read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
  Offer offer_{"report.pdf", 10, std::string(8, 'a') + std::string(56, '0')};
};

TEST_F(Files, APartIsKeptAndFoundAgain) {
  {
    PartFile part(folder_, offer_);
    EXPECT_EQ(part.size(), 0u);
    part.append(petrel::as_bytes("01234"));
  }
  EXPECT_EQ(read(folder_ / "report.pdf.aaaaaaaa.part"), "01234");
  PartFile part(folder_, offer_);
  EXPECT_EQ(part.size(), 5u);
  std::array<std::byte, 10> there{};
  EXPECT_EQ(part.read(1, there), 4u);
  EXPECT_EQ(petrel::as_text(petrel::Bytes(there).first(4)), "1234");
  part.append(petrel::as_bytes("56789"));
  EXPECT_EQ(part.keep(), folder_ / "report.pdf");
  EXPECT_EQ(read(folder_ / "report.pdf"), "0123456789");
  EXPECT_FALSE(fs::exists(folder_ / "report.pdf.aaaaaaaa.part"));
}

TEST_F(Files, NothingIsOverwritten) {
  write("report.pdf", "mine");
  EXPECT_EQ(PartFile(folder_, offer_).keep(), folder_ / "report (2).pdf");
  EXPECT_EQ(PartFile(folder_, offer_).keep(), folder_ / "report (3).pdf");
  EXPECT_EQ(read(folder_ / "report.pdf"), "mine");
}

TEST_F(Files, AnotherVersionDoesNotGoOnWithThisOne) {
  PartFile(folder_, offer_).append(petrel::as_bytes("01234"));
  offer_.sha256[0] = 'b';
  EXPECT_EQ(PartFile(folder_, offer_).size(), 0u);
}

TEST_F(Files, APartThatIsTooLongIsBegunAnew) {
  write("report.pdf.aaaaaaaa.part", "longer than ten bytes");
  EXPECT_EQ(PartFile(folder_, offer_).size(), 0u);
}

TEST_F(Files, TwoDoNotReceiveTheSameFile) {
  const PartFile part(folder_, offer_);
  EXPECT_THROW(PartFile(folder_, offer_), std::runtime_error);
}

TEST_F(Files, ALinkInPlaceOfAPartIsNotFollowed) {
  write("victim", "mine");
  fs::create_symlink(folder_ / "victim", folder_ / "report.pdf.aaaaaaaa.part");
  EXPECT_THROW(PartFile(folder_, offer_), std::system_error);
  EXPECT_EQ(read(folder_ / "victim"), "mine");
}

TEST_F(Files, ThereIsNoRoomForWhatIsLargerThanTheDisk) {
  EXPECT_TRUE(PartFile(folder_, offer_).has_room());
  offer_.size = max_file_bytes;
  EXPECT_FALSE(PartFile(folder_, offer_).has_room());
}

TEST_F(Files, ASourceIsReadAnywhere) {
  write("a", "0123456789");
  const SourceFile source(folder_ / "a");
  EXPECT_EQ(source.name(), "a");
  EXPECT_EQ(source.size(), 10u);
  std::array<std::byte, 3> piece{};
  source.read(7, piece);
  EXPECT_EQ(petrel::as_text(piece), "789");
  EXPECT_THROW(source.read(8, piece), std::runtime_error);
}

TEST_F(Files, AFolderOrNothingIsNoSource) {
  EXPECT_THROW(SourceFile{folder_}, shared::UserError);
  EXPECT_THROW(SourceFile{folder_ / "none"}, shared::UserError);
}

constexpr petrel::TimePoint start{};

TEST(Progress, SizesAndTimesAreShort) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(999), "999 B");
  EXPECT_EQ(size_text(1000), "1.00 kB");
  EXPECT_EQ(size_text(999'960), "1.00 MB");
  EXPECT_EQ(size_text(12'345'678), "12.3 MB");
  EXPECT_EQ(size_text(123'456'789'012), "123 GB");
  EXPECT_EQ(time_text(9s), "9 s");
  EXPECT_EQ(time_text(185s), "3:05");
  EXPECT_EQ(time_text(7209s), "2:00:09");
}

TEST(Progress, KnowsRateAndTimeLeft) {
  Progress progress(start, 100'000'000, 20'000'000);
  EXPECT_FALSE(progress.time_left());
  progress.update(start + 2s, 40'000'000);
  EXPECT_DOUBLE_EQ(progress.rate(), 1e7);
  EXPECT_EQ(progress.time_left(), 6s);
  EXPECT_EQ(progress.line(79),
            "[============>                 ]   40 %  40.0 MB of 100 MB  10.0 MB/s  6 s left");
  EXPECT_EQ(progress.summary(), "20.0 MB in 2 s, 10.0 MB/s");
}

TEST(Progress, TheRateIsThatOfTheLastSeconds) {
  Progress progress(start, 1'000'000'000, 0);
  progress.update(start + 1s, 100'000'000);
  for (int second = 2; second <= 20; ++second) {
    progress.update(start + std::chrono::seconds(second),
                    100'000'000 + 1'000'000ull * static_cast<unsigned>(second));
  }
  EXPECT_DOUBLE_EQ(progress.rate(), 1e6);
}

TEST(Progress, ANarrowTerminalGetsWhatFits) {
  Progress progress(start, 100, 0);
  progress.update(start + 1s, 50);
  for (std::size_t width = 0; width < 120; ++width) EXPECT_LE(progress.line(width).size(), width);
}

TEST(Progress, AnEmptyFileIsWhole) {
  EXPECT_NE(Progress(start, 0, 0).line(79).find("100 %"), std::string::npos);
}

}  // namespace
}  // namespace transfer

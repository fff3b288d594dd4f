#include "camera/pipe_source.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "examples/coded_pattern.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

using testing::coded_pattern;

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    reader = FileDescriptor(ends[0]);
    writer = FileDescriptor(ends[1]);
  }
  void write(petrel::Bytes bytes) const {
    ASSERT_EQ(::write(writer.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  FileDescriptor reader;
  FileDescriptor writer;
};

// Pictures until the source ends, and how it ended.
std::string read_all(PipeSource& source, std::vector<AccessUnit>& units) {
  try {
    for (;;) {
      if (auto unit = source.next()) units.push_back(*std::move(unit));
    }
  } catch (const shared::UserError& error) {
    return error.what();
  }
}

std::string refusal(const std::string& path) {
  SteadyClock clock;
  try {
    PipeSource::open(path, clock);
  } catch (const shared::UserError& error) {
    return error.what();
  }
  return "";
}

std::string own_path(const char* ending) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return ::testing::TempDir() + "petrel_pipe_" + test->name() + ending;
}

TEST(PipeSource, GivesEveryPictureAndThenSaysThatItIsOver) {
  const auto frames = coded_pattern(20, 5);
  Pipe pipe;
  pipe.write(testing::joined(frames));
  pipe.writer.reset();
  SteadyClock clock;
  PipeSource source(std::move(pipe.reader), "standard input", clock);
  EXPECT_EQ(source.profile_level_id(), "");
  std::vector<AccessUnit> units;
  EXPECT_EQ(read_all(source, units), "standard input has ended: the program that wrote into it is gone.");
  ASSERT_EQ(units.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(units[i].annex_b, frames[i]);
  EXPECT_EQ(source.profile_level_id(), "42c01e");
  EXPECT_EQ(source.description(), "standard input, 160x160, H.264 42c01e");
  EXPECT_FALSE(source.can_force_key_frame());
}

TEST(PipeSource, GivesAPictureWithoutTheNextOne) {
  const auto frames = coded_pattern(3, 3);
  const Pipe pipe;
  SteadyClock clock;
  PipeSource source(FileDescriptor(::dup(pipe.reader.get())), "pipe", clock);
  for (const auto& frame : frames) {
    pipe.write(frame);
    std::optional<AccessUnit> unit;
    while (!unit) unit = source.next();  // The writer says nothing more until it is there.
    EXPECT_EQ(unit->annex_b, frame);
    EXPECT_TRUE(unit->captured);
  }
  EXPECT_FALSE(source.next());
}

TEST(PipeSource, SaysWhenItEndsBeforeAPicture) {
  Pipe pipe;
  pipe.writer.reset();
  SteadyClock clock;
  PipeSource source(std::move(pipe.reader), "standard input", clock);
  std::vector<AccessUnit> units;
  EXPECT_NE(read_all(source, units).find("has ended before a picture came"), std::string::npos);
}

TEST(PipeSource, MayBeOpenedBeforeItsWriter) {
  const std::string path = own_path(".fifo");
  std::filesystem::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  SteadyClock clock;
  const auto source = PipeSource::open(path, clock);
  EXPECT_FALSE(source->next());  // No writer yet, and no end either.
  {
    std::ofstream writer(path, std::ios::binary);
    writer << petrel::as_text(testing::joined(coded_pattern(4, 2)));
  }
  std::vector<AccessUnit> units;
  EXPECT_EQ(read_all(*source, units),
            "the pipe " + path + " has ended: the program that wrote into it is gone.");
  EXPECT_EQ(units.size(), 4u);
  std::filesystem::remove(path);
}

TEST(PipeSource, RefusesWhatIsNoPipe) {
  const std::string path = own_path(".h264");
  EXPECT_NE(refusal(path).find("No such file or directory. Make a FIFO with mkfifo"), std::string::npos);
  {
    std::ofstream(path) << "x";
  }
  EXPECT_NE(refusal(path).find("--source file:PATH"), std::string::npos);
  std::filesystem::remove(path);
  EXPECT_NE(refusal(::testing::TempDir()).find("this is no pipe"), std::string::npos);
}

}  // namespace
}  // namespace camera

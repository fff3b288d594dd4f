#include "camera/v4l2_device.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "camera/file_descriptor.hpp"

namespace camera {
namespace {

class LinuxDevice final : public V4l2Device {
 public:
  explicit LinuxDevice(FileDescriptor file) : file_(std::move(file)) {}
  ~LinuxDevice() override {
    for (const std::span<std::uint8_t> memory : mapped_) ::munmap(memory.data(), memory.size());
  }
  LinuxDevice(const LinuxDevice&) = delete;
  LinuxDevice& operator=(const LinuxDevice&) = delete;

  int control(unsigned long request, void* argument) override {
    while (::ioctl(file_.get(), request, argument) != 0) {
      if (errno != EINTR) return errno;
    }
    return 0;
  }

  std::span<std::uint8_t> map(std::size_t length, std::size_t offset, int& error) override {
    void* memory =
        ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), static_cast<off_t>(offset));
    if (memory == MAP_FAILED) {
      error = errno;
      return {};
    }
    return mapped_.emplace_back(static_cast<std::uint8_t*>(memory), length);
  }

  void unmap(std::span<std::uint8_t> memory) override {
    std::erase_if(mapped_, [&](std::span<std::uint8_t> own) { return own.data() == memory.data(); });
    ::munmap(memory.data(), memory.size());
  }

  short wait(petrel::Duration longest) override {
    pollfd ready{file_.get(), POLLIN, 0};
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
    return ::poll(&ready, 1, static_cast<int>(ms)) > 0 ? ready.revents : short{0};
  }

  void keep(int descriptor) override { kept_.emplace_back(descriptor); }

 private:
  FileDescriptor file_;
  std::vector<std::span<std::uint8_t>> mapped_;
  std::vector<FileDescriptor> kept_;
};

class LinuxV4l2 final : public V4l2System {
 public:
  std::unique_ptr<V4l2Device> open(const std::string& path, int& error) override {
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!file) {
      error = errno;
      return nullptr;
    }
    return std::make_unique<LinuxDevice>(std::move(file));
  }

  std::vector<std::string> paths() override {
    std::vector<std::pair<int, std::string>> found;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/dev", error)) {
      const std::string name = entry.path().filename().string();
      if (const auto number = number_of(name)) found.emplace_back(*number, entry.path().string());
    }
    std::ranges::sort(found);
    std::vector<std::string> paths;
    for (auto& [number, path] : found) paths.push_back(std::move(path));
    return paths;
  }

 private:
  static std::optional<int> number_of(const std::string& name) {
    constexpr std::string_view prefix = "video";
    if (!name.starts_with(prefix)) return std::nullopt;
    int number = 0;
    const char* end = name.data() + name.size();
    const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, number);
    if (error != std::errc() || stop != end) return std::nullopt;
    return number;
  }
};

}  // namespace

V4l2System& linux_v4l2() {
  static LinuxV4l2 system;
  return system;
}

}  // namespace camera

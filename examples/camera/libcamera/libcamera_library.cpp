#include <libcamera/control_ids.h>
#include <libcamera/formats.h>
#include <libcamera/framebuffer_allocator.h>
#include <libcamera/logging.h>
#include <libcamera/property_ids.h>
#include <libcamera/request.h>
#include <linux/dma-buf.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "camera/libcamera/camera_calls.hpp"
#include "camera/libcamera/libcamera_version.hpp"

namespace camera {
namespace {

namespace lc = libcamera;
namespace version = libcamera_version;

// Best first: OpenH264 and the Raspberry Pi's encoder take I420 as it is.
const std::array<std::pair<lc::PixelFormat, PixelFormat>, 3> known_formats{
    {{lc::formats::YUV420, PixelFormat::i420},
     {lc::formats::NV12, PixelFormat::nv12},
     {lc::formats::YUYV, PixelFormat::yuyv}}};

// Memory of a DMA buffer, for reading.
class Mapping {
 public:
  Mapping(int descriptor, std::size_t size) : size_(size) {
    void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
    if (memory != MAP_FAILED) memory_ = static_cast<const std::uint8_t*>(memory);
  }
  ~Mapping() {
    if (memory_ != nullptr) munmap(const_cast<std::uint8_t*>(memory_), size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::span<const std::uint8_t> bytes() const { return {memory_, memory_ == nullptr ? 0 : size_}; }

 private:
  const std::uint8_t* memory_ = nullptr;
  std::size_t size_;
};

// Tells the kernel that a processor reads what a device has written: without it the processor's cache may be
// what it reads.
void sync_for_reading(const CameraBuffer& buffer, std::uint64_t begin_or_end) {
  std::set<int> descriptors;
  for (const CameraBuffer::Plane& plane : buffer.planes) descriptors.insert(plane.descriptor);
  for (const int descriptor : descriptors) {
    dma_buf_sync sync{};
    sync.flags = begin_or_end | DMA_BUF_SYNC_READ;
    // Buffers that are none of DMA know no such call, and need none.
    (void)ioctl(descriptor, DMA_BUF_IOCTL_SYNC, &sync);
  }
}

double as_number(const lc::ControlValue& value, double otherwise) {
  if (value.isNone() || value.isArray()) return otherwise;
  switch (value.type()) {
    case lc::ControlTypeBool:
      return value.get<bool>() ? 1 : 0;
    case lc::ControlTypeByte:
      return value.get<std::uint8_t>();
    case lc::ControlTypeInteger32:
      return value.get<std::int32_t>();
    case lc::ControlTypeInteger64:
      return static_cast<double>(value.get<std::int64_t>());
    case lc::ControlTypeFloat:
      return static_cast<double>(value.get<float>());
    default:
      return otherwise;
  }
}

ControlKind kind_of(const lc::ControlId& id, const lc::ControlInfo& info) {
  if (info.min().isArray() || info.def().isArray()) return ControlKind::other;
  switch (id.type()) {
    case lc::ControlTypeBool:
      return ControlKind::boolean;
    case lc::ControlTypeByte:
    case lc::ControlTypeInteger32:
    case lc::ControlTypeInteger64:
      return ControlKind::integer;
    case lc::ControlTypeFloat:
      return ControlKind::real;
    default:
      return ControlKind::other;
  }
}

lc::ControlValue to_value(const lc::ControlId& id, const ControlSetting& setting) {
  switch (id.type()) {
    case lc::ControlTypeBool:
      return lc::ControlValue(std::get<bool>(setting.value));
    case lc::ControlTypeByte:
      return lc::ControlValue(static_cast<std::uint8_t>(std::get<std::int64_t>(setting.value)));
    case lc::ControlTypeInteger32:
      return lc::ControlValue(static_cast<std::int32_t>(std::get<std::int64_t>(setting.value)));
    case lc::ControlTypeInteger64:
      return lc::ControlValue(std::get<std::int64_t>(setting.value));
    default:
      return lc::ControlValue(static_cast<float>(std::get<double>(setting.value)));
  }
}

class LibcameraLibrary final : public CameraCalls {
 public:
  LibcameraLibrary() {
    // Its log is for who asks for it, in its own way; what concerns everybody we say in one line.
    const bool asked =
        std::getenv("LIBCAMERA_LOG_LEVELS") != nullptr || std::getenv("LIBCAMERA_LOG_FILE") != nullptr;
    if (!asked) lc::logSetTarget(lc::LoggingTargetNone);
  }
  ~LibcameraLibrary() override { LibcameraLibrary::close(); }
  LibcameraLibrary(const LibcameraLibrary&) = delete;
  LibcameraLibrary& operator=(const LibcameraLibrary&) = delete;

  int open() override {
    close();
    manager_ = std::make_unique<lc::CameraManager>();
    const int error = manager_->start();
    if (error < 0) manager_.reset();
    return error;
  }

  std::vector<FoundCamera> cameras() override {
    std::vector<FoundCamera> found;
    for (const auto& camera : manager_->cameras()) {
      FoundCamera each{.id = camera->id(), .model = {}, .location = {}};
      if (const auto model = camera->properties().get(lc::properties::Model)) each.model = *model;
      if (const auto location = camera->properties().get(lc::properties::Location)) {
        if (*location == lc::properties::CameraLocationFront) each.location = "front";
        if (*location == lc::properties::CameraLocationBack) each.location = "back";
        if (*location == lc::properties::CameraLocationExternal) each.location = "external";
      }
      found.push_back(std::move(each));
    }
    return found;
  }

  int acquire(const std::string& id) override {
    camera_ = manager_->get(id);
    if (camera_ == nullptr) return -ENODEV;
    const int error = camera_->acquire();
    if (error < 0) {
      camera_.reset();
      return error;
    }
    camera_->requestCompleted.connect(this, &LibcameraLibrary::handle_completed);
    camera_->disconnected.connect(this, &LibcameraLibrary::handle_disconnected);
    return 0;
  }

  std::vector<CameraControl> controls() override {
    std::vector<CameraControl> found;
    for (const auto& [id, info] : camera_->controls()) {
      found.push_back({.name = id->name(),
                       .id = id->id(),
                       .kind = kind_of(*id, info),
                       .least = as_number(info.min(), 0),
                       .most = as_number(info.max(), 0),
                       .names = version::value_names(*id)});
    }
    return found;
  }

  int configure(CameraFormat& format, CameraFormat* low) override {
    low_stream_ = nullptr;
    if (low != nullptr) {
      if (configure_both(format, *low)) return 0;
      low->width = 0;
    }
    configuration_ = camera_->generateConfiguration({lc::StreamRole::VideoRecording});
    if (configuration_ == nullptr || configuration_->empty()) return -EINVAL;
    lc::StreamConfiguration& stream = configuration_->at(0);
    const auto offered = stream.formats().pixelformats();
    // Some pipelines list nothing, and say by validate() what they take.
    const auto is_offered = [&](const auto& known) {
      return offered.empty() || std::ranges::find(offered, known.first) != offered.end();
    };
    for (const auto& known : known_formats) {
      if (is_offered(known) && try_format(stream, known.first, format)) {
        format.pixels = known.second;
        return camera_->configure(configuration_.get());
      }
    }
    return -EINVAL;
  }

  int allocate() override {
    allocator_ = std::make_unique<lc::FrameBufferAllocator>(camera_);
    lc::Stream* stream = configuration_->at(0).stream();
    const int count = allocator_->allocate(stream);
    if (count <= 0) return count;
    if (low_stream_ != nullptr) {
      if (const int low_count = allocator_->allocate(low_stream_); low_count <= 0) return low_count;
    }
    for (const auto& buffer : allocator_->buffers(stream)) {
      const std::size_t index = requests_.size();
      if (low_stream_ != nullptr && index >= allocator_->buffers(low_stream_).size()) break;
      if (!map(*buffer, buffers_)) return -ENOMEM;
      auto request = camera_->createRequest(index);
      if (request == nullptr) return -ENOMEM;
      if (const int error = request->addBuffer(stream, buffer.get()); error < 0) return error;
      if (low_stream_ != nullptr) {
        lc::FrameBuffer& low = *allocator_->buffers(low_stream_)[index];
        if (!map(low, low_buffers_)) return -ENOMEM;
        if (const int error = request->addBuffer(low_stream_, &low); error < 0) return error;
      }
      requests_.push_back(std::move(request));
    }
    return static_cast<int>(requests_.size());
  }

  const CameraBuffer& buffer(unsigned index) override { return buffers_.at(index); }
  const CameraBuffer& low_buffer(unsigned index) override { return low_buffers_.at(index); }
  bool takes_frame_duration() override {
    return camera_->controls().count(lc::controls::FrameDurationLimits.id()) > 0;
  }

  int start(const CameraStart& start) override {
    lc::ControlList list(lc::controls::controls);
    if (start.frame_duration) {
      const std::int64_t us =
          std::chrono::duration_cast<std::chrono::microseconds>(*start.frame_duration).count();
      list.set(lc::controls::FrameDurationLimits, {us, us});
    }
    for (const ControlSetting& setting : start.settings) {
      const auto id = lc::controls::controls.find(setting.id);
      if (id != lc::controls::controls.end()) list.set(setting.id, to_value(*id->second, setting));
    }
    const int error = camera_->start(&list);
    started_ = error >= 0;
    return error;
  }

  int queue(unsigned index) override {
    sync(index, DMA_BUF_SYNC_END);
    lc::Request& request = *requests_.at(index);
    if (request.status() != lc::Request::RequestPending) request.reuse(lc::Request::ReuseBuffers);
    return camera_->queueRequest(&request);
  }

  std::optional<CompletedRequest> completed(petrel::Duration limit) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return !completed_.empty() || disconnected_; });
    if (completed_.empty()) return std::nullopt;
    const CompletedRequest request = completed_.front();
    completed_.pop_front();
    lock.unlock();
    if (request.outcome == CompletedRequest::Outcome::picture) sync(request.buffer, DMA_BUF_SYNC_START);
    return request;
  }

  bool disconnected() override {
    const std::lock_guard lock(mutex_);
    return disconnected_;
  }

  void close() override {
    if (camera_ != nullptr) {
      if (started_) camera_->stop();
      camera_->requestCompleted.disconnect(this);
      camera_->disconnected.disconnect(this);
    }
    started_ = false;
    requests_.clear();
    buffers_.clear();
    low_buffers_.clear();
    low_stream_ = nullptr;
    mappings_.clear();
    allocator_.reset();
    configuration_.reset();
    if (camera_ != nullptr) camera_->release();
    camera_.reset();
    if (manager_ != nullptr) manager_->stop();
    manager_.reset();
    const std::lock_guard lock(mutex_);
    completed_.clear();
    disconnected_ = false;
  }

 private:
  void sync(unsigned index, std::uint64_t begin_or_end) {
    sync_for_reading(buffers_.at(index), begin_or_end);
    if (low_stream_ != nullptr) sync_for_reading(low_buffers_.at(index), begin_or_end);
  }

  // False: the camera gives no two streams of known formats at once.
  bool configure_both(CameraFormat& format, CameraFormat& low) {
    for (const auto& known : known_formats) {
      for (const auto& known_low : known_formats) {
        configuration_ =
            camera_->generateConfiguration({lc::StreamRole::VideoRecording, lc::StreamRole::Viewfinder});
        if (configuration_ == nullptr || configuration_->size() != 2) return false;
        CameraFormat first = format;
        CameraFormat second = low;
        lc::StreamConfiguration& second_stream = configuration_->at(1);
        ask_for(second_stream, known_low.first, second);
        if (!try_format(configuration_->at(0), known.first, first) || configuration_->size() != 2 ||
            second_stream.pixelFormat != known_low.first) {
          continue;
        }
        read(second_stream, second);
        if (camera_->configure(configuration_.get()) < 0) continue;
        first.pixels = known.second;
        second.pixels = known_low.second;
        format = first;
        low = second;
        low_stream_ = second_stream.stream();
        return true;
      }
    }
    return false;
  }

  static void ask_for(lc::StreamConfiguration& stream, const lc::PixelFormat& pixels,
                      const CameraFormat& format) {
    stream.pixelFormat = pixels;
    stream.size = lc::Size(static_cast<unsigned>(format.width), static_cast<unsigned>(format.height));
    stream.bufferCount = format.buffers;
    stream.colorSpace = lc::ColorSpace::Rec709;
  }

  bool try_format(lc::StreamConfiguration& stream, const lc::PixelFormat& pixels, CameraFormat& format) {
    ask_for(stream, pixels, format);
    version::want_rotation(*configuration_, format.rotation);
    if (configuration_->validate() == lc::CameraConfiguration::Invalid || stream.pixelFormat != pixels)
      return false;
    if (!version::has_rotation(*configuration_, format.rotation)) format.rotation = 0;
    read(stream, format);
    return true;
  }

  // What validate() has made of it.
  static void read(const lc::StreamConfiguration& stream, CameraFormat& format) {
    format.width = static_cast<int>(stream.size.width);
    format.height = static_cast<int>(stream.size.height);
    format.stride = static_cast<int>(stream.stride);
    format.buffers = stream.bufferCount;
    if (stream.colorSpace) {
      format.colours = {.is_bt709 = stream.colorSpace->ycbcrEncoding != lc::ColorSpace::YcbcrEncoding::Rec601,
                        .full_range = stream.colorSpace->range == lc::ColorSpace::Range::Full};
    }
  }

  // Planes may share a DMA buffer, which is mapped once then.
  bool map(const lc::FrameBuffer& frame, std::vector<CameraBuffer>& buffers) {
    std::map<int, std::size_t> sizes;
    for (const auto& plane : frame.planes()) {
      std::size_t& size = sizes[plane.fd.get()];
      size = std::max(size, std::size_t{plane.offset} + plane.length);
    }
    std::map<int, std::span<const std::uint8_t>> mapped;
    for (const auto& [descriptor, size] : sizes) {
      mappings_.push_back(std::make_unique<Mapping>(descriptor, size));
      mapped[descriptor] = mappings_.back()->bytes();
      if (mapped[descriptor].empty()) return false;
    }
    CameraBuffer& buffer = buffers.emplace_back();
    for (const auto& plane : frame.planes()) {
      const int descriptor = plane.fd.get();
      buffer.planes.push_back(
          {mapped[descriptor].subspan(plane.offset, plane.length), descriptor, plane.offset});
    }
    return true;
  }

  // On a thread of libcamera's.
  void handle_completed(lc::Request* request) {
    CompletedRequest done{.buffer = static_cast<unsigned>(request->cookie())};
    if (request->status() == lc::Request::RequestCancelled)
      done.outcome = CompletedRequest::Outcome::cancelled;
    for (const auto& [stream, buffer] : request->buffers()) {
      const lc::FrameMetadata& metadata = buffer->metadata();
      done.timestamp_ns = metadata.timestamp;
      if (done.outcome == CompletedRequest::Outcome::picture &&
          metadata.status != lc::FrameMetadata::FrameSuccess)
        done.outcome = CompletedRequest::Outcome::broken;
    }
    {
      const std::lock_guard lock(mutex_);
      completed_.push_back(done);  // As many as there are buffers at most.
    }
    changed_.notify_one();
  }
  void handle_disconnected() {
    {
      const std::lock_guard lock(mutex_);
      disconnected_ = true;
    }
    changed_.notify_one();
  }

  std::unique_ptr<lc::CameraManager> manager_;
  std::shared_ptr<lc::Camera> camera_;
  std::unique_ptr<lc::CameraConfiguration> configuration_;
  std::unique_ptr<lc::FrameBufferAllocator> allocator_;
  std::vector<std::unique_ptr<Mapping>> mappings_;
  std::vector<CameraBuffer> buffers_;
  std::vector<CameraBuffer> low_buffers_;
  lc::Stream* low_stream_ = nullptr;  // The configuration's.
  std::vector<std::unique_ptr<lc::Request>> requests_;
  bool started_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<CompletedRequest> completed_;  // These two under the mutex.
  bool disconnected_ = false;
};

}  // namespace

std::unique_ptr<CameraCalls> make_libcamera() { return std::make_unique<LibcameraLibrary>(); }

bool has_libcamera() { return true; }

}  // namespace camera

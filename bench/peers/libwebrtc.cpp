// libwebrtc as Debian builds it (libtgowt-dev), both ends of a pair in this process:
//
//   libwebrtc_peer data SIZE SECONDS | setup COUNT | pairs COUNT
//
// prints one line of JSON, with the fields of petrel-bench. Candidates trickle.

#include <api/audio_codecs/builtin_audio_decoder_factory.h>
#include <api/audio_codecs/builtin_audio_encoder_factory.h>
#include <api/create_peerconnection_factory.h>
#include <api/data_channel_interface.h>
#include <api/jsep.h>
#include <api/task_queue/default_task_queue_factory.h>
#include <api/video_codecs/builtin_video_decoder_factory.h>
#include <api/video_codecs/builtin_video_encoder_factory.h>
#include <malloc.h>
#include <modules/audio_device/include/audio_device.h>
#include <rtc_base/logging.h>
#include <rtc_base/ssl_adapter.h>
#include <rtc_base/thread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using webrtc::PeerConnectionInterface;

class Latch {
 public:
  void open() {
    std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, std::chrono::seconds(15), [this] { return is_open_; })) return;
    std::fputs("libwebrtc_peer: nothing happened for 15 s\n", stderr);
    std::_Exit(1);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = false;
};

void fail(const webrtc::RTCError& error) {
  std::fprintf(stderr, "libwebrtc_peer: %s\n", error.message());
  std::_Exit(1);
}

struct Applied : webrtc::SetSessionDescriptionObserver {
  Latch done;
  void OnSuccess() override { done.open(); }
  void OnFailure(webrtc::RTCError error) override { fail(error); }
};

struct Created : webrtc::CreateSessionDescriptionObserver {
  Latch done;
  std::unique_ptr<webrtc::SessionDescriptionInterface> description;
  void OnSuccess(webrtc::SessionDescriptionInterface* made) override {
    description.reset(made);
    done.open();
  }
  void OnFailure(webrtc::RTCError error) override { fail(error); }
};

struct ChannelEnd : webrtc::DataChannelObserver {
  std::function<void()> on_state, on_room;
  std::atomic<std::int64_t> received{0};
  void OnStateChange() override {
    if (on_state) on_state();
  }
  void OnMessage(const webrtc::DataBuffer& message) override {
    received += static_cast<std::int64_t>(message.size());
  }
  void OnBufferedAmountChange(std::uint64_t) override {
    if (on_room) on_room();
  }
};

// Tells the other end the candidates, once that has the description.
struct End : webrtc::PeerConnectionObserver {
  rtc::scoped_refptr<PeerConnectionInterface> self, other;
  std::function<void(rtc::scoped_refptr<webrtc::DataChannelInterface>)> on_channel;

  void tell_candidates() {
    std::lock_guard lock(mutex_);
    described_ = true;
    for (const auto& each : early_) other->AddIceCandidate(each.get());
    early_.clear();
  }

  void OnIceCandidate(const webrtc::IceCandidateInterface* candidate) override {
    std::string text;
    candidate->ToString(&text);
    std::unique_ptr<webrtc::IceCandidateInterface> copy(
        webrtc::CreateIceCandidate(candidate->sdp_mid(), candidate->sdp_mline_index(), text, nullptr));
    std::lock_guard lock(mutex_);
    if (described_) {
      other->AddIceCandidate(copy.get());
    } else {
      early_.push_back(std::move(copy));
    }
  }
  void OnDataChannel(rtc::scoped_refptr<webrtc::DataChannelInterface> channel) override {
    if (on_channel) on_channel(channel);
  }
  void OnSignalingChange(PeerConnectionInterface::SignalingState) override {}
  void OnRenegotiationNeeded() override {}
  void OnIceConnectionChange(PeerConnectionInterface::IceConnectionState) override {}
  void OnIceGatheringChange(PeerConnectionInterface::IceGatheringState) override {}

 private:
  std::mutex mutex_;
  bool described_ = false;
  std::vector<std::unique_ptr<webrtc::IceCandidateInterface>> early_;
};

using Factory = rtc::scoped_refptr<webrtc::PeerConnectionFactoryInterface>;

class Pair {
 public:
  explicit Pair(const Factory& factory) {
    PeerConnectionInterface::RTCConfiguration config;
    config.sdp_semantics = webrtc::SdpSemantics::kUnifiedPlan;
    for (End& end : ends_) {
      end.self =
          factory->CreatePeerConnectionOrError(config, webrtc::PeerConnectionDependencies(&end)).MoveValue();
    }
    ends_[0].other = ends_[1].self;
    ends_[1].other = ends_[0].self;
    ends_[1].on_channel = [this](auto channel) {
      remote_ = channel;
      remote_->RegisterObserver(&receiver);
      announced_.open();
    };
    const webrtc::DataChannelInit init;
    channel = ends_[0].self->CreateDataChannelOrError("bench", &init).MoveValue();
    sender.on_state = [this] {
      if (channel->state() == webrtc::DataChannelInterface::kOpen) opened_.open();
    };
    channel->RegisterObserver(&sender);

    negotiate(ends_[0], ends_[1], true);
    ends_[0].tell_candidates();
    negotiate(ends_[1], ends_[0], false);
    ends_[1].tell_candidates();
  }
  ~Pair() {
    announced_.wait();
    channel->UnregisterObserver();
    remote_->UnregisterObserver();
    for (End& end : ends_) end.self->Close();
    for (End& end : ends_) end.other = nullptr;
  }
  void wait_until_open() { opened_.wait(); }
  void wait_until_announced() { announced_.wait(); }

  rtc::scoped_refptr<webrtc::DataChannelInterface> channel;
  ChannelEnd sender, receiver;

 private:
  static void apply(const rtc::scoped_refptr<PeerConnectionInterface>& end, bool local,
                    std::unique_ptr<webrtc::SessionDescriptionInterface> description) {
    const rtc::scoped_refptr<Applied> applied(new rtc::RefCountedObject<Applied>());
    if (local) {
      end->SetLocalDescription(applied.get(), description.release());
    } else {
      end->SetRemoteDescription(applied.get(), description.release());
    }
    applied->done.wait();
  }
  static void negotiate(End& from, End& to, bool offer) {
    const rtc::scoped_refptr<Created> created(new rtc::RefCountedObject<Created>());
    const PeerConnectionInterface::RTCOfferAnswerOptions options;
    if (offer) {
      from.self->CreateOffer(created.get(), options);
    } else {
      from.self->CreateAnswer(created.get(), options);
    }
    created->done.wait();
    auto copy = created->description->Clone();
    apply(from.self, true, std::move(created->description));
    apply(to.self, false, std::move(copy));
  }

  std::array<End, 2> ends_;
  rtc::scoped_refptr<webrtc::DataChannelInterface> remote_;
  Latch opened_, announced_;
};

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double status_field(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word) {
    double value = 0;
    if (word == name + ":" && status >> value) return value;
  }
  return 0;
}

double ms_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
}

void data(const Factory& factory, std::size_t size, int seconds) {
  constexpr std::uint64_t high = 4 << 20;
  Pair pair(factory);
  pair.wait_until_open();
  pair.wait_until_announced();
  rtc::CopyOnWriteBuffer bytes(size);
  std::memset(bytes.MutableData(), 7, size);
  const webrtc::DataBuffer message(bytes, true);
  std::atomic<bool> running = true;
  std::mutex mutex;
  std::condition_variable room;
  pair.sender.on_room = [&] { room.notify_one(); };
  std::thread pump([&] {
    while (running) {
      while (running && pair.channel->buffered_amount() < high && pair.channel->Send(message)) {
      }
      std::unique_lock lock(mutex);
      room.wait_for(lock, std::chrono::milliseconds(2));
    }
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const std::int64_t before = pair.receiver.received;
  const double cpu = cpu_seconds();
  const auto begun = Clock::now();
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  const double elapsed = ms_since(begun) / 1e3;
  const auto received = static_cast<double>(pair.receiver.received - before);
  std::printf(
      R"({"peer":"tg_owt","version":"libwebrtc, Debian's tg_owt","size":%zu,"MBps":%.2f,"cpu_s_per_GB":%.2f})"
      "\n",
      size, received / 1e6 / elapsed, (cpu_seconds() - cpu) / (received / 1e9));
  std::fflush(stdout);
  std::_Exit(0);  // Its threads do not end while a call is up.
}

void setup(const Factory& factory, std::size_t count) {
  constexpr std::size_t warm_up = 3;
  std::vector<double> times;
  for (std::size_t i = 0; i < count + warm_up; ++i) {
    const auto begun = Clock::now();
    Pair pair(factory);
    pair.wait_until_open();
    if (i >= warm_up) times.push_back(ms_since(begun));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::ranges::sort(times);
  std::printf(R"({"peer":"tg_owt","version":"libwebrtc, Debian's tg_owt","count":%zu,"open_ms_median":%.2f,)"
              R"("open_ms_p95":%.2f})"
              "\n",
              count, times[times.size() / 2], times[times.size() * 95 / 100]);
  std::fflush(stdout);
  std::_Exit(0);
}

void pairs(const Factory& factory, std::size_t count) {
  std::vector<std::unique_ptr<Pair>> kept;
  kept.push_back(std::make_unique<Pair>(factory));
  kept[0]->wait_until_open();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  malloc_trim(0);
  const double before = status_field("VmRSS");
  for (std::size_t i = 0; i < count; ++i) {
    kept.push_back(std::make_unique<Pair>(factory));
    kept.back()->wait_until_open();
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  malloc_trim(0);
  const double grown = status_field("VmRSS") - before;
  const double cpu = cpu_seconds();
  std::this_thread::sleep_for(std::chrono::seconds(3));
  std::printf(R"({"peer":"tg_owt","version":"libwebrtc, Debian's tg_owt","count":%zu,"KiB_per_pair":%.0f,)"
              R"("threads":%.0f,"idle_cpu_pct":%.1f})"
              "\n",
              count, grown / static_cast<double>(count), status_field("Threads"),
              (cpu_seconds() - cpu) / 3 * 100);
  std::fflush(stdout);
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (argc < (what == "data" ? 4 : 3)) {
    std::fputs("usage: libwebrtc_peer data SIZE SECONDS | setup COUNT | pairs COUNT\n", stderr);
    return 2;
  }
  rtc::LogMessage::LogToDebug(rtc::LS_NONE);
  rtc::LogMessage::SetLogToStderr(false);
  rtc::InitializeSSL();
  const auto network = rtc::Thread::CreateWithSocketServer();
  const auto worker = rtc::Thread::Create();
  const auto signaling = rtc::Thread::Create();
  for (rtc::Thread* thread : {network.get(), worker.get(), signaling.get()}) thread->Start();
  const auto queues = webrtc::CreateDefaultTaskQueueFactory();
  // Made and kept on its own thread: its destructor asserts elsewhere.
  static auto audio = worker->BlockingCall([&] {
    return webrtc::AudioDeviceModule::Create(webrtc::AudioDeviceModule::kDummyAudio, queues.get());
  });
  const Factory factory = webrtc::CreatePeerConnectionFactory(
      network.get(), worker.get(), signaling.get(), audio, webrtc::CreateBuiltinAudioEncoderFactory(),
      webrtc::CreateBuiltinAudioDecoderFactory(), webrtc::CreateBuiltinVideoEncoderFactory(),
      webrtc::CreateBuiltinVideoDecoderFactory(), nullptr, nullptr);
  const auto count = static_cast<std::size_t>(std::strtoul(argv[2], nullptr, 10));
  if (what == "data") data(factory, count, std::atoi(argv[3]));
  if (what == "setup") setup(factory, count);
  if (what == "pairs") pairs(factory, count);
  return 2;
}

// Reliable channels over lines that lose, reorder and duplicate, for many seeds.

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <set>
#include <string>

#include "datachannel/numbered.hpp"
#include "datachannel/pair.hpp"
#include "simulation/seeds.hpp"
#include "support/seeded_usrsctp.hpp"

namespace petrel::inline v0::datachannel {
namespace {

using namespace std::chrono_literals;

// One direction of one channel.
struct Flow {
  End* from = nullptr;
  End* to = nullptr;
  ChannelId sends{};
  ChannelId receives{};
  ChannelInit init{};
  std::uint32_t sent = 0;
  std::deque<std::size_t> sizes;  ///< To be sent.

  bool is_reliable() const { return !init.max_retransmits && !init.max_packet_life_time; }
};

class Traffic {
 public:
  explicit Traffic(std::uint64_t seed)
      : random_(seed * 7919 + 1),
        interleaves_(limits_of(seed).interleaving),
        pair_(seed, line_of(seed, random_), limits_of(seed), limits_of(seed)) {}

  void run() {
    if (!connect()) return;
    for (int round = 0; round < 2 && !::testing::Test::HasFailure(); ++round) {
      open(round);
      exchange();
      close_channels();
    }
    End& closing = random_.between(0, 1) == 0 ? pair_.left : pair_.right;
    closing.channels.close(pair_.now);
    const bool closed = pair_.run_until(
        [this] {
          return pair_.left.count<TransportClosed>() == 1 && pair_.right.count<TransportClosed>() == 1;
        },
        120s);
    EXPECT_TRUE(closed);
  }

 private:
  static constexpr std::size_t longest = 80'000;
  static inline const ChannelsConfig limits{
      .max_message_size = 100'000, .max_buffered = 64 * 1024, .max_unread = 128 * 1024};

  // Every third pair without I-DATA, as with browsers: there limits count for messages of any length.
  static ChannelsConfig limits_of(std::uint64_t seed) {
    ChannelsConfig config = limits;
    config.interleaving = seed % 3 != 0;
    return config;
  }
  static LineConfig line_of(std::uint64_t seed, testing::SeededRandom& random) {
    constexpr double losses[] = {0, 0.01, 0.05, 0.2};
    return {.latency = std::chrono::milliseconds(random.between(1, 40)),
            .jitter = std::chrono::milliseconds(random.between(0, 20)),
            .loss = losses[seed % 4],
            .duplication = 0.02};
  }

  bool connect() {
    pair_.start(limits.max_message_size, limits.max_message_size);
    const bool connected = pair_.run_until(
        [this] {
          return pair_.left.count<TransportConnected>() == 1 && pair_.right.count<TransportConnected>() == 1;
        },
        60s);
    EXPECT_TRUE(connected);
    return connected;
  }

  ChannelInit any_init() {
    constexpr Priority priorities[] = {Priority::very_low, Priority::low, Priority::medium, Priority::high};
    ChannelInit init{.ordered = random_.between(0, 1) == 0, .priority = priorities[random_.between(0, 3)]};
    const std::uint32_t limit = random_.between(0, 5);
    if (limit == 0) init.max_retransmits = static_cast<std::uint16_t>(random_.between(0, 3));
    if (limit == 1) init.max_packet_life_time = static_cast<std::uint16_t>(random_.between(0, 500));
    // What usrsctp 0.9.5 receives of these without I-DATA may block the stream (docs/usrsctp.md).
    if (limit <= 1 && !interleaves_) init.ordered = true;
    return init;
  }

  // Channels from both sides, and one that both create. In the second round on the streams of the first.
  void open(int round) {
    flows_.clear();
    const std::uint32_t count = random_.between(1, 5);
    for (std::uint32_t i = 0; i < count; ++i) {
      End& from = random_.between(0, 1) == 0 ? pair_.left : pair_.right;
      const ChannelInit init = any_init();
      const std::string label = std::to_string(round) + "-" + std::to_string(i);
      const ChannelId ours = pair_.create(from, label, init);
      if (round == 1 && i == 0) {
        EXPECT_LT(*from.channels.info(ours)->init.id, 2);
      }
      add_flows(from, ours, label, init);
    }
    const ChannelInit both{.negotiated = true,
                           .id = static_cast<std::uint16_t>(100 + random_.between(0, 300))};
    const ChannelId left = pair_.create(pair_.left, "both", both);
    const ChannelId right = pair_.create(pair_.right, "both", both);
    flows_.push_back({&pair_.left, &pair_.right, left, right, both, 0, any_sizes()});
    flows_.push_back({&pair_.right, &pair_.left, right, left, both, 0, any_sizes()});
  }
  void add_flows(End& from, ChannelId ours, const std::string& label, const ChannelInit& init) {
    End& to = &from == &pair_.left ? pair_.right : pair_.left;
    flows_.push_back({&from, &to, ours, {}, init, 0, any_sizes()});
    std::optional<ChannelId> theirs;
    const auto announced = [&] {
      for (const ChannelId channel : to.announced) {
        const auto info = to.channels.info(channel);
        if (info && info->label == label) theirs = channel;
      }
      return theirs.has_value();
    };
    send_some(flows_.back());  // Before the ACK.
    EXPECT_TRUE(pair_.run_until(announced, 60s))
        << label << how_it_ended(pair_.left) << how_it_ended(pair_.right);
    if (!theirs) return;
    flows_.back().receives = *theirs;
    flows_.push_back({&to, &from, *theirs, ours, init, 0, any_sizes()});
  }
  std::deque<std::size_t> any_sizes() {
    std::deque<std::size_t> sizes(random_.between(0, 12));
    for (std::size_t& size : sizes) {
      size = random_.between(0, 5) == 0 ? random_.between(0, longest) : random_.between(0, 2000);
    }
    return sizes;
  }

  void send_some(Flow& flow) {
    while (!flow.sizes.empty()) {
      const auto message = message_of(flow.sent, flow.sizes.front());
      const auto taken = flow.from->channels.try_send(pair_.now, flow.sends, message, false);
      ASSERT_TRUE(taken) << flow.from->channels.error_detail();
      EXPECT_LE(flow.from->channels.info(flow.sends)->buffered_amount, limits.max_buffered + longest);
      if (!*taken) break;
      flow.sizes.pop_front();
      ++flow.sent;
    }
    pair_.settle();
  }
  std::size_t arrived(const Flow& flow) { return flow.to->messages[flow.receives].size(); }

  static std::string how_it_ended(const End& end) {
    for (const Event& event : end.events) {
      if (const auto* closed = std::get_if<TransportClosed>(&event)) return closed->error.message() + ". ";
    }
    return "It did not end. ";
  }
  void exchange() {
    const auto all_there = [this] {
      bool all = true;
      for (Flow& flow : flows_) {
        send_some(flow);
        all &= flow.sizes.empty() && (!flow.is_reliable() || arrived(flow) == flow.sent);
      }
      return all;
    };
    EXPECT_TRUE(pair_.run_until(all_there, 600s)) << how_it_ended(pair_.left) << how_it_ended(pair_.right);
    pair_.run_for(2s);
    for (const Flow& flow : flows_) check(flow);
  }
  // Everything once and as it was sent; in order where that was asked for.
  void check(const Flow& flow) {
    std::set<std::uint32_t> seen;
    std::optional<std::uint32_t> last;
    for (const Message& message : flow.to->messages[flow.receives]) {
      const auto number = number_of(message);
      ASSERT_TRUE(number);
      EXPECT_LT(*number, flow.sent);
      EXPECT_TRUE(seen.insert(*number).second) << "twice " << *number;
      if (flow.init.ordered && last) {
        EXPECT_GT(*number, *last);
      }
      last = number;
    }
    if (flow.is_reliable()) {
      EXPECT_EQ(seen.size(), flow.sent);
    }
  }

  // One side says its last and closes, or both at once.
  void close_channels() {
    std::vector<Flow*> last_words;
    for (std::size_t i = 0; i < flows_.size(); i += 2) {  // A channel's two directions.
      Flow& flow = flows_[i + random_.between(0, 1)];
      const bool both = random_.between(0, 3) == 0;
      if (!both) {
        flow.sizes = {random_.between(0, longest)};
        send_some(flow);
        if (flow.sizes.empty()) last_words.push_back(&flow);
      }
      flow.from->channels.close(pair_.now, flow.sends);
      if (both) flow.to->channels.close(pair_.now, flow.receives);
      pair_.settle();
    }
    const auto all_closed = [this] {
      return std::ranges::all_of(flows_,
                                 [](const Flow& flow) { return flow.from->count<Closed>(flow.sends) == 1; });
    };
    EXPECT_TRUE(pair_.run_until(all_closed, 300s));
    for (const Flow& flow : flows_) {
      EXPECT_FALSE(flow.from->end_of(flow.sends)) << flow.from->end_of(flow.sends).message();
    }
    for (const Flow* flow : last_words) check(*flow);
    EXPECT_TRUE(pair_.left.channels.channels().empty());
    EXPECT_TRUE(pair_.right.channels.channels().empty());
  }

  testing::SeededRandom random_;
  bool interleaves_;
  Pair pair_;
  std::deque<Flow> flows_;
};

TEST(Traffic, ArrivesOnceAndClosesWhateverTheLineDoes) {
  const std::uint64_t first = testing::first_seed();
  for (std::uint64_t seed = first; seed < first + testing::seeds(1000); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const testing::SeededUsrsctp usrsctp(seed);
    Traffic(seed).run();
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace petrel::inline v0::datachannel

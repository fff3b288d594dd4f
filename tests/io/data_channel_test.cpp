#include "petrel/data_channel.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>

#include "io/loopback_call.hpp"
#include "petrel/datachannel/errc.hpp"

namespace petrel::inline v0 {
namespace {

using testing::LoopbackCall;

// A call whose channel, made by the caller, is open on both sides.
struct OpenChannel : LoopbackCall {
  explicit OpenChannel(DataChannelInit init = {}) {
    callee->on_data_channel([this](DataChannel channel) { theirs = channel; });
    ours = caller->create_data_channel("chat", std::move(init)).value();
    negotiate();
    EXPECT_TRUE(run_until([this] {
      return ours->state() == DataChannelState::open && theirs && theirs->state() == DataChannelState::open;
    })) << caller->why();
  }

  std::optional<DataChannel> ours;
  std::optional<DataChannel> theirs;
};

std::vector<std::byte> some_bytes(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + size);
  return bytes;
}

TEST(DataChannel, TellsWhatItIs) {
  OpenChannel call(
      {.ordered = false, .max_retransmits = 3, .protocol = "v1", .priority = datachannel::Priority::high});

  for (const DataChannel& each : {*call.ours, *call.theirs}) {
    EXPECT_EQ(each.label(), "chat");
    EXPECT_EQ(each.protocol(), "v1");
    EXPECT_FALSE(each.init().ordered);
    EXPECT_EQ(each.init().max_retransmits, 3);
    EXPECT_EQ(each.init().priority, datachannel::Priority::high);
    EXPECT_EQ(each.id(), call.ours->id());
    EXPECT_TRUE(each.id());
  }
  EXPECT_EQ(call.caller->data_channels(), std::vector{*call.ours});
  EXPECT_EQ(call.callee->data_channels(), std::vector{*call.theirs});
}

TEST(DataChannel, CarriesTextAndBytesToACallback) {
  OpenChannel call;
  std::vector<Message> received;
  call.theirs->on_message([&](Message message) { received.push_back(std::move(message)); });

  EXPECT_TRUE(call.ours->try_send("hello").value());
  EXPECT_TRUE(call.ours->try_send(Bytes(some_bytes(100'000))).value());
  EXPECT_TRUE(call.ours->try_send("").value());
  ASSERT_TRUE(call.run_until([&] { return received.size() == 3; }));

  EXPECT_TRUE(received[0].is_text);
  EXPECT_EQ(received[0].text(), "hello");
  EXPECT_FALSE(received[1].is_text);
  EXPECT_EQ(received[1].data, some_bytes(100'000));
  EXPECT_TRUE(received[2].is_text);
  EXPECT_TRUE(received[2].data.empty());
  EXPECT_EQ(call.ours->stats().messages_sent, 3U);
  EXPECT_EQ(call.theirs->stats().bytes_received, 100'005U);
}

TEST(DataChannel, KeepsWhatCameBeforeItsCallback) {
  OpenChannel call;
  ASSERT_TRUE(call.ours->try_send("first"));
  ASSERT_TRUE(call.run_until([&] { return call.theirs->stats().messages_received == 1; }));
  std::string received;
  call.theirs->on_message([&](const Message& message) { received = message.text(); });
  EXPECT_EQ(received, "") << "never from inside the call";
  EXPECT_TRUE(call.run_until([&] { return received == "first"; }));
}

TEST(DataChannel, RefusesWithAReason) {
  LoopbackCall call;
  EXPECT_EQ(
      call.caller->create_data_channel("both", {.max_packet_life_time = 1, .max_retransmits = 1}).error(),
      datachannel::Errc::both_limits);
  DataChannel channel = call.caller->create_data_channel("chat").value();
  EXPECT_EQ(channel.state(), DataChannelState::connecting);
  EXPECT_EQ(channel.try_send("too early").error(), datachannel::Errc::not_open);
  call.caller->close();
  EXPECT_EQ(channel.state(), DataChannelState::closed);
  EXPECT_EQ(channel.try_send("too late").error(), Errc::closed);
  EXPECT_EQ(call.caller->create_data_channel("late").error(), Errc::closed);
}

TEST(DataChannel, TellsWhenTheBufferHasRunLow) {
  OpenChannel call;
  bool writable = false;
  bool low = false;
  call.ours->on_writable([&] { writable = true; });
  call.ours->on_buffered_amount_low([&] { low = true; });
  call.theirs->on_message([](const Message&) {});
  const auto message = some_bytes(200'000);
  ASSERT_TRUE(call.ours->set_buffered_amount_low_threshold(100'000));
  int taken = 0;
  while (call.ours->try_send(Bytes(message)).value()) ASSERT_LT(++taken, 1000);

  EXPECT_GT(call.ours->buffered_amount(), 500'000U);
  EXPECT_TRUE(call.run_until([&] { return writable && low; }));
  EXPECT_TRUE(call.run_until([&] { return call.ours->buffered_amount() == 0; }));
}

// docs: the shape that a user should get to write.
asio::awaitable<void> chat(DataChannel channel, std::vector<std::string>& heard, bool& ended) {
  auto sending = channel.send("hello");
  co_await std::move(sending);
  for (;;) {
    auto receiving = channel.receive();
    const auto message = co_await std::move(receiving);
    if (!message) break;
    heard.emplace_back(message->text());
  }
  ended = true;
}

asio::awaitable<void> answer(DataChannel channel) {
  for (;;) {
    auto receiving = channel.receive();
    const auto message = co_await std::move(receiving);
    if (!message) co_return;
    const std::string reply = "you said " + std::string(message->text());
    auto sending = channel.send(reply);  // Reads it only when it is awaited.
    co_await std::move(sending);
    channel.close();
  }
}

TEST(DataChannel, IsUsableByCoroutinesFromTheMomentItIsMade) {
  LoopbackCall call;
  std::vector<std::string> heard;
  bool ended = false;
  call.callee->on_data_channel(
      [&](DataChannel channel) { asio::co_spawn(call.io, answer(std::move(channel)), asio::detached); });
  asio::co_spawn(call.io, chat(call.caller->create_data_channel("chat").value(), heard, ended),
                 asio::detached);
  call.negotiate();

  ASSERT_TRUE(call.run_until([&] { return ended; })) << call.caller->why();
  EXPECT_EQ(heard, std::vector<std::string>{"you said hello"});
}

asio::awaitable<void> send_all(DataChannel channel, int count, int& sent) {
  const auto message = some_bytes(100'000);
  for (; sent < count; ++sent) {
    auto sending = channel.send(Bytes(message));
    co_await std::move(sending);
  }
}

TEST(DataChannel, LetsASenderWaitForAReaderThatIsSlow) {
  OpenChannel call;
  constexpr int messages = 150;  // 15 MB, several times what the two sides hold.
  int sent = 0;
  asio::co_spawn(call.io, send_all(*call.ours, messages, sent), asio::detached);
  int before = -1;
  // Until nothing moves any more.
  ASSERT_TRUE(call.run_until(
      [&] { return call.io.run_for(std::chrono::milliseconds(300)), std::exchange(before, sent) == sent; }));
  EXPECT_LT(sent, messages);

  int received = 0;
  call.theirs->on_message([&](const Message& message) {
    EXPECT_EQ(message.data.size(), 100'000U);
    ++received;
  });
  EXPECT_TRUE(call.run_until([&] { return received == messages; }));
  EXPECT_EQ(sent, messages);
}

asio::awaitable<void> receive_into(DataChannel channel, std::optional<Message>& message,
                                   std::error_code& error, bool& done) {
  try {
    auto receiving = channel.receive();
    message = co_await std::move(receiving);
  } catch (const std::system_error& thrown) {
    error = thrown.code();
  }
  done = true;
}

asio::awaitable<void> send_text(DataChannel channel, std::error_code& error, bool& done) {
  try {
    auto sending = channel.send("text");
    co_await std::move(sending);
  } catch (const std::system_error& thrown) {
    error = thrown.code();
  }
  done = true;
}

TEST(DataChannel, RefusesASecondReaderAndMixingTheTwoDoors) {
  OpenChannel call;
  std::optional<Message> message;
  std::error_code first_error;
  std::error_code second_error;
  bool first = false;
  bool second = false;
  asio::co_spawn(call.io, receive_into(*call.theirs, message, first_error, first), asio::detached);
  asio::co_spawn(call.io, receive_into(*call.theirs, message, second_error, second), asio::detached);
  ASSERT_TRUE(call.run_until([&] { return second; }));
  EXPECT_EQ(second_error, Errc::busy);
  EXPECT_FALSE(first);

  bool mixed = false;
  call.ours->on_message([](const Message&) {});
  std::error_code mixed_error;
  asio::co_spawn(call.io, receive_into(*call.ours, message, mixed_error, mixed), asio::detached);
  ASSERT_TRUE(call.run_until([&] { return mixed; }));
  EXPECT_EQ(mixed_error, Errc::wrong_state);
}

TEST(DataChannel, EndsItsWaitsWhenThePeerIsDestroyed) {
  LoopbackCall call;
  DataChannel channel = call.caller->create_data_channel("chat").value();
  std::optional<Message> message;
  std::error_code receive_error;
  std::error_code send_error;
  bool received = false;
  bool sent = false;
  asio::co_spawn(call.io, receive_into(channel, message, receive_error, received), asio::detached);
  asio::co_spawn(call.io, send_text(channel, send_error, sent), asio::detached);
  call.io.poll();
  EXPECT_FALSE(received || sent);

  call.caller.reset();

  ASSERT_TRUE(call.run_until([&] { return received && sent; }));
  EXPECT_FALSE(message);
  EXPECT_FALSE(receive_error);
  EXPECT_EQ(send_error, Errc::closed);
  EXPECT_EQ(channel.label(), "chat");
  EXPECT_EQ(channel.state(), DataChannelState::closed);
  EXPECT_FALSE(channel.try_receive());
  channel.close();
  channel.on_open([] {});
}

TEST(DataChannel, DeliversEverythingBeforeItsEnd) {
  OpenChannel call;
  std::vector<std::string> order;
  call.theirs->on_message([&](const Message& message) { order.emplace_back(message.text()); });
  call.theirs->on_error([&](std::error_code) { order.emplace_back("error"); });
  call.theirs->on_close([&] { order.emplace_back("closed"); });
  bool ours_closed = false;
  call.ours->on_close([&] { ours_closed = true; });
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(call.ours->try_send(std::to_string(i)).value());
  call.ours->close();

  ASSERT_TRUE(call.run_until([&] { return ours_closed && !order.empty() && order.back() == "closed"; }));
  ASSERT_EQ(order.size(), 201U);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], std::to_string(i));
  EXPECT_EQ(call.theirs->label(), "chat");
  EXPECT_TRUE(call.callee->data_channels().empty());
}

TEST(DataChannel, SaysSoWhenTheConnectionEndsUnderIt) {
  OpenChannel call;
  const auto message = some_bytes(200'000);
  while (call.ours->try_send(Bytes(message)).value()) {
  }
  std::error_code error;
  bool closed = false;
  call.theirs->on_error([&](std::error_code why) { error = why; });
  call.theirs->on_close([&] { closed = true; });
  call.caller.reset();
  ASSERT_TRUE(call.run_until([&] { return closed; }));
  EXPECT_EQ(error, datachannel::Errc::transport_closed);
}

TEST(DataChannel, OpensAtOnceOnAConnectionThatHasOne) {
  OpenChannel call;
  std::optional<DataChannel> second;
  call.caller->on_data_channel([&](DataChannel channel) { second = channel; });
  DataChannel made = call.callee->create_data_channel("second").value();
  bool opened = false;
  made.on_open([&] { opened = true; });
  ASSERT_TRUE(call.run_until([&] { return opened && second.has_value(); }));
  EXPECT_EQ(second->label(), "second");
  EXPECT_NE(made.id().value() % 2, call.ours->id().value() % 2);
}

}  // namespace
}  // namespace petrel::inline v0

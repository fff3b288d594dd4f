#include "turn/requests.hpp"

#include <gtest/gtest.h>

#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;

class RequestsTest : public ::testing::Test {
 protected:
  static constexpr TimePoint start{};

  stun::TransactionId sent_id() {
    const auto transmit = link.poll_transmit();
    EXPECT_TRUE(transmit);
    return transmit ? stun::MessageView::parse(transmit->payload.bytes())->id() : stun::TransactionId{};
  }
  std::optional<Answer> respond(stun::Builder& response) {
    bytes = response.finish();
    view = stun::MessageView::parse(bytes->bytes()).value();
    return requests.handle_response(start, *view);
  }

  testing::SeededRandom random{1};
  ClientState state{.config = {.flow = FlowId{7}, .server = Endpoint::v4(192, 0, 2, 1, 3478)},
                    .random = random};
  Authentication authentication{{"alice", "secret"}};
  ServerLink link{start, state.config};
  Requests requests{state, authentication, link};
  Result<PacketBuffer> bytes{Errc::truncated};
  std::optional<stun::MessageView> view;
};

TEST_F(RequestsTest, AnswersWithTheRequestThatWasAsked) {
  const Endpoint peer = Endpoint::v4(198, 51, 100, 3, 4000);
  requests.start(start, {.kind = RequestKind::channel_bind, .peer = peer, .channel = 0x4001});
  stun::Builder response(stun::Class::success_response, stun::Method::channel_bind, sent_id());
  const auto answer = respond(response);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->error);
  EXPECT_EQ(answer->request.peer, peer);
  EXPECT_EQ(answer->request.channel, 0x4001);
  EXPECT_EQ(answer->response, &*view);
  EXPECT_FALSE(requests.expects(*view));
  EXPECT_EQ(requests.next_timeout(), std::nullopt);
}

TEST_F(RequestsTest, DropsAnAnswerOfAnotherMethodOrWithAWrongFingerprint) {
  requests.start(start, {.kind = RequestKind::refresh});
  const auto id = sent_id();
  stun::Builder other(stun::Class::success_response, stun::Method::allocate, id);
  EXPECT_FALSE(respond(other));
  stun::Builder response(stun::Class::success_response, stun::Method::refresh, id);
  auto damaged = response.finish().value();
  damaged.data()[damaged.size() - 1] ^= std::byte{1};
  EXPECT_FALSE(requests.handle_response(start, stun::MessageView::parse(damaged.bytes()).value()));
  EXPECT_EQ(state.stats.unexpected, 2U);
  EXPECT_TRUE(requests.next_timeout());
}

TEST_F(RequestsTest, TakesAnErrorWithoutACodeForARefusal) {
  requests.start(start, {.kind = RequestKind::refresh});
  stun::Builder response(stun::Class::error_response, stun::Method::refresh, sent_id());
  const auto answer = respond(response);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->error, Errc::refused);
  EXPECT_EQ(answer->code, 0);
}

TEST_F(RequestsTest, GivesUpEachRequestAtItsOwnTime) {
  requests.start(start, {.kind = RequestKind::refresh});
  requests.start(start + 1s, {.kind = RequestKind::create_permission});
  std::vector<TimePoint> ends;
  while (const auto due = requests.next_timeout()) {
    while (const auto answer = requests.handle_timeout(*due)) {
      EXPECT_EQ(answer->error, Errc::timed_out);
      ends.push_back(*due);
    }
  }
  EXPECT_EQ(ends, (std::vector{start + 39'500ms, start + 40'500ms}));
  EXPECT_EQ(state.stats.requests_sent, 14U);
}

TEST_F(RequestsTest, WaitsForNothingThatIsSentOnce) {
  requests.send_once(start, {.kind = RequestKind::refresh});
  EXPECT_TRUE(link.poll_transmit());
  EXPECT_EQ(requests.next_timeout(), std::nullopt);
}

}  // namespace
}  // namespace petrel::inline v0::turn

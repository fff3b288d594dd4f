#include "stun/probe.hpp"

#include <gtest/gtest.h>

#include "petrel/stun/builder.hpp"

namespace petrel::inline v0::stun {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};
constexpr FlowId here{1};
constexpr FlowId elsewhere{2};
const Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
const Endpoint other = Endpoint::v4(192, 0, 2, 2, 3479);
const Endpoint mapped = Endpoint::v4(203, 0, 113, 5, 1234);
const TransactionId id{std::byte{7}};

Probe::Question plain() { return {here, server, server, here}; }
Probe::Question changed() {
  return {.flow = here,
          .to = server,
          .answer_from = other,
          .answer_at = here,
          .change = {.address = true, .port = true}};
}

struct Answer {
  Class message_class = Class::success_response;
  Endpoint from = server;
  FlowId flow = here;
  Method method = Method::binding;
};

bool deliver(Probe& probe, const Answer& answer, const std::function<void(Builder&)>& fill = {}) {
  Builder builder(answer.message_class, answer.method, id);
  if (fill) fill(builder);
  const PacketBuffer packet = builder.finish().value();
  const MessageView view = MessageView::parse(packet.bytes()).value();
  return probe.handle({answer.flow, answer.from, {}, packet.bytes()}, view);
}
void add_mapped(Builder& builder) { builder.xor_mapped_address(mapped).other_address(other); }

TEST(Probe, IsSentEightTimesHalfASecondApartAndThenSilent) {
  Probe probe(start, plain(), id, {});
  for (int sending = 0; sending < 8; ++sending) {
    const TimePoint due = start + sending * 500ms;
    EXPECT_EQ(probe.next_timeout(), due);
    if (sending > 0) {
      EXPECT_FALSE(probe.due(due - 1ns));
    }
    EXPECT_TRUE(probe.due(due));
    EXPECT_FALSE(probe.due(due));
    EXPECT_EQ(probe.last_sent(), due);
  }
  const TimePoint end = start + 3500ms + 2s;
  EXPECT_EQ(probe.next_timeout(), end);
  probe.handle_timeout(end - 1ns);
  EXPECT_TRUE(probe.waits());
  probe.handle_timeout(end);
  EXPECT_EQ(probe.state(), Probe::State::silent);
  EXPECT_FALSE(probe.next_timeout());
  EXPECT_FALSE(probe.due(end));
}

TEST(Probe, KeepsItsScheduleWithinLimits) {
  Probe probe(start, plain(), id, {.interval = 0s, .sends = 0, .last_wait = 24h});
  EXPECT_TRUE(probe.due(start));
  EXPECT_EQ(probe.next_timeout(), start + 1min);
}

TEST(Probe, AsksAsItsQuestionSays) {
  Probe::Question question = changed();
  question.response_port = 5000;
  const Transmit transmit = Probe(start, question, id, {}).request("petrel");
  const MessageView view = MessageView::parse(transmit.payload.bytes()).value();
  EXPECT_EQ(transmit.flow, here);
  EXPECT_EQ(transmit.destination, server);
  EXPECT_EQ(view.id(), id);
  EXPECT_EQ(view.change_request(), (ChangeRequest{.address = true, .port = true}));
  EXPECT_EQ(view.response_port(), 5000);
  EXPECT_EQ(view.software(), "petrel");
  EXPECT_TRUE(view.fingerprint_ok());

  const Transmit bare = Probe(start, plain(), id, {}).request({});
  EXPECT_EQ(bare.payload.size(), header_size + 8);
}

TEST(Probe, LearnsFromAnAnswer) {
  Probe probe(start, plain(), id, {});
  EXPECT_TRUE(deliver(probe, {}, add_mapped));
  EXPECT_EQ(probe.state(), Probe::State::answered);
  EXPECT_EQ(probe.mapped(), mapped);
  EXPECT_EQ(probe.other_address(), other);
  EXPECT_FALSE(probe.is_answered_by(id)) << "once is enough";
}

TEST(Probe, TakesMappedAddressWithoutItsXor) {
  Probe probe(start, plain(), id, {});
  EXPECT_TRUE(deliver(probe, {}, [](Builder& builder) { builder.mapped_address(mapped); }));
  EXPECT_EQ(probe.mapped(), mapped);
}

TEST(Probe, HearsOnlyWhomItAsked) {
  Probe probe(start, plain(), id, {});
  EXPECT_FALSE(deliver(probe, {.from = other}, add_mapped));
  EXPECT_FALSE(deliver(probe, {.flow = elsewhere}, add_mapped));
  EXPECT_FALSE(deliver(probe, {.method = Method::allocate}, add_mapped));
  EXPECT_FALSE(deliver(probe, {.message_class = Class::indication}, add_mapped));
  EXPECT_FALSE(deliver(probe, {.message_class = Class::request}));
  EXPECT_FALSE(deliver(probe, {.message_class = Class::error_response, .from = other}));
  EXPECT_TRUE(probe.waits());
}

TEST(Probe, WantsAChangedAnswerFromTheOtherAddress) {
  Probe probe(start, changed(), id, {});
  EXPECT_TRUE(deliver(probe, {.from = other}, add_mapped));
  EXPECT_EQ(probe.state(), Probe::State::answered);
}

TEST(Probe, TakesAnAnswerThatDisregardsTheChangeForARefusal) {
  Probe probe(start, changed(), id, {});
  EXPECT_TRUE(deliver(probe, {.from = server}, add_mapped));
  EXPECT_EQ(probe.state(), Probe::State::refused);
}

TEST(Probe, ReportsARefusal) {
  Probe probe(start, changed(), id, {});
  EXPECT_TRUE(deliver(probe, {.message_class = Class::error_response},
                      [](Builder& builder) { builder.error_code(420, ""); }));
  EXPECT_EQ(probe.state(), Probe::State::refused);
  EXPECT_EQ(probe.code(), 420);
}

TEST(Probe, TakesAnAnswerWithoutAnAddressOrWithUnknownDemandsForARefusal) {
  Probe without(start, plain(), id, {});
  EXPECT_TRUE(deliver(without, {}));
  EXPECT_EQ(without.state(), Probe::State::refused);
  Probe demanding(start, plain(), id, {});
  EXPECT_TRUE(deliver(demanding, {}, [](Builder& builder) {
    add_mapped(builder);
    builder.attribute(AttributeType{0x7001}, {});
  }));
  EXPECT_EQ(demanding.state(), Probe::State::refused);
}

TEST(Probe, SeesItselfComeBack) {
  Probe probe(start,
              {.flow = here, .to = mapped, .answer_from = mapped, .answer_at = here, .comes_back = true}, id,
              {});
  EXPECT_FALSE(deliver(probe, {.message_class = Class::request, .from = mapped, .flow = elsewhere}));
  EXPECT_TRUE(deliver(probe, {.message_class = Class::request, .from = mapped}));
  EXPECT_EQ(probe.state(), Probe::State::answered);
}

}  // namespace
}  // namespace petrel::inline v0::stun

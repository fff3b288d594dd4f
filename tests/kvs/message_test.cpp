#include "petrel/kvs/message.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "petrel/base/base64.hpp"
#include "petrel/base/errc.hpp"

namespace petrel::inline v0::kvs {
namespace {

// As the developer guide's samples have them.
constexpr std::string_view offer_payload = "eyJ0eXBlIjoib2ZmZXIiLCJzZHAiOiJ2PTBcclxuIn0=";
constexpr std::string_view candidate_payload =
    "eyJjYW5kaWRhdGUiOiJjYW5kaWRhdGU6MSAxIFVEUCAyMTMwNzA2NDMxIDE5Mi4wLjIuMSA1MDAwIHR5cCBob3N0Iiwic2RwTWlkIjoi"
    "MCIsInNk"
    "cE1MaW5lSW5kZXgiOjB9";

std::string frame(std::string_view type, std::string_view payload) {
  return R"({"messageType":")" + std::string(type) +
         R"(","senderClientId":"viewer_01.A-b","messagePayload":")" + std::string(payload) + "\"}";
}
std::string with_payload(std::string_view type, std::string_view json) {
  return frame(type, base64_encode(as_bytes(json)));
}

template <class Content>
Content content_of(std::string_view text) {
  const auto message = read_message(text);
  if (!message || !std::holds_alternative<Content>(message->content)) {
    ADD_FAILURE() << "not that message: " << text;
    return {};
  }
  return std::get<Content>(message->content);
}

TEST(Message, ReadsAnOffer) {
  const auto message = read_message(frame("SDP_OFFER", offer_payload));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->sender, "viewer_01.A-b");
  const auto& offer = std::get<DescriptionMessage>(message->content);
  EXPECT_EQ(offer.type, DescriptionType::offer);
  EXPECT_EQ(offer.sdp, "v=0\r\n");
}

TEST(Message, ReadsACandidate) {
  const auto candidate = content_of<CandidateMessage>(frame("ICE_CANDIDATE", candidate_payload));
  EXPECT_EQ(candidate.candidate, "candidate:1 1 UDP 2130706431 192.0.2.1 5000 typ host");
  EXPECT_EQ(candidate.sdp_mid, "0");
  EXPECT_EQ(candidate.sdp_m_line_index, 0);
}

TEST(Message, ReadsCandidatesOfAllMakes) {
  const auto read = [](std::string_view json) {
    return content_of<CandidateMessage>(with_payload("ICE_CANDIDATE", json));
  };
  EXPECT_EQ(read(R"({"candidate":"a=candidate:1"})").candidate, "candidate:1");
  EXPECT_FALSE(read(R"({"candidate":"candidate:1","sdpMid":null})").sdp_mid);
  EXPECT_EQ(read(R"({"candidate":"","sdpMLineIndex":1})").sdp_m_line_index, 1);
  EXPECT_EQ(read(R"({"candidate":null})").candidate, "");
  EXPECT_EQ(read(R"({"candidate":"x","usernameFragment":"uf"})").username_fragment, "uf");
}

TEST(Message, ReadsControlMessages) {
  content_of<GoAway>(R"({"messageType":"GO_AWAY"})");
  content_of<ReconnectIceServer>(R"({"messageType":"RECONNECT_ICE_SERVER","messagePayload":""})");
  EXPECT_EQ(content_of<UnknownMessage>(R"({"messageType":"NEW"})").type, "NEW");
  const auto status = content_of<StatusResponse>(
      R"({"messageType":"STATUS_RESPONSE","statusResponse":{"correlationId":"1","errorType":"InvalidArgumentException",)"
      R"("statusCode":"400","success":false,"description":"..."}})");
  EXPECT_EQ(status.correlation_id, "1");
  EXPECT_EQ(status.error_type, "InvalidArgumentException");
  EXPECT_EQ(status.status_code, 400);
  EXPECT_EQ(
      content_of<StatusResponse>(R"({"messageType":"STATUS_RESPONSE","statusResponse":{"statusCode":429}})")
          .status_code,
      429);
}

TEST(Message, TheMasterHasNoName) {
  const auto message = read_message(R"({"messageType":"GO_AWAY","senderClientId":""})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->sender, "");
}

TEST(Message, NoPrefixOfAFrameIsAMessage) {
  for (const std::string& whole :
       {frame("SDP_OFFER", offer_payload), frame("ICE_CANDIDATE", candidate_payload),
        std::string(R"({"messageType":"GO_AWAY"})")}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto message = read_message(std::string_view(whole).substr(0, size));
      ASSERT_FALSE(message) << size;
      EXPECT_EQ(message.error(), Errc::bad_message);
    }
  }
}

TEST(Message, RefusesWhatIsNone) {
  for (const std::string& text :
       {std::string("[]"), std::string("\"x\""), std::string(R"({"messageType":5})"),
        std::string(R"({"messageType":"GO_AWAY","senderClientId":"a b"})"), frame("SDP_OFFER", "%%%"),
        frame("SDP_OFFER", ""), with_payload("SDP_OFFER", "[]"), with_payload("SDP_OFFER", "{}"),
        with_payload("SDP_OFFER", R"({"type":"answer","sdp":""})"), with_payload("SDP_OFFER", R"({"sdp":5})"),
        with_payload("SDP_OFFER", "{\"sdp\":\"\xff\"}"), with_payload("ICE_CANDIDATE", R"({"sdpMid":"0"})"),
        with_payload("ICE_CANDIDATE", R"({"candidate":5})"),
        with_payload("ICE_CANDIDATE", R"({"candidate":"x","sdpMLineIndex":70000})"),
        with_payload("ICE_CANDIDATE", R"({"candidate":")" + std::string(3000, 'x') + "\"}"),
        std::string(R"({"messageType":"STATUS_RESPONSE"})"), std::string(100'000, '[')}) {
    const auto message = read_message(text);
    ASSERT_FALSE(message) << text.substr(0, 200);
    EXPECT_EQ(message.error(), Errc::bad_message);
  }
  EXPECT_EQ(read_message(std::string(max_frame_bytes + 1, ' ')).error(), petrel::Errc::too_long);
}

TEST(Message, ReadsTheOffersOfTodaysBrowsers) {
  const std::string sdp(60'000, 'x');
  EXPECT_EQ(
      content_of<DescriptionMessage>(with_payload("SDP_OFFER", R"({"type":"offer","sdp":")" + sdp + "\"}"))
          .sdp,
      sdp);
}

TEST(Message, WritesWhatTheServiceReads) {
  EXPECT_EQ(
      nlohmann::json::parse(write_message(DescriptionMessage{DescriptionType::offer, "v=0\r\n"}, "", "1")),
      nlohmann::json::parse(
          R"({"action":"SDP_OFFER","correlationId":"1","messagePayload":"eyJzZHAiOiJ2PTBcclxuIiwidHlwZSI6Im9mZmVyIn0="})"));
  const auto answer = nlohmann::json::parse(
      write_message(DescriptionMessage{DescriptionType::answer, "v=0"}, "viewer-1", ""));
  EXPECT_EQ(answer["action"], "SDP_ANSWER");
  EXPECT_EQ(answer["recipientClientId"], "viewer-1");
  EXPECT_FALSE(answer.contains("correlationId"));
}

TEST(Message, WhatIsWrittenIsReadAgain) {
  const CandidateMessage candidate{"candidate:1", "video", 1, "frag"};
  const auto written = nlohmann::json::parse(write_message(candidate, "v", ""));
  EXPECT_EQ(
      content_of<CandidateMessage>(frame("ICE_CANDIDATE", written["messagePayload"].get<std::string>())),
      candidate);
  const auto broken = nlohmann::json::parse(write_message(CandidateMessage{"\xff"}, "v", ""));
  content_of<CandidateMessage>(frame("ICE_CANDIDATE", broken["messagePayload"].get<std::string>()));
}

}  // namespace
}  // namespace petrel::inline v0::kvs

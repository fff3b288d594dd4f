#include "petrel/turn/tcp_allocation.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "petrel/base/errc.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/credentials.hpp"
#include "petrel/stun/message.hpp"
#include "support/bytes_literal.hpp"
#include "support/seeded_random.hpp"

namespace petrel::inline v0::turn {
namespace {

using namespace std::chrono_literals;
using stun::Method;

constexpr FlowId control{5};
constexpr FlowId data{6};
const Endpoint server = Endpoint::v4(192, 0, 2, 1, 3478);
const Endpoint relayed = Endpoint::v4(192, 0, 2, 1, 49'152);
const Endpoint peer = Endpoint::v4(198, 51, 100, 3, 4000);

struct Message {
  std::vector<std::byte> bytes;
  stun::MessageView view() const { return stun::MessageView::parse(bytes).value(); }
};

// A client of ours, and a server that answers as its test says.
struct TcpAllocationTest : ::testing::Test {
  static ClientConfig config() {
    return {.flow = control,
            .server = server,
            .protocol = TransportProtocol::tcp,
            .credentials = {"alice", "secret"}};
  }
  void open(FlowId flow) {
    const auto request = client.poll_request();
    ASSERT_TRUE(request);
    const auto* connect = std::get_if<Connect>(&*request);
    ASSERT_NE(connect, nullptr);
    EXPECT_EQ(connect->flow, flow);
    EXPECT_EQ(connect->remote, server);
    client.handle_flow(now, flow, FlowOpened{{}, server});
  }
  Message take(FlowId flow, Method method) {
    const auto transmit = client.poll_transmit();
    if (!transmit || transmit->flow != flow) {
      ADD_FAILURE() << "nothing sent";
      return {};
    }
    Message message{testing::to_vector(transmit->payload.bytes())};
    EXPECT_EQ(message.view().method(), method);
    return message;
  }
  static stun::Builder success(const Message& request) {
    return {stun::Class::success_response, request.view().method(), request.view().id()};
  }
  static stun::Builder error(const Message& request, int code) {
    stun::Builder out(stun::Class::error_response, request.view().method(), request.view().id());
    out.error_code(code, "Because");
    return out;
  }
  std::vector<std::byte> sealed(stun::Builder& response) const {
    crypto::HmacSha1Key key(stun::long_term_key_md5({"alice", "example.org", "secret"}));
    return testing::to_vector(response.finish({.integrity = &key, .fingerprint = false}).value().bytes());
  }
  void deliver(FlowId flow, Bytes bytes) { client.handle_datagram(now, {flow, server, {}, bytes}); }
  void answer(FlowId flow, stun::Builder&& response) { deliver(flow, sealed(response)); }
  void challenge(FlowId flow, const Message& request, int code, std::string_view nonce) {
    auto response = error(request, code);
    response.realm("example.org").nonce(nonce);
    deliver(flow, response.finish({.fingerprint = false}).value().bytes());
  }
  template <class T>
  std::optional<T> event() {
    auto next = client.poll_event();
    if (!next || !std::holds_alternative<T>(*next)) return std::nullopt;
    return std::get<T>(*std::move(next));
  }
  void allocate() {
    open(control);
    challenge(control, take(control, Method::allocate), 401, "first");
    const Message request = take(control, Method::allocate);
    EXPECT_EQ(request.view().requested_transport(), stun::relay_protocol::tcp);
    EXPECT_FALSE(request.view().even_port() || request.view().additional_address_family());
    auto response = success(request);
    response.xor_relayed_address(relayed).xor_mapped_address(peer).lifetime(600);
    answer(control, std::move(response));
    ASSERT_TRUE(event<Allocated>());
  }
  // Up to the ConnectionBind, which is given back.
  Message ask_for_stream() {
    allocate();
    stream = client.connect(now, peer).value();
    const Message request = take(control, Method::connect);
    EXPECT_EQ(request.view().xor_peer_address(), peer);
    auto response = success(request);
    response.connection_id(77);
    answer(control, std::move(response));
    open(data);
    Message bind = take(data, Method::connection_bind);
    EXPECT_EQ(bind.view().connection_id(), 77u);
    return bind;
  }
  void open_stream() {
    answer(data, success(ask_for_stream()));
    ASSERT_TRUE(event<StreamOpened>());
  }
  std::string read() {
    std::string text;
    while (const auto bytes = client.read(stream)) text += as_text(bytes->bytes());
    return text;
  }

  TimePoint now{};
  testing::SeededRandom random{1};
  TcpAllocation client = TcpAllocation::create(now, config(), random).value();
  PeerStreamId stream;
};

TEST_F(TcpAllocationTest, NeedsAStreamToItsServer) {
  ClientConfig by_udp = config();
  by_udp.protocol = TransportProtocol::udp;
  EXPECT_EQ(TcpAllocation::create(now, by_udp, random).error(), petrel::Errc::invalid_argument);
  EXPECT_EQ(client.connect(now, peer).error(), petrel::Errc::wrong_state);
}

TEST_F(TcpAllocationTest, LosesNoByteThatFollowsTheAnswer) {
  auto response = success(ask_for_stream());
  std::vector<std::byte> bytes = sealed(response);
  for (const char c : std::string("SSH-2.0 at once")) bytes.push_back(static_cast<std::byte>(c));
  // However it is cut.
  for (const std::byte byte : bytes) deliver(data, {&byte, 1});
  const auto opened = event<StreamOpened>();
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->peer, peer);
  EXPECT_FALSE(opened->incoming);
  EXPECT_TRUE(event<StreamReadable>());
  EXPECT_EQ(read(), "SSH-2.0 at once");
  deliver(data, as_bytes("more"));
  EXPECT_TRUE(event<StreamReadable>());
  EXPECT_EQ(read(), "more");
}

TEST_F(TcpAllocationTest, SignsTheBindAgainAfterAStaleNonce) {
  challenge(data, ask_for_stream(), 438, "second");
  const Message again = take(data, Method::connection_bind);
  EXPECT_EQ(again.view().nonce(), "second");
  EXPECT_EQ(again.view().connection_id(), 77u);
  answer(data, success(again));
  EXPECT_TRUE(event<StreamOpened>());
}

TEST_F(TcpAllocationTest, BelievesNoAnswerThatIsNotSigned) {
  const Message bind = ask_for_stream();
  auto response = success(bind);
  deliver(data, response.finish({.fingerprint = false}).value().bytes());
  const auto failed = event<StreamFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, Errc::unauthentic_answer);
  EXPECT_TRUE(std::holds_alternative<CloseFlow>(client.poll_request().value()));
}

TEST_F(TcpAllocationTest, WritesNothingButThePeersBytes) {
  open_stream();
  EXPECT_EQ(client.write(now, stream, as_bytes("hello")).value(), 5u);
  const auto transmit = client.poll_transmit();
  ASSERT_TRUE(transmit);
  EXPECT_EQ(transmit->flow, data);
  EXPECT_EQ(as_text(transmit->payload.bytes()), "hello");
}

TEST_F(TcpAllocationTest, TakesNoMoreThanTheNetworkTakes) {
  open_stream();
  const std::vector<std::byte> much(1'000'000);
  const std::size_t taken = client.write(now, stream, much).value();
  EXPECT_LT(taken, TcpAllocation::max_unsent_bytes + PacketBuffer::capacity);
  EXPECT_EQ(client.write(now, stream, much).value(), 0u);
  std::size_t sent = 0;
  while (const auto transmit = client.poll_transmit()) sent += transmit->payload.size();
  EXPECT_EQ(sent, taken);
  EXPECT_TRUE(event<StreamWritable>());

  client.handle_flow(now, data, FlowCongested{});
  EXPECT_EQ(client.write(now, stream, much).value(), 0u);
  EXPECT_FALSE(client.poll_event());
  client.handle_flow(now, data, FlowWritable{});
  EXPECT_TRUE(event<StreamWritable>());
  EXPECT_GT(client.write(now, stream, much).value(), 0u);
}

TEST_F(TcpAllocationTest, StopsReadingWhatNobodyReads) {
  open_stream();
  const std::vector<std::byte> piece(16 * 1024);
  std::size_t given = 0;
  std::optional<IoRequest> request;
  while (!request) {
    deliver(data, piece);
    given += piece.size();
    ASSERT_LE(given, TcpAllocation::max_unread_bytes + piece.size());
    request = client.poll_request();
  }
  EXPECT_EQ(std::get<PauseFlow>(*request).flow, data);
  EXPECT_EQ(read().size(), given);
  request = client.poll_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(std::get<ResumeFlow>(*request).flow, data);
}

TEST_F(TcpAllocationTest, OpensWhatAPeerThatIsPermittedAttempts) {
  allocate();
  stun::Builder stranger(stun::Class::indication, Method::connection_attempt, {});
  stranger.xor_peer_address(peer).connection_id(9);
  const auto attempt = testing::to_vector(stranger.finish({.fingerprint = false}).value().bytes());
  deliver(control, attempt);
  EXPECT_FALSE(client.poll_request()) << "nobody has permitted it";
  EXPECT_EQ(client.stats().unexpected, 1u);

  ASSERT_TRUE(client.permit(now, peer.address));
  answer(control, success(take(control, Method::create_permission)));
  deliver(control, attempt);
  open(data);
  const Message bind = take(data, Method::connection_bind);
  EXPECT_EQ(bind.view().connection_id(), 9u);
  answer(data, success(bind));
  const auto opened = event<StreamOpened>();
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->incoming);
  EXPECT_EQ(opened->peer, peer);

  // Four minutes later it is asked for once more, and refused.
  now += 4min;
  client.handle_timeout(now);
  answer(control, error(take(control, Method::create_permission), 403));
  const auto refused = event<PermissionRefused>();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, 403);
}

TEST_F(TcpAllocationTest, SaysNothingOfAnAttemptThatComesToNothing) {
  allocate();
  ASSERT_TRUE(client.permit(now, peer.address));
  answer(control, success(take(control, Method::create_permission)));
  stun::Builder out(stun::Class::indication, Method::connection_attempt, {});
  out.xor_peer_address(peer).connection_id(9);
  deliver(control, out.finish({.fingerprint = false}).value().bytes());
  EXPECT_EQ(client.streams(), 1u);
  open(data);
  answer(data, error(take(data, Method::connection_bind), 400));
  EXPECT_FALSE(client.poll_event());
  EXPECT_EQ(client.streams(), 0u);
}

TEST_F(TcpAllocationTest, EndsAStreamThatIsNotBoundInTime) {
  ask_for_stream();
  now += TcpAllocation::bind_limit;
  client.handle_timeout(now);
  const auto failed = event<StreamFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, Errc::timed_out);
  EXPECT_EQ(client.streams(), 1u) << "it wants close()";
  client.close(now, stream);
  EXPECT_EQ(client.streams(), 0u);
}

TEST_F(TcpAllocationTest, TellsTheEndBehindTheLastByte) {
  open_stream();
  deliver(data, as_bytes("bye"));
  client.handle_flow(now, data, FlowClosed{});
  EXPECT_TRUE(event<StreamReadable>());
  EXPECT_TRUE(event<StreamClosed>());
  EXPECT_EQ(read(), "bye");
  EXPECT_EQ(client.write(now, stream, as_bytes("x")).error(), petrel::Errc::closed);
}

TEST_F(TcpAllocationTest, EndsWithItsControlConnection) {
  open_stream();
  client.handle_flow(now, control, FlowClosed{});
  const auto failed = event<StreamFailed>();
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error, Errc::connection_closed);
  const auto lost = event<Lost>();
  ASSERT_TRUE(lost);
  EXPECT_EQ(lost->detail, "no connection to 192.0.2.1:3478: the server closed it");
  EXPECT_EQ(client.next_timeout(), std::nullopt);
  EXPECT_EQ(client.permit(now, peer.address).error(), petrel::Errc::closed);
}

TEST_F(TcpAllocationTest, GivesTheAllocationBack) {
  open_stream();
  client.close(now);
  std::optional<std::uint32_t> lifetime;
  while (const auto transmit = client.poll_transmit()) {
    const auto view = stun::MessageView::parse(transmit->payload.bytes());
    if (view && view->method() == Method::refresh) lifetime = view->lifetime();
  }
  EXPECT_EQ(lifetime, 0u);
  int closed = 0;
  while (const auto request = client.poll_request()) closed += std::holds_alternative<CloseFlow>(*request);
  EXPECT_EQ(closed, 2);
  EXPECT_FALSE(client.poll_event());
}

}  // namespace
}  // namespace petrel::inline v0::turn

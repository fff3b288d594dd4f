#include "io/tcp_listener.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>

namespace petrel::inline v0::io {
namespace {

TEST(TcpListener, AcceptsEachConnectionUntilItIsClosed) {
  asio::io_context context(1);
  const auto listener = TcpListener::bind(context.get_executor(), Endpoint::v4(127, 0, 0, 1, 0)).value();
  int accepted = 0;
  listener->start([&](asio::ip::tcp::socket socket) {
    EXPECT_TRUE(socket.is_open());
    if (++accepted == 2) listener->close();
  });
  const asio::ip::tcp::endpoint server(asio::ip::address_v4::loopback(), listener->local().port);
  asio::ip::tcp::socket first(context);
  asio::ip::tcp::socket second(context);
  first.connect(server);
  second.connect(server);
  context.run();  // Ends because nothing waits any more.
  EXPECT_EQ(accepted, 2);

  asio::ip::tcp::socket late(context);
  std::error_code error;
  late.connect(server, error);
  EXPECT_TRUE(error);
}

TEST(TcpListener, SaysWhatIsWrongWithAnAddress) {
  asio::io_context context(1);
  const auto first = TcpListener::bind(context.get_executor(), Endpoint::v4(127, 0, 0, 1, 0)).value();
  const auto second = TcpListener::bind(context.get_executor(), first->local());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), std::errc::address_in_use);
  const auto foreign = TcpListener::bind(context.get_executor(), Endpoint::v4(192, 0, 2, 1, 0));
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error(), std::errc::address_not_available);
}

}  // namespace
}  // namespace petrel::inline v0::io

#include "shared/http_listener.hpp"

#include <gtest/gtest.h>

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <stdexcept>
#include <vector>

#include "shared/user_error.hpp"

namespace shared {
namespace {

namespace http = petrel::http;
using asio::ip::tcp;

const petrel::Endpoint any_port = petrel::Endpoint::v4(127, 0, 0, 1, 0);

asio::awaitable<http::Response> echo_path(http::Request request) {
  if (request.path == "/throw") throw std::runtime_error("no");
  co_return http::Response{http::Status::ok, {}, request.path + request.body};
}

tcp::endpoint endpoint_of(const HttpListener& listener) {
  return {asio::ip::address_v4::loopback(), listener.local().port};
}

// Sends `request` as it is and gives what came back until the server closed.
asio::awaitable<void> exchange(tcp::endpoint server, std::string request, std::string& response) {
  tcp::socket socket(co_await asio::this_coro::executor);
  co_await socket.async_connect(server, asio::use_awaitable);
  co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
  std::error_code end;
  co_await asio::async_read(socket, asio::dynamic_buffer(response),
                            asio::redirect_error(asio::use_awaitable, end));
}

std::string answer_to(const std::string& request) {
  asio::io_context io;
  HttpListener listener(io.get_executor(), any_port, echo_path);
  std::string response;
  asio::co_spawn(io, exchange(endpoint_of(listener), request, response), [&](std::exception_ptr error) {
    EXPECT_FALSE(error);
    listener.stop();
  });
  io.run();
  return response;
}

TEST(HttpListener, AnswersRequestsOnOneConnection) {
  const std::string response = answer_to(
      "GET /a HTTP/1.1\r\nHost: x\r\n\r\nPOST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
      "Connection: close\r\n\r\nhi");
  EXPECT_EQ(response,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/a"
            "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n/bhi");
}

TEST(HttpListener, DeliversTheRefusalOfABadRequest) {
  EXPECT_TRUE(answer_to("GET / HTTP/1.1\n").starts_with("HTTP/1.1 400 "));
}

TEST(HttpListener, Answers500WhenTheHandlerThrows) {
  const std::string response = answer_to("GET /throw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(response.starts_with("HTTP/1.1 500 ")) << response;
}

TEST(HttpListener, SaysWhatToDoWhenThePortIsTaken) {
  asio::io_context io;
  HttpListener first(io.get_executor(), any_port, echo_path);
  try {
    HttpListener second(io.get_executor(), first.local(), echo_path);
    FAIL() << "two listeners on one port";
  } catch (const UserError& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("Port " + std::to_string(first.local().port)), std::string::npos) << what;
    EXPECT_NE(what.find("--listen 127.0.0.1:"), std::string::npos) << what;
  }
}

TEST(HttpListener, SaysWhatToDoWhenTheAddressIsNotOurs) {
  asio::io_context io;
  EXPECT_THROW(HttpListener(io.get_executor(), petrel::Endpoint::v4(192, 0, 2, 1, 0), echo_path), UserError);
}

TEST(HttpListener, RefusesConnectionsAboveItsCap) {
  asio::io_context io;
  HttpListener listener(io.get_executor(), any_port, echo_path);
  std::vector<tcp::socket> idle;
  for (std::size_t i = 0; i < HttpListener::max_connections; ++i) {
    idle.emplace_back(io).connect(endpoint_of(listener));
  }
  std::string response;
  asio::co_spawn(io, exchange(endpoint_of(listener), "", response), [&](std::exception_ptr) {
    idle.clear();
    listener.stop();
  });
  io.run();
  EXPECT_TRUE(response.starts_with("HTTP/1.1 503 ")) << response;
}

TEST(HttpListener, LeavesNothingToRunOnceStopped) {
  asio::io_context io;
  tcp::socket client(io);
  {
    HttpListener listener(io.get_executor(), any_port, echo_path);
    client.connect(endpoint_of(listener));
    asio::write(client, asio::buffer(std::string("GET / HT")));
    io.poll();
  }
  io.run();  // Ends: no timer, no socket is left.
  SUCCEED();
}

}  // namespace
}  // namespace shared

#include "io/interface_watch.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <cstring>
#include <thread>

namespace petrel::inline v0::io {
namespace {

using namespace std::chrono_literals;

// Turns the loopback interface of this thread's network namespace on or off.
bool set_loopback(bool up) {
  const int any = ::socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = static_cast<short>(up ? IFF_UP : 0);
  const bool done = ::ioctl(any, SIOCSIFFLAGS, &request) == 0;
  ::close(any);
  return done;
}

TEST(InterfaceWatch, TellsOnceThatAnInterfaceCameUp) {
  bool possible = false;
  int told = 0;
  // A thread may leave for a namespace of its own, where nobody else changes anything.
  std::thread([&] {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 && ::unshare(CLONE_NEWNET) != 0) return;
    asio::io_context io(1);
    const auto watch = InterfaceWatch::start(io.get_executor(), [&] {
      ++told;
      io.stop();
    });
    ASSERT_NE(watch, nullptr);
    possible = set_loopback(true);
    if (possible) io.run_for(10s);
    watch->close();
    io.restart();
    io.run();
  }).join();
  if (!possible) GTEST_SKIP() << "this system lets nobody make a network namespace";
  EXPECT_EQ(told, 1);
}

TEST(InterfaceWatch, EndsWhenItIsClosed) {
  asio::io_context io(1);
  const auto watch = InterfaceWatch::start(io.get_executor(), [] { ADD_FAILURE(); });
  ASSERT_NE(watch, nullptr);
  watch->close();
  io.run();
}

}  // namespace
}  // namespace petrel::inline v0::io

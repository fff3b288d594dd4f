#include "io/context_watch.hpp"

#include <gtest/gtest.h>

#include <asio/io_context.hpp>
#include <memory>

namespace petrel::inline v0::io {
namespace {

struct User final : ContextUser {
  int told = 0;
  void on_context_gone() override { ++told; }
};

TEST(ContextWatch, TellsThoseWhoAreStillThere) {
  const auto stays = std::make_shared<User>();
  auto leaves = std::make_shared<User>();
  {
    asio::io_context io;
    ContextWatch& watch = ContextWatch::of(io.get_executor());
    EXPECT_EQ(&watch, &ContextWatch::of(io.get_executor()));
    watch.add(leaves);
    watch.add(stays);
    leaves.reset();
  }
  EXPECT_EQ(stays->told, 1);
}

}  // namespace
}  // namespace petrel::inline v0::io

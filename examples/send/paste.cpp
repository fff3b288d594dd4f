#include "send/paste.hpp"

#include <termios.h>
#include <unistd.h>

#include <asio/posix/stream_descriptor.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <cstdio>
#include <utility>

#include "send/description_line.hpp"

namespace transfer {
namespace {

constexpr petrel::Duration gathering_limit = std::chrono::seconds(5);

// A terminal hands over lines of 4095 characters at most, and a description with many candidates is longer.
// Without its line editing there is no such limit.
class LongLines {
 public:
  LongLines() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios changed = before_;
    changed.c_lflag &= ~static_cast<tcflag_t>(ICANON);
    changed.c_cc[VMIN] = 1;
    changed.c_cc[VTIME] = 0;
    is_changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &changed) == 0;
  }
  ~LongLines() {
    if (is_changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  LongLines(const LongLines&) = delete;
  LongLines& operator=(const LongLines&) = delete;

 private:
  termios before_{};
  bool is_changed_ = false;
};

// The next line of standard input with a description of that type; nullopt at its end.
asio::awaitable<std::optional<petrel::SessionDescription>> read_description(Task& task,
                                                                            petrel::SdpType type) {
  const LongLines lines;
  asio::posix::stream_descriptor input(task.network.executor(), ::dup(STDIN_FILENO));
  std::string waiting;
  for (;;) {
    std::error_code error;
    auto reading = asio::async_read_until(input, asio::dynamic_buffer(waiting, max_line_bytes), '\n',
                                          asio::redirect_error(asio::use_awaitable, error));
    const std::size_t size = co_await std::move(reading);
    // The last line may have no end.
    const std::string line = waiting.substr(0, error ? waiting.size() : size);
    waiting.erase(0, line.size());
    auto description = from_line(line);
    if (description && description->type == type) co_return description;
    if (error) co_return std::nullopt;
    if (line.find_first_not_of(" \t\r\n") != line.npos) {
      task.screen.say("That is no line of the other end's. Copy the whole line, which begins with ey.");
    }
  }
}

void print(const petrel::SessionDescription& description) {
  std::printf("%s\n", to_line(description).c_str());
  std::fflush(stdout);
}

}  // namespace

asio::awaitable<Outcome> transfer_by_paste(Task& task, petrel::PeerConfig config,
                                           std::unique_ptr<Call>& call) {
  const bool sends = task.source != nullptr;
  std::optional<Outcome> outcome;
  std::string broken;
  asio::steady_timer ended(task.network.executor(), asio::steady_timer::time_point::max());
  call = std::make_unique<Call>(task, std::move(config), nullptr,
                                [&](std::optional<Outcome> result, std::string why) {
                                  outcome = std::move(result);
                                  broken = std::move(why);
                                  ended.expires_at(asio::steady_timer::time_point::min());
                                });
  if (sends) {
    if (const auto offered = call->offer(); !offered) {
      co_return Outcome{"no offer can be made: " + offered.error().message()};
    }
    auto gathering = call->peer().gathered_description(gathering_limit);
    print(co_await std::move(gathering));
    task.screen.say("Give this line to petrel-send --receive --paste, and paste what that answers here:");
  } else {
    task.screen.say("Paste the line of petrel-send FILE --paste here:");
  }
  auto reading = read_description(task, sends ? petrel::SdpType::answer : petrel::SdpType::offer);
  auto theirs = co_await std::move(reading);
  if (!theirs) co_return Outcome{"standard input ended before there was a line of the other end's"};
  if (const auto applied = call->apply(*std::move(theirs)); !applied) {
    co_return Outcome{"the other end's line is of no use: " + applied.error().message() + ": " +
                      call->peer().error_detail()};
  }
  if (!sends) {
    auto gathering = call->peer().gathered_description(gathering_limit);
    print(co_await std::move(gathering));
    task.screen.say("Give this line to the sender.");
  }
  std::error_code ignored;
  auto ending = ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_await std::move(ending);
  if (outcome) co_return *std::move(outcome);
  co_return Outcome{"the connection broke. " + broken + " Do the same again to go on where it stopped."};
}

}  // namespace transfer

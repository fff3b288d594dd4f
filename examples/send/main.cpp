// petrel-send: a file from terminal to browser, browser to terminal, or terminal to terminal.

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>

#include "petrel/crypto/sha256.hpp"
#include "send/options.hpp"
#include "send/page.hpp"
#include "send/paste.hpp"
#include "send/room_session.hpp"
#include "send/rooms.hpp"
#include "shared/hexadecimal.hpp"
#include "shared/page_response.hpp"
#include "shared/peer_config.hpp"
#include "shared/program_main.hpp"
#include "shared/random_id.hpp"
#include "shared/stderr_log.hpp"
#include "shared/user_error.hpp"

namespace {

using shared::UserError;
using transfer::Outcome;

// Before anything else happens, so that Ctrl-C still simply ends it.
std::string sha256_of(const transfer::SourceFile& file, transfer::Screen& screen,
                      const petrel::Network& network) {
  petrel::crypto::Sha256 hash;
  std::vector<std::byte> block(1024 * 1024);
  transfer::Progress progress(network.now(), file.size(), 0);
  for (std::uint64_t at = 0; at < file.size(); at += block.size()) {
    if (block.size() > file.size() - at) block.resize(static_cast<std::size_t>(file.size() - at));
    file.read(at, block);
    hash.update(block);
    progress.update(network.now(), at + block.size());
    screen.show(network.now(), progress);
  }
  screen.clear();
  return shared::hexadecimal(hash.digest());
}

class Program {
 public:
  explicit Program(transfer::Options options)
      : options_(std::move(options)), network_(io_.get_executor()), task_{network_, screen_} {
    if (options_.server.log_level) log_.emplace(*options_.server.log_level);
  }

  int run() {
    if (!options_.file.empty()) open_source();
    if (options_.folder) task_.folder = *options_.folder;
    config_ = shared::peer_config(options_.server, network_, log_ ? &*log_ : nullptr);
    config_.name = "send";
    asio::signal_set signals(io_, SIGINT, SIGTERM);
    signals.async_wait([&](std::error_code error, int) {
      if (error) return;
      if (!options_.serve) end({"stopped"});
      io_.stop();
    });
    if (options_.paste) {
      asio::co_spawn(io_, transfer::transfer_by_paste(task_, config_, call_),
                     [&](std::exception_ptr error, Outcome outcome) {
                       if (error) std::rethrow_exception(error);
                       end(std::move(outcome));
                     });
    } else if (options_.room) {
      meet_in(*options_.room);
    } else {
      host();
    }
    io_.run();
    if (!complaint_.empty()) throw UserError(complaint_);
    return report();
  }

 private:
  void open_source() {
    source_ = std::make_unique<transfer::SourceFile>(options_.file);
    task_.source = source_.get();
    task_.offer = {source_->name(), source_->size(), {}};
    task_.offer.sha256 = sha256_of(*source_, screen_, network_);
    screen_.say("Sending " + transfer::printable(task_.offer.name) + ", " +
                transfer::size_text(task_.offer.size));
  }

  void meet_in(petrel::http::Url room) {
    session_.emplace(task_, config_, std::move(room), [&](Outcome outcome) { end(std::move(outcome)); });
  }

  void host() {
    transfer::RoomsConfig config;
    config.listen = options_.server.listen_endpoint;
    config.access = shared::access_policy(options_.server);
    config.page = shared::page_response(transfer::page);
    if (!options_.serve) config.only_room = room_ = shared::random_id(network_.random()).substr(0, 12);
    rooms_ = std::make_unique<shared::FlowRunner<transfer::Rooms>>(
        network_, [&](const transfer::Rooms::Event& event) { handle(event); }, std::move(config));
  }

  void handle(const transfer::Rooms::Event& event) {
    if (const auto* failed = std::get_if<transfer::RoomsFailed>(&event)) {
      complaint_ = "--listen " + options_.server.listen + ": " + failed->error.message() +
                   ". Choose another port, or end the program that has it.";
      io_.stop();
      return;
    }
    const petrel::Endpoint local = std::get<transfer::RoomsListening>(event).local;
    const auto address = petrel::http::parse_url(shared::page_address(options_.server, local)).value();
    auto room = address;
    room.path = "/room/" + (options_.serve ? "NAME" : room_);
    auto socket = room;
    socket.scheme = "ws";
    if (options_.serve) {
      std::printf("Rooms at %s (Ctrl-C ends)\nTerminals use --room '%s'\n",
                  petrel::http::to_string(address).c_str(), petrel::http::to_string(socket).c_str());
    } else {
      const char* const other = task_.source != nullptr ? "--receive" : "FILE";
      std::printf("Open %s\nor run petrel-send %s --room '%s'\n", petrel::http::to_string(room).c_str(),
                  other, petrel::http::to_string(socket).c_str());
    }
    std::fflush(stdout);
    // We are a guest like any other in our own room. An unspecified address was printed as loopback.
    if (!options_.serve) meet_in(std::move(socket));
  }

  void end(Outcome outcome) {
    if (outcome_) return;
    outcome_ = std::move(outcome);
    call_.reset();  // With a goodbye, while there is a network to say it by.
    io_.stop();
  }

  int report() {
    if (!outcome_ || outcome_->ok()) return 0;
    std::string line = "petrel-send: " + outcome_->failure;
    if (!line.ends_with('.')) line += '.';
    if (!task_.part.empty()) {
      line += " What has arrived is in " + task_.part.string() + "; start again to go on with it.";
    }
    screen_.say(line);
    return 1;
  }

  transfer::Options options_;
  asio::io_context io_{1};
  std::optional<shared::StderrLog> log_;
  petrel::Network network_;
  transfer::Screen screen_;
  transfer::Task task_;
  petrel::PeerConfig config_;
  std::unique_ptr<transfer::SourceFile> source_;
  std::string room_;
  std::string complaint_;
  std::optional<Outcome> outcome_;
  std::unique_ptr<shared::FlowRunner<transfer::Rooms>> rooms_;
  std::optional<transfer::RoomSession> session_;
  std::unique_ptr<transfer::Call> call_;  // By pasted lines.
};

}  // namespace

int main(int argc, char** argv) {
  return shared::program_main("petrel-send", transfer::parse_options(argc, argv),
                              [](transfer::Options options) { return Program(std::move(options)).run(); });
}

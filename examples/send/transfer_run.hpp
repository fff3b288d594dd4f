#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/steady_timer.hpp>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "petrel/data_channel.hpp"
#include "petrel/io/network.hpp"
#include "send/part_file.hpp"
#include "send/progress.hpp"
#include "send/screen.hpp"
#include "send/source_file.hpp"
#include "send/transfer.hpp"

namespace transfer {

/// What all connections of one transfer have in common.
struct Task {
  petrel::Network& network;
  Screen& screen;
  const SourceFile* source = nullptr;  ///< What is sent; nullptr: we receive.
  Offer offer{};                       ///< Of the source.
  std::filesystem::path folder{};      ///< Where to receive into.

  // What has come of it so far.
  bool announced = false;        ///< The first line, with the file's name, has been said.
  std::uint64_t most = 0;        ///< Bytes that the receiver has; across connections.
  std::filesystem::path part{};  ///< The file that is arriving.
};

/// One transfer over one channel: moves bytes between file, machine and channel.
///
/// Reports its end once, from the executor: an outcome, or nullopt where the channel closed before there was
/// one. Destroying it abandons it. Always in a shared_ptr, since the channel's callbacks look whether it is
/// still there.
class TransferRun : public std::enable_shared_from_this<TransferRun> {
 public:
  using OnEnd = std::function<void(std::optional<Outcome>)>;

  static std::shared_ptr<TransferRun> create(Task& task, petrel::DataChannel channel, OnEnd on_end);
  virtual ~TransferRun() = default;

  void start();
  /// Once there is one; its last word may still be on its way.
  const std::optional<Outcome>& outcome() const { return outcome_; }

 protected:
  TransferRun(Task& task, petrel::DataChannel channel, OnEnd on_end);

  virtual void handle_text(std::string_view text) = 0;
  virtual void handle_binary(petrel::Bytes bytes) = 0;
  /// The channel is open, or takes more.
  virtual void pump() = 0;

  /// Sends all of `texts`, which waits where the channel does not take them.
  template <class Machine>
  bool send_texts(Machine& machine) {
    for (;;) {
      if (text_.empty()) {
        auto next = machine.poll_text();
        if (!next) return true;
        text_ = *std::move(next);
      }
      const auto sent = channel_.try_send(text_);
      if (!sent || !*sent) return false;
      text_.clear();
    }
  }
  /// Ends behind what the channel has taken, at the latest after a while.
  void conclude(const Outcome& outcome);
  void show(std::uint64_t total, std::uint64_t from, std::uint64_t done);

  Task& task_;
  petrel::DataChannel channel_;
  std::optional<Progress> progress_;

 private:
  void report(std::optional<Outcome> outcome);

  OnEnd on_end_;
  std::string text_;
  std::optional<Outcome> outcome_;
  asio::steady_timer timer_;
};

}  // namespace transfer

#pragma once

#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "datachannel/core.hpp"
#include "datachannel/link.hpp"
#include "petrel/datachannel/dcep.hpp"
#include "support/bytes_literal.hpp"

namespace petrel::inline v0::datachannel {

/// An association that says what the test wants, and remembers what it was told.
class ScriptedLink final : public Link {
 public:
  struct Sent {
    std::uint16_t stream = 0;
    std::uint32_t protocol = 0;
    sctp::Delivery delivery{};
    bool last = true;
    std::vector<std::byte> payload{};

    std::string text() const { return std::string(as_text(payload)); }
  };

  void connect(TimePoint) override { connecting = true; }
  void handle_packet(TimePoint, Bytes) override { ++packets; }
  void handle_packets(TimePoint, std::span<const PacketBuffer> all) override { packets += all.size(); }
  void handle_timeout(TimePoint) override {}
  std::optional<TimePoint> next_timeout() const override { return std::nullopt; }
  std::optional<PacketBuffer> poll_packet() override { return std::nullopt; }
  std::optional<sctp::Event> poll_event() override { return take(events); }

  Result<std::size_t> send(TimePoint, const sctp::Outgoing& outgoing) override {
    if (send_error) return send_error;
    if (outgoing.stream >= streams) return std::size_t{0};
    const std::size_t taken = std::min(room, outgoing.payload.size());
    if (room != unlimited) room -= taken;
    if (taken == 0) return std::size_t{0};
    sent.push_back({.stream = outgoing.stream,
                    .protocol = outgoing.protocol,
                    .delivery = outgoing.delivery,
                    .last = outgoing.last && taken == outgoing.payload.size(),
                    .payload = testing::to_vector(outgoing.payload.first(taken))});
    return taken;
  }
  std::optional<sctp::Incoming> receive(TimePoint) override { return take(incoming); }
  std::size_t unacknowledged() const override { return in_flight; }
  Result<void> reset(TimePoint, std::span<const std::uint16_t> wanted) override {
    if (reset_error) return reset_error;
    resets.emplace_back(wanted.begin(), wanted.end());
    return {};
  }
  void shut_down(TimePoint) override { shut_down_called = true; }
  void abort(TimePoint) override { aborted = true; }
  sctp::AssociationStats stats() const override { return {.packets_received = packets}; }

  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

  std::deque<sctp::Event> events;
  std::deque<sctp::Incoming> incoming;
  std::vector<Sent> sent;
  std::vector<std::vector<std::uint16_t>> resets;
  std::size_t room = unlimited;
  std::uint16_t streams = 300;
  std::error_code send_error;
  std::error_code reset_error;
  std::size_t in_flight = 0;
  std::size_t packets = 0;
  bool connecting = false;
  bool shut_down_called = false;
  bool aborted = false;

 private:
  template <class T>
  static std::optional<T> take(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    T first = std::move(queue.front());
    queue.pop_front();
    return first;
  }
};

/// A core on a scripted association. It is the DTLS server, so its own streams are odd.
class CoreBench {
 public:
  explicit CoreBench(ChannelsConfig config = {}) : core(now, std::move(config)) {}

  void start(TransportParameters parameters = {}) {
    auto owned = std::make_unique<ScriptedLink>();
    link = owned.get();
    core.start(now, parameters, std::move(owned));
  }
  void connect(bool interleaving = true) {
    if (link == nullptr) start();
    happens(sctp::Connected{link->streams, 65535, interleaving});
  }
  /// SCTP says so.
  void happens(sctp::Event event) {
    link->events.push_back(std::move(event));
    core.handle_packet(now, {});
  }
  void arrives(std::uint16_t stream, Protocol protocol, Bytes payload, bool last = true,
               bool unordered = false) {
    link->incoming.push_back({.stream = stream,
                              .protocol = static_cast<std::uint32_t>(protocol),
                              .unordered = unordered,
                              .last = last,
                              .payload = testing::to_vector(payload)});
    core.handle_packet(now, {});
  }
  void arrives(std::uint16_t stream, Protocol protocol, std::string_view payload, bool last = true,
               bool unordered = false) {
    arrives(stream, protocol, as_bytes(payload), last, unordered);
  }
  void peer_opens(std::uint16_t stream, OpenMessage open = {.label = "theirs"}) {
    arrives(stream, Protocol::dcep, write_open(open).value());
  }
  void peer_acknowledges(std::uint16_t stream) { arrives(stream, Protocol::dcep, Bytes(&ack_message, 1)); }
  void peer_resets(std::uint16_t stream) { happens(sctp::IncomingReset{{stream}}); }
  void peer_answers_reset(std::uint16_t stream, std::error_code error = {}) {
    happens(sctp::OutgoingReset{{stream}, error});
  }
  /// So much more has room in SCTP.
  void makes_room(std::size_t bytes) {
    link->room = bytes;
    happens(sctp::Writable{});
  }
  void time_passes(Duration duration) {
    now += duration;
    core.handle_timeout(now);
  }

  ChannelId create(std::string label = "ours", ChannelInit init = {}) {
    return core.create(now, std::move(label), std::move(init)).value();
  }
  Result<bool> send(ChannelId channel, std::string_view text) {
    return core.try_send(now, channel, as_bytes(text), true);
  }
  std::string receive(ChannelId channel) {
    const auto message = core.receive(now, channel);
    return message ? std::string(message->text()) : "(nothing)";
  }
  std::uint16_t stream_of(ChannelId channel) const { return core.info(channel)->init.id.value(); }

  /// All events since the last call; of channels: "opened 1".
  std::vector<std::string> events() {
    std::vector<std::string> names;
    while (const auto event = core.poll_event()) names.push_back(std::visit(Name{}, *event));
    return names;
  }
  /// What SCTP was given since the last call.
  std::vector<ScriptedLink::Sent> sent() { return std::exchange(link->sent, {}); }

  TimePoint now{};
  Core core;
  ScriptedLink* link = nullptr;

 private:
  struct Name {
    static std::string of(const char* what, ChannelId channel) {
      return std::string(what) + " " + std::to_string(channel.value);
    }
    static std::string with(std::string name, std::error_code error) {
      return error ? name + ": " + error.message() : name;
    }
    std::string operator()(const TransportConnected&) const { return "connected"; }
    std::string operator()(const TransportClosed& event) const {
      return with("transport closed", event.error);
    }
    std::string operator()(const Announced& event) const { return of("announced", event.channel); }
    std::string operator()(const Opened& event) const { return of("opened", event.channel); }
    std::string operator()(const Readable& event) const { return of("readable", event.channel); }
    std::string operator()(const Writable& event) const { return of("writable", event.channel); }
    std::string operator()(const BufferedAmountLow& event) const { return of("low", event.channel); }
    std::string operator()(const Closing& event) const { return of("closing", event.channel); }
    std::string operator()(const Closed& event) const {
      return with(of("closed", event.channel), event.error);
    }
  };
};

using Names = std::vector<std::string>;

}  // namespace petrel::inline v0::datachannel

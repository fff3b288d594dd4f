#include "interop/call/channel_script.hpp"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <charconv>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

#include "interop/call/messages.hpp"

namespace interop {
namespace {

using nlohmann::json;

constexpr std::size_t ours_takes = 256 * 1024;  // PeerConfig's default, which is announced.
constexpr std::size_t sizes[] = {0, 1, 1200, 16384, 65535, 65536, ours_takes};
constexpr std::size_t stream_bytes = 10'000'000;
constexpr std::size_t stream_message = 65536;

void check(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

template <class T>
std::optional<T> optional_of(const json& spec, const char* name) {
  return spec.contains(name) ? std::optional(spec.at(name).get<T>()) : std::nullopt;
}

petrel::DataChannelInit init_of(const json& spec) {
  return {.ordered = spec.value("ordered", true),
          .max_packet_life_time = optional_of<std::uint16_t>(spec, "max_packet_life_time"),
          .max_retransmits = optional_of<std::uint16_t>(spec, "max_retransmits"),
          .protocol = spec.value("protocol", ""),
          .negotiated = spec.value("negotiated", false),
          .id = optional_of<std::uint16_t>(spec, "id")};
}

json json_of(const petrel::DataChannelInit& init) {
  json spec = {{"ordered", init.ordered}, {"protocol", init.protocol}, {"negotiated", init.negotiated}};
  if (init.max_packet_life_time) spec["max_packet_life_time"] = *init.max_packet_life_time;
  if (init.max_retransmits) spec["max_retransmits"] = *init.max_retransmits;
  return spec;
}

json flow_of(std::size_t messages, const std::vector<std::byte>& bytes) {
  return {{"messages", messages}, {"bytes", bytes.size()}, {"sha256", sha256_text(bytes)}};
}

void append(std::vector<std::byte>& to, const petrel::Message& message) {
  to.insert(to.end(), message.data.begin(), message.data.end());
}

}  // namespace

ChannelScript::ChannelScript(petrel::PeerConnection& peer, petrel::Network& network, json settings)
    : peer_(peer), network_(network), settings_(std::move(settings)), arrival_(network.executor()) {}

void ChannelScript::prepare() {
  make("ours");
  for (const json& spec : settings_.at("theirs")) {
    if (spec.value("negotiated", false)) make(spec.at("label"), init_of(spec));
  }
}

void ChannelScript::handle_description(std::string_view sdp) {
  constexpr std::string_view name = "a=max-message-size:";
  const auto at = sdp.find(name);
  if (at == std::string_view::npos) return;
  const std::string_view number = sdp.substr(at + name.size());
  std::from_chars(number.data(), number.data() + number.size(), peer_takes_);
}

void ChannelScript::announced(petrel::DataChannel channel) {
  const std::string label = channel.label();
  const auto [it, is_new] = lines_.try_emplace(label, Line{.channel = std::move(channel), .by_peer = true});
  if (!is_new) problems_.push_back("the peer opened a second channel '" + label + "'");
  arrival_.cancel();
}

ChannelScript::Line& ChannelScript::make(const std::string& label, petrel::DataChannelInit init) {
  const auto made = peer_.create_data_channel(label, std::move(init));
  check(made.has_value(), "a channel '" + label + "' is refused: " + (made ? "" : peer_.error_detail()));
  return lines_.insert_or_assign(label, Line{.channel = *made}).first->second;
}

asio::awaitable<ChannelScript::Line*> ChannelScript::theirs(std::string label) {
  for (auto found = lines_.find(label);; found = lines_.find(label)) {
    if (found != lines_.end()) co_return &found->second;
    std::error_code cancelled;
    arrival_.expires_at(asio::steady_timer::time_point::max());
    auto waiting = arrival_.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
    co_await std::move(waiting);
  }
}

bool ChannelScript::cannot(const std::string& what) const {
  return settings_.value("cannot", json::object()).contains(what);
}

std::size_t ChannelScript::largest() const {
  return peer_takes_ == 0 ? ours_takes : std::min(ours_takes, peer_takes_);
}

// ---- What goes over one channel ---------------------------------------------------------

asio::awaitable<void> ChannelScript::send_all(Line& line, std::shared_ptr<const Messages> messages) {
  petrel::DataChannel channel = line.channel;
  for (const petrel::Message& message : *messages) {
    auto sending = channel.send(message);
    co_await std::move(sending);
    ++line.messages_sent;
    append(line.sent, message);
  }
}

asio::awaitable<void> ChannelScript::exchange(Line& line, Messages messages) {
  if (line.messages_sent == 0 && messages.size() > 1 && cannot("order first messages")) {
    Messages first = {messages.front()};
    messages.erase(messages.begin());
    auto exchanging = exchange(line, std::move(first));
    co_await std::move(exchanging);
  }
  petrel::DataChannel channel = line.channel;
  const std::string label = channel.label();
  // The other way at the same time, or both would wait for room.
  auto sending = send_all(line, std::make_shared<const Messages>(messages));
  asio::co_spawn(network_.executor(), std::move(sending), [this, label](const std::exception_ptr& error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& caught) {
      problems_.push_back("sending on '" + label + "': " + caught.what());
    }
  });

  Messages missing = std::move(messages);
  while (!missing.empty()) {
    auto receiving = channel.receive();
    const std::optional<petrel::Message> message = co_await std::move(receiving);
    check(message.has_value(),
          "'" + label + "' closed with " + std::to_string(missing.size()) + " messages not yet back");
    ++line.messages_received;
    append(line.received, *message);
    const auto same = [&message](const petrel::Message& each) {
      return each.is_text == message->is_text && each.data == message->data;
    };
    const auto found = std::ranges::find_if(missing, same);
    check(found != missing.end(), "what came back on '" + label +
                                      "' was not sent: " + description_of(*message) + " in place of " +
                                      description_of(missing.front()));
    check(found == missing.begin() || !channel.init().ordered,
          "out of order on '" + label + "': " + description_of(*message) + " before " +
              description_of(missing.front()));
    missing.erase(found);
  }
  line.id = channel.id();
}

asio::awaitable<void> ChannelScript::until_closed(Line& line) {
  petrel::DataChannel channel = line.channel;
  auto receiving = channel.receive();
  const std::optional<petrel::Message> message = co_await std::move(receiving);
  check(!message, "'" + channel.label() + "' brings " + (message ? description_of(*message) : "") +
                      " where it has to close");
}

// ---- The steps --------------------------------------------------------------------------

asio::awaitable<void> ChannelScript::step(std::string name, asio::awaitable<void> (ChannelScript::*work)()) {
  if (cannot(name)) co_return;
  step_ = name;
  const petrel::TimePoint began = network_.now();
  try {
    auto working = (this->*work)();
    co_await std::move(working);
  } catch (const std::exception& error) {
    problems_.push_back(name + ": " + error.what());
  }
  steps_[name] = std::chrono::duration<double, std::milli>(network_.now() - began).count();
}

asio::awaitable<void> ChannelScript::run(std::function<void()> done) {
  constexpr std::pair<const char*, asio::awaitable<void> (ChannelScript::*)()> steps[] = {
      {"sizes", &ChannelScript::exchange_sizes},
      {"too long", &ChannelScript::refuse_too_long},
      {"kinds", &ChannelScript::open_kinds},
      {"theirs", &ChannelScript::use_theirs},
      {"negotiated", &ChannelScript::use_negotiated},
      {"hundred", &ChannelScript::open_hundred},
      {"stream", &ChannelScript::stream},
      {"close", &ChannelScript::close_all_ways},
      {"ids again", &ChannelScript::use_ids_again},
  };
  for (const auto& [name, work] : steps) {
    auto stepping = step(name, work);
    co_await std::move(stepping);
  }
  step_ = "end";
  is_over_ = true;
  done();
}

asio::awaitable<void> ChannelScript::exchange_sizes() {
  Messages messages;
  for (const std::size_t size : sizes) {
    if (size > largest() || (size == 0 && cannot("send empty messages"))) continue;
    messages.push_back(binary_of(size));
    messages.push_back(text_of(size));
  }
  // The largest that the peer takes is none of the round numbers, with some peers.
  messages.push_back(binary_of(largest()));
  auto exchanging = exchange(lines_.at("ours"), std::move(messages));
  co_await std::move(exchanging);
}

asio::awaitable<void> ChannelScript::refuse_too_long() {
  const petrel::Message message = binary_of(largest() + 1);
  const auto sent = lines_.at("ours").channel.try_send(message);
  check(!sent, std::to_string(message.data.size()) + " bytes were taken, the peer takes " +
                   std::to_string(peer_takes_));
  const std::string detail = peer_.error_detail();
  check(sent.error() == petrel::datachannel::Errc::message_too_long,
        "the error is " + sent.error().message());
  for (const std::size_t number : {largest() + 1, largest()}) {
    check(detail.find(std::to_string(number)) != std::string::npos, "it does not name the size: " + detail);
  }
  co_return;
}

asio::awaitable<void> ChannelScript::open_kinds() {
  for (const json& spec : settings_.at("ours")) {
    auto exchanging = exchange(make(spec.at("label"), init_of(spec)), small_messages());
    co_await std::move(exchanging);
  }
}

asio::awaitable<void> ChannelScript::use_theirs() {
  for (const json& spec : settings_.at("theirs")) {
    if (spec.value("negotiated", false)) continue;
    auto finding = theirs(spec.at("label"));
    Line& line = *co_await std::move(finding);
    auto exchanging = exchange(line, small_messages());
    co_await std::move(exchanging);
  }
}

asio::awaitable<void> ChannelScript::use_negotiated() {
  for (const json& spec : settings_.at("theirs")) {
    if (!spec.value("negotiated", false)) continue;
    auto exchanging = exchange(lines_.at(spec.at("label")), small_messages());
    co_await std::move(exchanging);
  }
}

asio::awaitable<void> ChannelScript::open_hundred() {
  const int many = settings_.at("many");
  for (int i = 0; i < many; ++i) make("ours of many " + std::to_string(i));
  for (int i = 0; i < many; ++i) {
    for (const std::string whose : {"ours", "theirs"}) {
      const std::string label = whose + " of many " + std::to_string(i);
      auto finding = theirs(label);
      Line& line = *co_await std::move(finding);
      Messages messages = {text_message(label)};
      auto exchanging = exchange(line, std::move(messages));
      co_await std::move(exchanging);
    }
  }
}

asio::awaitable<void> ChannelScript::stream() {
  Messages messages;
  const std::size_t size = std::min(stream_message, largest());
  for (std::size_t sent = 0; sent < stream_bytes; sent += size) {
    messages.push_back(
        binary_of(std::min(size, stream_bytes - sent), static_cast<unsigned>(messages.size())));
  }
  auto exchanging = exchange(make("ours to stream"), std::move(messages));
  co_await std::move(exchanging);
}

asio::awaitable<void> ChannelScript::close_all_ways() {
  for (const char* closer : {"petrel", "the peer"}) {
    const std::string label = std::string("ours, closed by ") + closer;
    Messages messages = {text_message(label)};
    auto exchanging = exchange(make(label), std::move(messages));
    co_await std::move(exchanging);
  }
  for (const std::string opener : {"ours", "theirs"}) {
    const std::string by_petrel = opener + ", closed by petrel";
    auto finding = theirs(by_petrel);
    Line& ours = *co_await std::move(finding);
    ours.channel.close();
    auto closing = until_closed(ours);
    co_await std::move(closing);
    closed_.push_back(by_petrel);

    const std::string by_peer = opener + ", closed by the peer";
    auto finding_theirs = theirs(by_peer);
    Line& line = *co_await std::move(finding_theirs);
    auto sending = line.channel.send(std::string_view("close"));
    co_await std::move(sending);
    ++line.messages_sent;
    append(line.sent, text_message("close"));
    auto waiting = until_closed(line);
    co_await std::move(waiting);
    closed_.push_back(by_peer);
  }
  // All at once: one request resets many streams.
  const int many = settings_.at("many");
  for (int i = 0; i < many; ++i) {
    const auto found = lines_.find("ours of many " + std::to_string(i));
    if (found == lines_.end()) co_return;
    found->second.channel.close();
    closed_.push_back(found->first);
  }
  for (int i = 0; i < many; ++i) {
    auto closing = until_closed(lines_.at("ours of many " + std::to_string(i)));
    co_await std::move(closing);
  }
}

asio::awaitable<void> ChannelScript::use_ids_again() {
  std::vector<std::uint16_t> free;
  for (const json& label : closed_) {
    const Line& line = lines_.at(label);
    if (!line.by_peer && line.id) free.push_back(*line.id);
  }
  for (int i = 0; i < 3; ++i) {
    Line& line = make("ours again " + std::to_string(i));
    auto exchanging = exchange(line, small_messages());
    co_await std::move(exchanging);
    check(line.id && std::ranges::count(free, *line.id) == 1,
          "stream " + std::to_string(line.id.value_or(0)) + " is none of those that have become free");
  }
}

json ChannelScript::result() const {
  json channels = json::array();
  for (const auto& [label, line] : lines_) {
    json told = json_of(line.channel.init());
    told["label"] = label;
    told["by_peer"] = line.by_peer;
    told["sent"] = flow_of(line.messages_sent, line.sent);
    told["received"] = flow_of(line.messages_received, line.received);
    if (line.id) told["id"] = *line.id;
    channels.push_back(std::move(told));
  }
  return {{"peer_takes", peer_takes_}, {"step", step_},     {"ms", steps_},
          {"problems", problems_},     {"closed", closed_}, {"channels", channels}};
}

}  // namespace interop

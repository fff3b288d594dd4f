#include "kvs_service/service.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "petrel/base/base64.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/http/date.hpp"
#include "petrel/kvs/channel.hpp"
#include "petrel/web/websocket_handshake.hpp"

namespace kvs_service {
namespace {

using nlohmann::json;
using petrel::FlowId;
using petrel::TimePoint;
namespace http = petrel::http;
namespace web = petrel::web;

constexpr FlowId listener{1};
// Nobody reads the log that fast.
constexpr std::size_t max_unread_events = 1024;
constexpr std::string_view control_prefix = "/_test/";

http::Response reply(const json& body) {
  return {http::Status::ok, {{"Content-Type", "application/json"}}, body.dump()};
}
http::Response failure(int status, const std::string& type, const std::string& message) {
  http::Response response{static_cast<http::Status>(status), {{"Content-Type", "application/json"}}, {}};
  response.headers.add("x-amzn-ErrorType", type);
  response.body = json{{"message", message}}.dump();
  return response;
}

std::string text_of(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>()
                                                                           : std::string();
}

std::string as_string(std::string_view path, std::string_view prefix) {
  return std::string(path.substr(std::min(prefix.size(), path.size())));
}

}  // namespace

struct Service::Connection {
  http::ServerConnection http;
  std::optional<web::WebSocket> socket{};
  bool doomed = false;  // To be closed behind what is unsent.
};

Service::Service(TimePoint now, ServiceConfig config, std::int64_t unix_time, petrel::RandomSource& random)
    : config_(std::move(config)), random_(random), time_at_(now), unix_time_(unix_time) {
  requests_.push_back(petrel::Listen{listener, config_.listen});
}
Service::~Service() = default;

std::int64_t Service::time(TimePoint now) const {
  return unix_time_ + std::chrono::duration_cast<std::chrono::seconds>(now - time_at_).count() +
         faults_.clock_ahead;
}

void Service::say(std::string text) {
  if (events_.size() < max_unread_events) events_.push_back(Said{std::move(text)});
}

void Service::send(FlowId flow, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, petrel::PacketBuffer::capacity);
    auto packet = petrel::PacketBuffer::copy_of(petrel::as_bytes(piece));
    transmits_.push_back(petrel::Transmit{flow, {}, *std::move(packet)});
    bytes.remove_prefix(piece.size());
  }
}

void Service::drop(FlowId flow) {
  channels_.leave(flow.value);
  if (connections_.erase(flow) > 0) requests_.push_back(petrel::CloseFlow{flow});
}

// Only behind what was sent: a flow that is closed sends nothing.
std::optional<petrel::IoRequest> Service::poll_request() {
  if (!transmits_.empty()) return std::nullopt;
  return requests_.take();
}

bool Service::handle_datagram(TimePoint now, const petrel::Datagram& datagram) {
  const auto found = connections_.find(datagram.flow);
  if (found == connections_.end()) return false;
  if (faults_.silent) return true;
  Connection& connection = *found->second;
  if (connection.socket) {
    connection.socket->handle_bytes(datagram.payload);
  } else {
    connection.http.handle_bytes(now, datagram.payload);
  }
  settle(now, datagram.flow);
  return true;
}

void Service::handle_flow(TimePoint now, FlowId flow, const petrel::FlowChange& change) {
  if (flow == listener) {
    if (const auto* opened = std::get_if<petrel::FlowOpened>(&change))
      events_.push_back(Listening{opened->local});
    if (const auto* failed = std::get_if<petrel::FlowFailed>(&change))
      events_.push_back(ListenFailed{failed->error});
  } else if (std::holds_alternative<petrel::FlowAccepted>(change)) {
    if (connections_.size() >= max_connections) {
      requests_.push_back(petrel::CloseFlow{flow});
    } else {
      connections_.emplace(flow, std::make_unique<Connection>(Connection{http::ServerConnection(now)}));
    }
  } else if (std::holds_alternative<petrel::FlowClosed>(change) ||
             std::holds_alternative<petrel::FlowFailed>(change)) {
    channels_.leave(flow.value);
    connections_.erase(flow);
  }
}

void Service::settle(TimePoint now, FlowId flow) {
  const auto found = connections_.find(flow);
  if (found == connections_.end()) return;
  Connection& connection = *found->second;
  while (!connection.socket) {
    auto request = connection.http.poll_request();
    if (!request) break;
    const http::Response response = answer(now, flow, *request);
    if (response.status == http::Status::switching_protocols) {
      send(flow, http::write(response, {}));
      connection.socket.emplace(web::WebSocketRole::server, random_, max_message_bytes);
    } else {
      static_cast<void>(connection.http.respond(now, response));
    }
  }
  if (!connection.socket) {
    while (auto bytes = connection.http.poll_bytes()) send(flow, *bytes);
    if (connection.http.closed()) drop(flow);
    return;
  }
  std::vector<Delivery> deliveries = std::exchange(pending_, {});
  while (auto event = connection.socket->poll_event()) {
    if (const auto* text = std::get_if<web::WebSocketText>(&*event)) {
      std::ranges::move(channels_.relay(now, flow.value, text->text), std::back_inserter(deliveries));
    } else if (const auto* closed = std::get_if<web::WebSocketClosed>(&*event)) {
      say("WebSocket " + std::to_string(flow.value) + " closed with " + std::to_string(closed->code));
    }
  }
  while (auto bytes = connection.socket->poll_bytes()) send(flow, *bytes);
  if (connection.socket->done() || connection.doomed) drop(flow);
  deliver(now, deliveries);
}

void Service::send_text(TimePoint now, FlowId flow, const std::string& text) {
  const auto found = connections_.find(flow);
  if (found == connections_.end() || !found->second->socket) return;
  static_cast<void>(found->second->socket->send_text(text));
  settle(now, flow);
}

void Service::deliver(TimePoint now, const std::vector<Delivery>& deliveries) {
  for (const Delivery& each : deliveries) send_text(now, FlowId{each.to}, each.text);
}

void Service::broadcast(TimePoint now, std::string_view text) {
  std::vector<FlowId> flows;
  for (const auto& [flow, connection] : connections_) {
    if (connection->socket) flows.push_back(flow);
  }
  for (const FlowId flow : flows) send_text(now, flow, std::string(text));
}

void Service::close_sockets(TimePoint now, std::uint16_t code) {
  std::vector<FlowId> flows;
  for (const auto& [flow, connection] : connections_) {
    if (connection->socket) flows.push_back(flow);
  }
  for (const FlowId flow : flows) {
    if (code != 0) {
      connections_[flow]->socket->close(code, "closed by the test");
      settle(now, flow);
    } else {
      drop(flow);
    }
  }
}

std::size_t Service::sockets() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(connections_, [](const auto& each) { return each.second->socket.has_value(); }));
}

void Service::handle_timeout(TimePoint now) {
  std::vector<FlowId> flows;
  for (const auto& [flow, connection] : connections_) {
    if (!connection->socket) connection->http.handle_timeout(now);
    flows.push_back(flow);
  }
  for (const FlowId flow : flows) settle(now, flow);
}

std::optional<TimePoint> Service::next_timeout() const {
  std::optional<TimePoint> next;
  for (const auto& [flow, connection] : connections_) {
    if (connection->socket) continue;
    const auto due = connection->http.next_timeout();
    if (due && (!next || *due < *next)) next = due;
  }
  return next;
}

// Pages of any origin may use it: it is a test server, and whoever has no key gets nothing.
http::Response Service::finished(http::Response response) const {
  response.headers.set("Date", http::to_date(now_unix_));
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Access-Control-Expose-Headers", "x-amzn-ErrorType, x-amzn-RequestId, Date");
  return response;
}

http::Response Service::answer(TimePoint now, FlowId flow, const http::Request& request) {
  now_unix_ = time(now);
  if (request.method == http::Method::options) {
    http::Response response{http::Status::no_content, {{"Access-Control-Allow-Methods", "GET, POST"}}, {}};
    response.headers.add("Access-Control-Allow-Headers",
                         std::string(request.headers.get("Access-Control-Request-Headers").value_or("*")));
    return finished(std::move(response));
  }
  if (request.method == http::Method::post && request.path.starts_with(control_prefix)) {
    return finished(control(now, as_string(request.path, control_prefix), request.body));
  }
  if (request.method == http::Method::get) {
    if (request.headers.has_element("Upgrade", "websocket")) return connect(now, flow, request);
    if (request.path == "/viewer.json") return finished(viewer_settings(request));
    const auto page = config_.pages.find(request.path);
    return finished(page != config_.pages.end()
                        ? page->second
                        : http::problem(http::Status::not_found, "There is no such page."));
  }
  const std::string name = as_string(request.path, request.path.starts_with("/v1/") ? "/v1/" : "/");
  ++calls_[name];
  if (auto fault = fault_of(name)) return finished(*std::move(fault));
  if (const auto denial = check_signature(request, config_.accounts, config_.region, now_unix_)) {
    say(name + ": 403 " + denial->type + ": " + denial->message);
    return finished(failure(403, denial->type, denial->message));
  }
  http::Response response = call(name, request.body);
  say(name + ": " + std::to_string(static_cast<int>(response.status)));
  return finished(std::move(response));
}

std::optional<http::Response> Service::fault_of(std::string_view name) {
  const auto found = faults_.calls.find(name);
  if (found == faults_.calls.end() || found->second.empty()) return std::nullopt;
  const Fault fault = std::move(found->second.front());
  found->second.pop_front();
  say(std::string(name) + ": " + std::to_string(fault.status) + " " + fault.type + ", as told to");
  return failure(fault.status, fault.type, fault.message);
}

std::string Service::ice_servers() {
  json entry{{"Uris", config_.turn_urls}, {"Ttl", faults_.ttl}};
  entry["Username"] = std::to_string(now_unix_ + faults_.ttl) + ":viewer";
  const std::string username = entry["Username"];
  const auto password =
      petrel::crypto::hmac_sha1(petrel::as_bytes(config_.turn_secret), petrel::as_bytes(username));
  entry["Password"] = petrel::base64_encode(password);
  if (config_.turn_urls.empty()) entry["Uris"] = {"turn:" + config_.authority + "?transport=udp"};
  return json{{"IceServerList", {entry}}}.dump();
}

http::Response Service::call(const std::string& name, const std::string& body) {
  const json asked = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!asked.is_object()) return failure(400, "InvalidArgumentException", "the body is no JSON object");
  if (name == "createSignalingChannel") {
    const std::string channel_name = text_of(asked, "ChannelName");
    if (!petrel::kvs::is_channel_name(channel_name)) {
      return failure(400, "InvalidArgumentException", "ChannelName is not a name");
    }
    Channels::Channel* made = channels_.create(channel_name, config_.region, now_unix_);
    if (made == nullptr) return failure(400, "ResourceInUseException", "the channel exists");
    made->creating_polls = faults_.creating_polls;
    return reply({{"ChannelARN", made->arn}});
  }
  const auto describe = [](Channels::Channel& channel) {
    const bool creating = channel.creating_polls > 0;
    if (creating) --channel.creating_polls;
    return json{{"ChannelName", channel.name},
                {"ChannelARN", channel.arn},
                {"ChannelType", "SINGLE_MASTER"},
                {"ChannelStatus", creating ? "CREATING" : "ACTIVE"},
                {"CreationTime", 1.0},
                {"Version", "v1"},
                {"SingleMasterConfiguration", {{"MessageTtlSeconds", 60}}}};
  };
  if (name == "listSignalingChannels") {
    json list = json::array();
    for (const auto& [channel_name, channel] : channels_.all())
      list.push_back(describe(*channels_.by_name(channel_name)));
    return reply({{"ChannelInfoList", list}});
  }
  const std::string arn = text_of(asked, "ChannelARN");
  Channels::Channel* channel =
      arn.empty() ? channels_.by_name(text_of(asked, "ChannelName")) : channels_.by_arn(arn);
  if (channel == nullptr)
    return failure(404, "ResourceNotFoundException", "The requested channel is not found.");
  if (name == "describeSignalingChannel") return reply({{"ChannelInfo", describe(*channel)}});
  if (name == "deleteSignalingChannel") {
    channels_.remove(channel->arn);
    return reply(json::object());
  }
  if (name == "getSignalingChannelEndpoint") {
    const std::string role =
        text_of(asked.value("SingleMasterChannelEndpointConfiguration", json::object()), "Role");
    if (role != "MASTER" && role != "VIEWER")
      return failure(400, "InvalidArgumentException", "Role is neither");
    const json wss{
        {"Protocol", "WSS"},
        {"ResourceEndpoint", "ws://" + config_.authority + (role == "MASTER" ? "/master" : "/viewer")}};
    const json https{{"Protocol", "HTTPS"}, {"ResourceEndpoint", "http://" + config_.authority}};
    return reply({{"ResourceEndpointList", {https, wss}}});
  }
  if (name == "get-ice-server-config")
    return {http::Status::ok, {{"Content-Type", "application/json"}}, ice_servers()};
  return failure(400, "InvalidArgumentException", "the stand-in does not know this call");
}

// All that the viewer's page needs, so that it has no REST calls to sign.
http::Response Service::viewer_settings(const http::Request& request) {
  const std::string name = request.query_value("channel").value_or("");
  const Channels::Channel* channel = channels_.by_name(name);
  if (channel == nullptr || config_.accounts.empty()) {
    return http::problem(http::Status::not_found,
                         "There is no such channel yet: start its master, then reload.");
  }
  const auto& [id, account] = *config_.accounts.begin();
  json servers = json::array();
  if (!config_.turn_urls.empty()) {
    const json given = json::parse(ice_servers())["IceServerList"][0];
    servers.push_back(
        {{"urls", given["Uris"]}, {"username", given["Username"]}, {"credential", given["Password"]}});
  }
  json credentials{{"accessKeyId", id}, {"secretAccessKey", account.secret}};
  if (!account.token.empty()) credentials["sessionToken"] = account.token;
  return reply({{"channelARN", channel->arn},
                {"channelEndpoint", "ws://" + config_.authority + "/viewer"},
                {"region", config_.region},
                {"credentials", credentials},
                {"iceServers", servers}});
}

http::Response Service::connect(TimePoint now, FlowId flow, const http::Request& request) {
  ++calls_["connect"];
  if (auto fault = fault_of("connect")) return finished(*std::move(fault));
  if (const auto denial = check_signature(request, config_.accounts, config_.region, now_unix_)) {
    say("connect: 403 " + denial->type + ": " + denial->message);
    return finished(failure(403, denial->type, denial->message));
  }
  Channels::Channel* channel = channels_.by_arn(request.query_value("X-Amz-ChannelARN").value_or(""));
  if (channel == nullptr)
    return finished(failure(404, "ResourceNotFoundException", "The channel is not found."));
  const std::string client_id = request.query_value("X-Amz-ClientId").value_or("");
  const bool is_master = request.path == "/master";
  if (is_master != client_id.empty() || (!is_master && !petrel::kvs::is_client_id(client_id))) {
    return finished(failure(400, "InvalidArgumentException", "X-Amz-ClientId does not fit the role"));
  }
  http::Response response = web::answer_websocket(request);
  if (response.status != http::Status::switching_protocols) return finished(std::move(response));

  const Channels::Joined joined = channels_.join(now, *channel, client_id, flow.value);
  if (joined.full) return finished(failure(400, "ClientLimitExceededException", "too many viewers"));
  say((is_master ? std::string("master") : "viewer " + client_id) + " of " + channel->name + " connected");
  if (joined.replaced) {
    const FlowId old{*joined.replaced};
    if (const auto found = connections_.find(old); found != connections_.end() && found->second->socket) {
      found->second->socket->close(web::close_going_away, "replaced");
      settle(now, old);
    }
  }
  // The WebSocket begins once this has been sent: what waited comes with the next turn.
  pending_.insert(pending_.end(), joined.deliveries.begin(), joined.deliveries.end());
  return response;
}

// What a test wants to go wrong: {"call": NAME, "status": 403, "type": "…", "message": "…", "times": 1},
// {"text": FRAME} to everybody, {"code": 1001} to close all.
http::Response Service::control(TimePoint now, const std::string& name, const std::string& body) {
  const json asked = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!asked.is_object()) return http::problem(http::Status::bad_request, "The body is no JSON object.");
  const auto number = [&](const char* key, int otherwise) {
    const auto found = asked.find(key);
    return found != asked.end() && found->is_number_integer() ? found->get<int>() : otherwise;
  };
  if (name == "fault") {
    const Fault fault{number("status", 500), text_of(asked, "type"), text_of(asked, "message")};
    constexpr int most = 100;
    for (int left = std::clamp(number("times", 1), 1, most); left > 0; --left) {
      faults_.calls[text_of(asked, "call")].push_back(fault);
    }
  } else if (name == "clock") {
    faults_.clock_ahead = number("ahead", 0);
  } else if (name == "creating") {
    faults_.creating_polls = static_cast<std::size_t>(std::max(0, number("polls", 0)));
  } else if (name == "ttl") {
    faults_.ttl = number("seconds", 300);
  } else if (name == "silent") {
    faults_.silent = number("for_good", 1) != 0;
  } else if (name == "send") {
    broadcast(now, text_of(asked, "text"));
  } else if (name == "close") {
    close_sockets(now, static_cast<std::uint16_t>(std::clamp(number("code", 1001), 0, 4999)));
  } else {
    return http::problem(http::Status::not_found,
                         "There is fault, clock, creating, ttl, silent, send and close.");
  }
  return reply(json::object());
}

}  // namespace kvs_service

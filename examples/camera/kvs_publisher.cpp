#include "camera/kvs_publisher.hpp"

#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <variant>

#include "petrel/kvs/channel.hpp"
#include "petrel/kvs/errc.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

namespace kvs = petrel::kvs;

// Where AWS's own viewer is. It asks for region, channel and keys.
constexpr const char* viewer_page =
    "https://awslabs.github.io/amazon-kinesis-video-streams-webrtc-sdk-js/examples/index.html";

void tell(const std::string& line) { std::fprintf(stderr, "petrel-camera: kvs: %s\n", line.c_str()); }

// A client chooses it: nothing else of it gets onto a terminal.
std::string printable(const std::string& client) {
  return kvs::is_client_id(client) ? client : "a client without a name";
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// As kvs::Signaling takes it when its configuration has none.
std::string endpoint_of(const kvs::SessionConfig& config) {
  if (!config.endpoint_url.empty()) return config.endpoint_url;
  std::string url = environment("AWS_ENDPOINT_URL_KINESIS_VIDEO");
  return url.empty() ? environment("AWS_ENDPOINT_URL") : url;
}

kvs::Signaling make_signaling(petrel::io::Network& network, kvs::SessionConfig config) {
  const std::string channel = config.channel;
  try {
    return kvs::Signaling(network, std::move(config));
  } catch (const std::system_error& error) {
    if (error.code() == kvs::Errc::bad_region) {
      throw shared::UserError("--region: " + error.code().message() +
                              ". Give it such as --region eu-west-1, or set AWS_REGION.");
    }
    if (error.code() == kvs::Errc::bad_channel) {
      throw shared::UserError("--channel " + channel + ": " + error.code().message() + ".");
    }
    throw shared::UserError("--signaling kvs: " + error.code().message() + ".");
  }
}

}  // namespace

std::string call_id(std::string_view sdp) {
  constexpr std::string_view origin = "\no=";
  const std::size_t line = sdp.find(origin);
  if (line == sdp.npos) return {};
  const std::string_view rest = sdp.substr(line + origin.size());
  const std::string_view value = rest.substr(0, rest.find_first_of("\r\n"));
  const std::size_t user_end = value.find(' ');
  if (user_end == value.npos) return {};
  return std::string(value.substr(0, value.find(' ', user_end + 1)));
}

KvsPublisher::KvsPublisher(petrel::io::Network& network, Viewers& viewers, kvs::SessionConfig config,
                           std::vector<petrel::IceServer> own_servers, std::function<void()> on_failed)
    : viewers_(viewers),
      channel_(config.channel),
      endpoint_(endpoint_of(config)),
      own_servers_(std::move(own_servers)),
      on_failed_(std::move(on_failed)),
      signaling_(make_signaling(network, std::move(config))) {
  viewers_.on_gone([this](ViewerId viewer) { handle_gone(viewer); });
  signaling_.on_event(
      [this](const kvs::Event& event) { std::visit([this](const auto& each) { handle(each); }, event); });
}

void KvsPublisher::handle(const kvs::Connected&) {
  if (!std::exchange(told_where_, true)) return tell_where();
  if (!std::exchange(interruption_, {}).empty()) tell("connected again");
}

void KvsPublisher::tell_where() const {
  if (!endpoint_.empty()) {
    std::printf("Watch channel %s at %s: petrel-kvs-service has a page at %s/?channel=%s\n", channel_.c_str(),
                endpoint_.c_str(), endpoint_.c_str(), channel_.c_str());
  } else if (const auto arn = kvs::parse_channel_arn(signaling_.channel_arn())) {
    std::printf(
        "Watch channel %s of %s as a viewer at %s, or in AWS's console: "
        "https://%s.console.aws.amazon.com/kinesisvideo/home?region=%s#/signalingChannels/%s\n",
        arn->name.c_str(), arn->region.c_str(), viewer_page, arn->region.c_str(), arn->region.c_str(),
        arn->name.c_str());
  }
  std::fflush(stdout);
}

// Attempts that fail in the same way are worth one line.
void KvsPublisher::handle(const kvs::Interrupted& event) {
  const std::string why = event.detail.empty() ? event.error.message() : event.detail;
  if (why == interruption_) return;
  interruption_ = why;
  tell("not connected: " + why + ". It is tried again; who watches goes on watching");
}

void KvsPublisher::handle(const kvs::Offer& offer) {
  const auto found = calls_.find(offer.peer);
  if (found == calls_.end()) return take_call(offer);
  const Call call = found->second;
  petrel::PeerConnection* peer = viewers_.peer(call.viewer);
  if (peer != nullptr && !call.id.empty() && call.id == call_id(offer.sdp)) {
    if (renegotiate(*peer, offer.sdp)) return answer(offer.peer, call.viewer);
    return tell(printable(offer.peer) + ": its offer changes nothing: " + peer->error_detail());
  }
  // The client has begun anew. Candidates for this call may be there already, so it is not forgotten.
  calls_.erase(found);
  viewers_.leave(call.viewer);
  take_call(offer);
}

void KvsPublisher::take_call(const kvs::Offer& offer) {
  petrel::PeerConfig config = viewers_.peer_config();
  config.ice_servers = servers();
  const auto joined =
      viewers_.join(std::move(config), offer.sdp, [this, client = offer.peer](petrel::PeerConnection& peer) {
        peer.on_ice_candidate([this, client](const petrel::LocalCandidate& candidate) {
          // KVS viewers take no end of candidates (AWS's samples never send it). One that cannot be sent
          // is a way less to reach us.
          if (candidate.candidate.empty()) return;
          (void)signaling_.send_candidate(
              client, {candidate.candidate, candidate.mid, static_cast<std::uint16_t>(candidate.media_line),
                       candidate.ufrag});
        });
      });
  if (const auto* refused = std::get_if<Viewers::Refused>(&joined)) {
    tell(printable(offer.peer) + " is turned away: " + refused->reason);
    return signaling_.forget_peer(offer.peer);
  }
  const ViewerId viewer = std::get<ViewerId>(joined);
  calls_[offer.peer] = {viewer, call_id(offer.sdp)};
  std::fprintf(stderr, "viewer-%llu: called by kvs, %s\n", static_cast<unsigned long long>(viewer.value),
               printable(offer.peer).c_str());
  answer(offer.peer, viewer);
}

bool KvsPublisher::renegotiate(petrel::PeerConnection& peer, const std::string& offer) const {
  return peer.set_remote_description({petrel::SdpType::offer, offer}) && peer.set_local_description();
}

void KvsPublisher::answer(const std::string& client, ViewerId viewer) {
  const auto description = viewers_.peer(viewer)->local_description();
  const auto sent = signaling_.send_answer(client, description->sdp);
  if (sent) return;
  tell("the answer to " + printable(client) + " cannot be sent: " + sent.error().message());
  viewers_.leave(viewer);
}

// Without a mid it is of the first m-line, or of another in the same bundle, which comes to the same.
void KvsPublisher::handle(const kvs::Candidate& event) {
  const auto found = calls_.find(event.peer);
  if (found == calls_.end()) return;
  if (petrel::PeerConnection* peer = viewers_.peer(found->second.viewer)) {
    // What cannot be used is the viewer's loss: it may well know addresses that we do not speak.
    (void)peer->add_ice_candidate(event.candidate.candidate, event.candidate.sdp_mid.value_or(""));
  }
}

// Nothing more is to be done where `restart` is said: viewers who have called by an offer wait for answers,
// not for an offer of ours, and the service tells them as well. The restart that they offer then finds these
// servers.
void KvsPublisher::handle(const kvs::IceServersChanged&) { renew_servers(); }

void KvsPublisher::set_own_servers(std::vector<petrel::IceServer> servers) {
  own_servers_ = std::move(servers);
  renew_servers();
}

std::vector<petrel::IceServer> KvsPublisher::servers() const {
  std::vector<petrel::IceServer> all = signaling_.ice_servers();
  all.insert(all.end(), own_servers_.begin(), own_servers_.end());
  return all;
}

void KvsPublisher::renew_servers() {
  for (const auto& [client, call] : calls_) {
    if (petrel::PeerConnection* peer = viewers_.peer(call.viewer)) (void)peer->set_ice_servers(servers());
  }
}

void KvsPublisher::handle(const kvs::MessageRefused& event) {
  tell("the answer to " + printable(event.peer) + " was not delivered: " + event.detail);
  const auto found = calls_.find(event.peer);
  if (found == calls_.end()) return;
  // Who watches already has lost no more than a renegotiation.
  const petrel::PeerConnection* peer = viewers_.peer(found->second.viewer);
  if (peer == nullptr || peer->connection_state() == petrel::ConnectionState::connected) return;
  viewers_.leave(found->second.viewer);
}

void KvsPublisher::handle(const kvs::Warning& event) { tell(event.detail); }

void KvsPublisher::handle(const kvs::SessionFailed& event) {
  tell(event.detail.empty() ? event.error.message() : event.detail);
  on_failed_();
}

void KvsPublisher::handle_gone(ViewerId viewer) {
  for (auto call = calls_.begin(); call != calls_.end(); ++call) {
    if (call->second.viewer != viewer) continue;
    signaling_.forget_peer(call->first);
    calls_.erase(call);
    return;
  }
}

}  // namespace camera

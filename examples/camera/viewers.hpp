#pragma once

#include <asio/awaitable.hpp>
#include <asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "camera/audio/listener.hpp"
#include "camera/capture.hpp"
#include "camera/frame_source.hpp"
#include "camera/group_of_pictures.hpp"
#include "camera/key_frame_gate.hpp"
#include "petrel/http/message.hpp"
#include "petrel/io/whip_server.hpp"
#include "petrel/peer_connection.hpp"
#include "petrel/whip/server.hpp"

namespace camera {

/// What every viewer's peer is made with.
struct ViewerSettings {
  petrel::PeerConfig peer;  ///< Certificate, ICE servers, log.
  std::size_t max_viewers = 8;
  bool sends_sound = false;             ///< There will be handle_sound().
  audio::Listener* listener = nullptr;  ///< Gets what viewers say; nullptr: they may not talk. Outlives them.
  std::string endpoint = "/whep";       ///< Below which WHEP's sessions are.
};

/// Everybody who watches, and the frames of one source on their way to them.
///
/// Everything on the network's executor.
class Viewers {
 public:
  /// `network` and `source` outlive this object.
  Viewers(petrel::io::Network& network, FrameSource& source, ViewerSettings settings);

  /// A frame of the source, for all who may have it.
  void handle_frame(const CapturedFrame& captured);
  /// 20 ms of sound, an Opus packet, for all who have asked for sound.
  void handle_sound(const std::shared_ptr<const petrel::EncodedFrame>& frame);

  /// How peers are made here; for join(), with other ICE servers in it.
  const petrel::PeerConfig& peer_config() const { return settings_.peer; }
  const std::string& endpoint() const { return settings_.endpoint; }
  bool full() const { return viewers_.size() >= settings_.max_viewers; }

  /// Why an offer was not taken, for people.
  struct Refused {
    std::string reason;
  };
  /// A viewer that another signaling than WHEP brings, who has called with `offer`. The answer is its peer's
  /// local description. `prepare` gets the peer before the offer does, to listen to it. Its ICE servers are
  /// its signaling's: set_ice_servers() leaves them alone.
  std::variant<ViewerId, Refused> join(petrel::PeerConfig config, const std::string& offer,
                                       const std::function<void(petrel::PeerConnection&)>& prepare);
  /// nullptr for one who has gone.
  petrel::PeerConnection* peer(ViewerId id);
  void leave(ViewerId id) { forget(id); }
  /// Called for each viewer that has gone, by itself or by leave().
  void on_gone(std::function<void(ViewerId)> callback) { on_gone_ = std::move(callback); }

  /// Another way out for the same frames and the same sound, by a call that somebody else keeps: the gate
  /// lets frames through from handle_ready() on, a key frame first, until detach(). It is no viewer, and
  /// max_viewers does not count it.
  ViewerId attach(petrel::Sender video, std::optional<petrel::Sender> sound);
  bool sends_sound() const { return settings_.sends_sound; }
  /// For who comes from now on, where the settings had sound: whether there is some.
  void set_sends_sound(bool sends) { settings_.sends_sound = sends; }
  void handle_ready(ViewerId outlet);
  void detach(ViewerId outlet);

  /// The WHEP side: answers what whip::route() has made of a request below endpoint().
  asio::awaitable<petrel::http::Response> respond(petrel::whip::SessionAction action);

  /// For all who watch and all who will, by WHEP: other servers, or new credentials for the same ones.
  void set_ice_servers(const std::vector<petrel::IceServer>& servers);

  /// For GET /stats: a JSON object.
  std::string statistics() const;

  /// Says goodbye to all.
  void close();

 private:
  struct Viewer {
    Viewer(petrel::io::Network& network, petrel::PeerConfig config) : peer(network, std::move(config)) {}

    petrel::whip::ServedSession served;
    bool own_servers = false;  ///< Its ICE servers are not everybody's.
    petrel::PeerConnection peer;
    std::optional<petrel::Sender> sender;
    std::optional<petrel::Sender> sound;
    std::uint64_t frames_sent = 0;
    std::uint64_t sound_packets_sent = 0;
    std::uint64_t talk_packets_received = 0;
    bool told = false;  ///< How it connected is in the log.
  };
  struct Outlet {
    petrel::Sender sender;
    std::optional<petrel::Sender> sound;
    std::uint64_t frames_sent = 0;
  };
  /// A session that is over, and what its report said last.
  struct Ended {
    std::string session;
    std::string report;
  };
  using Table = std::map<ViewerId, Viewer>;

  asio::awaitable<petrel::http::Response> create(petrel::whip::SessionCreate request);
  asio::awaitable<petrel::http::Response> trickle(petrel::whip::SessionTrickle request);
  petrel::http::Response remove(const petrel::whip::SessionDelete& request);
  /// How the connection of a session came about, or why it did not; of the last few that have ended, too.
  petrel::http::Response report(const petrel::whip::SessionReport& request) const;
  Table::iterator add(petrel::PeerConfig config);
  petrel::Result<void> negotiate(ViewerId id, Viewer& viewer, const std::string& offer);
  petrel::Result<void> add_sound(ViewerId id, Viewer& viewer);
  std::string reason_of(const Viewer& viewer, std::error_code error) const;
  petrel::http::Response refuse_offer(const Viewer& viewer, std::error_code error) const;
  void on_state(ViewerId id, petrel::ConnectionState state);
  void start_from_group(ViewerId id);
  void send(Viewer& viewer, const std::shared_ptr<const petrel::EncodedFrame>& frame);
  static void send(Outlet& outlet, const std::shared_ptr<const petrel::EncodedFrame>& frame);
  void run_gate();
  Table::iterator find(const std::string& session);
  void tell_why(ViewerId id, Viewer& viewer);
  void forget(ViewerId id);

  petrel::io::Network& network_;
  FrameSource& source_;
  ViewerSettings settings_;
  Table viewers_;
  std::map<ViewerId, Outlet> outlets_;
  std::deque<Ended> ended_;
  std::function<void(ViewerId)> on_gone_;
  KeyFrameGate gate_;
  asio::steady_timer gate_timer_;
  petrel::Duration gathering_limit_;
  GroupOfPictures<petrel::EncodedFrame> group_;
  std::uint64_t last_id_ = 0;
  std::uint64_t frames_ = 0;
  std::uint64_t key_frames_ = 0;
  std::uint64_t viewers_served_ = 0;
};

}  // namespace camera

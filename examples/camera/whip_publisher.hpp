#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "camera/viewers.hpp"
#include "petrel/io/whip_call.hpp"

namespace camera {

/// The camera as the publisher of a WHIP endpoint, for as long as it takes: who watches there is the server's
/// affair. What people have to know goes to stderr, one line each and without the token.
///
/// Everything on the network's executor.
class WhipPublisher {
 public:
  /// `network` and `viewers` outlive this object. `on_failed` is called once, when publishing cannot go on
  /// before something is put right. Throws UserError for a configuration that cannot work. `own_servers` are
  /// used beside those that the server recommends.
  WhipPublisher(petrel::io::Network& network, Viewers& viewers, petrel::whip::SessionConfig config,
                std::vector<petrel::IceServer> own_servers, std::function<void()> on_failed);
  ~WhipPublisher() { stop_sending(); }
  WhipPublisher(const WhipPublisher&) = delete;
  WhipPublisher& operator=(const WhipPublisher&) = delete;

  /// Others, or new credentials for the same ones.
  void set_own_servers(std::vector<petrel::IceServer> servers) { call_.set_ice_servers(std::move(servers)); }
  /// Ends the session at the server, and says when that is done: within seconds, whatever the server does.
  void close(std::function<void()> done);

 private:
  void prepare(petrel::PeerConnection& peer);
  void stop_sending();

  // One for each petrel::whip::CallEvent.
  void handle(const petrel::whip::StateChanged& event);
  void handle(const petrel::whip::Interrupted& event);
  void handle(const petrel::whip::Warning& event);
  void handle(const petrel::whip::Failed& event);
  void handle(const petrel::whip::Closed& event);

  Viewers& viewers_;
  std::string endpoint_;  ///< For people: without the query, in which there may be a secret.
  std::function<void()> on_failed_;
  std::function<void()> on_closed_;
  std::optional<ViewerId> outlet_;
  std::string interruption_;  ///< What was said last about it; empty while connected.
  petrel::whip::Call call_;
};

/// The token as options give it: itself, or the first line of a file. Throws UserError for a file that cannot
/// be read or has none.
std::string read_bearer_token(const std::string& token, const std::string& file);

}  // namespace camera

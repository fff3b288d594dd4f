#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "camera/viewers.hpp"
#include "petrel/io/kvs_signaling.hpp"

namespace camera {

/// What stays the same in all descriptions of one peer connection (RFC 8829 5.2.1: user name and session id
/// of the o= line): tells a renegotiation from another call of the same client. Empty if there is no such
/// line.
std::string call_id(std::string_view sdp);

/// The camera as the master of a channel of AWS Kinesis Video Streams: everybody who calls there becomes a
/// viewer. What people have to know goes to stderr, one line each and without a secret.
///
/// Everything on the network's executor.
class KvsPublisher {
 public:
  /// `network` and `viewers` outlive this object. `on_failed` is called once, when the session cannot go on
  /// before something is put right; viewers who have joined go on watching. Throws UserError for a
  /// configuration that cannot work. `own_servers` are for its viewers beside those of the channel.
  KvsPublisher(petrel::io::Network& network, Viewers& viewers, petrel::kvs::SessionConfig config,
               std::vector<petrel::IceServer> own_servers, std::function<void()> on_failed);

  /// Others, or new credentials for the same ones.
  void set_own_servers(std::vector<petrel::IceServer> servers);
  /// Ends the session with the service in order.
  void close() { signaling_.close(); }

 private:
  struct Call {
    ViewerId viewer;
    std::string id;
  };

  // One for each kvs::Event.
  void handle(const petrel::kvs::Connected& event);
  void handle(const petrel::kvs::Interrupted& event);
  void handle(const petrel::kvs::Offer& event);
  void handle(const petrel::kvs::Answer&) {}  // We call nobody.
  void handle(const petrel::kvs::Candidate& event);
  void handle(const petrel::kvs::IceServersChanged& event);
  void handle(const petrel::kvs::MessageRefused& event);
  void handle(const petrel::kvs::Warning& event);
  void handle(const petrel::kvs::SessionFailed& event);
  void handle(const petrel::kvs::CredentialsWanted&) {}  // DefaultCredentials answer.

  void take_call(const petrel::kvs::Offer& offer);
  bool renegotiate(petrel::PeerConnection& peer, const std::string& offer) const;
  void answer(const std::string& client, ViewerId viewer);
  void handle_gone(ViewerId viewer);
  std::vector<petrel::IceServer> servers() const;
  void renew_servers();
  void tell_where() const;

  Viewers& viewers_;
  std::string channel_;
  std::string endpoint_;  // Empty: AWS.
  std::vector<petrel::IceServer> own_servers_;
  std::function<void()> on_failed_;
  std::map<std::string, Call> calls_;  // By the viewer's client id.
  std::string interruption_;           // What was said last about it; empty while connected.
  bool told_where_ = false;
  petrel::kvs::Signaling signaling_;
};

}  // namespace camera

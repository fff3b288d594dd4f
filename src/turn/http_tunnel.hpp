#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "petrel/base/bytes.hpp"
#include "petrel/base/packet_buffer.hpp"
#include "petrel/turn/http_proxy.hpp"
#include "turn/link_failure.hpp"

namespace petrel::inline v0::turn {

/// Opens the way through an HTTP proxy on a connection to it: one CONNECT, RFC 9110 9.3.6, and the head of
/// its answer, RFC 9112 4. After that the connection is the server's. The body of a refusal is not read.
class HttpTunnel {
 public:
  /// Heads have a few hundred bytes; with every cookie that a company's proxy likes to set, a few thousand.
  static constexpr std::size_t max_answer_bytes = 16 * 1024;

  /// `target` is "host:port" of the server.
  HttpTunnel(HttpProxy proxy, std::string target);

  /// What to send first; petrel::Errc::too_long for credentials that no proxy has.
  Result<PacketBuffer> request() const;

  /// The next bytes from the proxy. What is behind the head belongs to the server; it is a part of `bytes`.
  Bytes feed(Bytes bytes);
  bool is_open() const { return open_; }
  const std::optional<LinkFailure>& failure() const { return failure_; }

 private:
  void judge(std::string_view head);
  std::string what_it_wants(std::string_view head) const;
  void fail(Errc error, std::string detail);

  HttpProxy proxy_;
  std::string target_;
  std::string head_;
  std::size_t fed_ = 0;
  bool open_ = false;
  std::optional<LinkFailure> failure_;
};

}  // namespace petrel::inline v0::turn

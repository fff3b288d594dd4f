#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "io/socket_address.hpp"
#include "petrel/net/datagram.hpp"

namespace petrel::inline v0::io {

/// Messages that one system call takes. Thirty-two bring its price for each well below what the
/// datagrams cost themselves.
constexpr std::size_t udp_batch_size = 32;

/// Datagrams in the shape in which sendmmsg() takes them. With segmentation, a run of datagrams to one
/// destination with one size (the last may be shorter) is one message, which the kernel cuts (UDP_SEGMENT).
/// Borrows from the transmits.
class UdpSendBatch {
 public:
  struct Options {
    bool v4 = true;
    bool segment = false;
    /// Put DSCP and ECN on the messages that want some.
    bool mark = true;
    /// So many transmits from the front are messages of their own whatever `segment` says.
    std::size_t singly = 0;
  };

  /// Takes up to udp_batch_size transmits from the front; returns how many messages they are.
  std::size_t fill(std::span<Transmit> transmits, Options options);

  mmsghdr* messages() { return messages_.data(); }
  /// How many transmits a message is.
  std::size_t run_length(std::size_t message) const { return messages_[message].msg_hdr.msg_iovlen; }
  bool is_marked(std::size_t message) const { return marked_[message]; }

  /// What one message may carry: IPv4's longest datagram (65,507) and a little less.
  static constexpr std::size_t max_run_bytes = 65'000;

 private:
  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(std::uint16_t))> bytes;
  };

  void add_control(std::size_t message, const Transmit& first, std::size_t count, const Options& options);

  std::array<SocketAddress, udp_batch_size> addresses_;
  std::array<iovec, udp_batch_size> vectors_;
  std::array<mmsghdr, udp_batch_size> messages_;
  std::array<Control, udp_batch_size> controls_;
  std::array<bool, udp_batch_size> marked_{};
};

/// Room for what recvmmsg() brings. One for a thread serves all its sockets, since it is used only inside
/// of one call; of its 2 MiB the system gives only the pages that are written to.
class UdpReceiveBatch {
 public:
  static UdpReceiveBatch& of_thread();

  /// To be called before every recvmmsg(): all messages are free again.
  mmsghdr* prepare();

  /// What arrived in one message.
  struct Message {
    Endpoint source;
    Bytes payload;
    std::size_t segment_size;  ///< Of coalesced datagrams (UDP_GRO); otherwise the payload's.
    Ecn ecn = Ecn::not_ect;
  };
  /// nullopt: cut off, or of another family.
  std::optional<Message> read(std::size_t index) const;

 private:
  /// The longest that UDP_GRO makes of several.
  static constexpr std::size_t message_bytes = 65'536;
  struct alignas(cmsghdr) Control {
    std::array<std::byte, 2 * CMSG_SPACE(sizeof(int))> bytes;
  };

  UdpReceiveBatch() : payloads_(new std::byte[udp_batch_size * message_bytes]) {}
  std::byte* payload(std::size_t index) const { return payloads_.get() + index * message_bytes; }

  std::unique_ptr<std::byte[]> payloads_;
  std::array<sockaddr_storage, udp_batch_size> sources_;
  std::array<iovec, udp_batch_size> vectors_;
  std::array<mmsghdr, udp_batch_size> messages_;
  std::array<Control, udp_batch_size> controls_;
};

}  // namespace petrel::inline v0::io

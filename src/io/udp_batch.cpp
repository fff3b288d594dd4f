#include "io/udp_batch.hpp"

#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

namespace petrel::inline v0::io {
namespace {

// What transmits of one message have in common.
bool belong_together(const Transmit& a, const Transmit& b) {
  return a.destination == b.destination && a.dscp == b.dscp && a.ecn == b.ecn;
}

// How many transmits from the front may be one message.
std::size_t run_at(std::span<Transmit> transmits) {
  const std::size_t size = transmits.front().payload.size();
  std::size_t bytes = size;
  std::size_t count = 1;
  while (size > 0 && count < transmits.size()) {
    const Transmit& next = transmits[count];
    const std::size_t next_size = next.payload.size();
    if (next_size == 0 || next_size > size || bytes + next_size > UdpSendBatch::max_run_bytes) break;
    if (!belong_together(transmits.front(), next)) break;
    bytes += next_size;
    ++count;
    if (next_size < size) break;
  }
  return count;
}

template <class Value>
void put(msghdr& header, int level, int type, Value value) {
  auto* const control = static_cast<std::byte*>(header.msg_control) + header.msg_controllen;
  cmsghdr head{};
  head.cmsg_level = level;
  head.cmsg_type = type;
  head.cmsg_len = CMSG_LEN(sizeof(value));
  std::memcpy(control, &head, sizeof(head));
  std::memcpy(control + CMSG_LEN(0), &value, sizeof(value));
  header.msg_controllen += CMSG_SPACE(sizeof(value));
}

// The first bytes of a control message; Linux writes an int, but IP_TOS as one byte.
template <class Value>
Value value_of(cmsghdr* control) {
  Value value{};
  std::memcpy(&value, CMSG_DATA(control), sizeof(value));
  return value;
}

}  // namespace

std::size_t UdpSendBatch::fill(std::span<Transmit> transmits, Options options) {
  transmits = transmits.first(std::min(transmits.size(), udp_batch_size));
  std::size_t count = 0;
  for (std::size_t first = 0; first < transmits.size();) {
    const bool segment = options.segment && first >= options.singly;
    const std::size_t run = segment ? run_at(transmits.subspan(first)) : 1;
    for (std::size_t i = first; i < first + run; ++i) {
      vectors_[i] = {transmits[i].payload.data(), transmits[i].payload.size()};
    }
    addresses_[count] = to_socket_address(transmits[first].destination);
    messages_[count] = {};
    msghdr& header = messages_[count].msg_hdr;
    header.msg_name = &addresses_[count].storage;
    header.msg_namelen = addresses_[count].size;
    header.msg_iov = &vectors_[first];
    header.msg_iovlen = run;
    add_control(count, transmits[first], run, options);
    first += run;
    ++count;
  }
  return count;
}

void UdpSendBatch::add_control(std::size_t message, const Transmit& first, std::size_t count,
                               const Options& options) {
  msghdr& header = messages_[message].msg_hdr;
  header.msg_control = controls_[message].bytes.data();
  // RFC 2474 3, RFC 3168 5: both share what was the type of service.
  const int traffic_class = first.dscp << 2 | static_cast<int>(first.ecn);
  marked_[message] = options.mark && traffic_class != 0;
  if (marked_[message] && options.v4) put(header, IPPROTO_IP, IP_TOS, traffic_class);
  if (marked_[message] && !options.v4) put(header, IPPROTO_IPV6, IPV6_TCLASS, traffic_class);
  if (count > 1) put(header, IPPROTO_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(first.payload.size()));
  if (header.msg_controllen == 0) header.msg_control = nullptr;
}

UdpReceiveBatch& UdpReceiveBatch::of_thread() {
  static thread_local UdpReceiveBatch batch;
  return batch;
}

mmsghdr* UdpReceiveBatch::prepare() {
  for (std::size_t i = 0; i < udp_batch_size; ++i) {
    vectors_[i] = {payload(i), message_bytes};
    messages_[i] = {};
    msghdr& header = messages_[i].msg_hdr;
    header.msg_name = &sources_[i];
    header.msg_namelen = sizeof(sockaddr_storage);
    header.msg_iov = &vectors_[i];
    header.msg_iovlen = 1;
    header.msg_control = controls_[i].bytes.data();
    header.msg_controllen = sizeof(Control::bytes);
  }
  return messages_.data();
}

std::optional<UdpReceiveBatch::Message> UdpReceiveBatch::read(std::size_t index) const {
  const auto source = to_endpoint(sources_[index]);
  msghdr header = messages_[index].msg_hdr;
  if (!source || (header.msg_flags & MSG_TRUNC) != 0) return std::nullopt;
  const std::size_t size = messages_[index].msg_len;
  Message message{*source, Bytes(payload(index), size), size};
  for (cmsghdr* each = CMSG_FIRSTHDR(&header); each != nullptr; each = CMSG_NXTHDR(&header, each)) {
    if (each->cmsg_level == IPPROTO_IP && each->cmsg_type == IP_TOS)
      message.ecn = static_cast<Ecn>(value_of<std::uint8_t>(each) & 3);
    if (each->cmsg_level == IPPROTO_IPV6 && each->cmsg_type == IPV6_TCLASS)
      message.ecn = static_cast<Ecn>(value_of<int>(each) & 3);
    if (each->cmsg_level == IPPROTO_UDP && each->cmsg_type == UDP_GRO)
      message.segment_size = static_cast<std::size_t>(std::max(value_of<int>(each), 1));
  }
  return message;
}

}  // namespace petrel::inline v0::io

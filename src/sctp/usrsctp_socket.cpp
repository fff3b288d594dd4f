#include "sctp/usrsctp_socket.hpp"

#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace petrel::inline v0::sctp {
namespace {

// usrsctp has these, and Debian's header lacks them.
constexpr int option_interleaving_supported = 0x1206;
constexpr int option_sndbuf_use = 0x1101;
struct SendBufferUse {
  sctp_assoc_t association;
  std::uint32_t sending;
  std::uint32_t receiving;
};

// Giving up is the association's own decision, by its own clock (usrsctp_stack.hpp).
constexpr std::uint16_t never = 0xffff;

// RFC 9260 16 recommends 1 s to start with and at least. Browsers start with 500 ms and stop at 400, which is
// twice what they wait with a SACK.
constexpr std::uint32_t initial_rto_ms = 500;
constexpr std::uint32_t min_rto_ms = 400;

// RFC 9260 6.2 allows 500 ms. Every second packet is acknowledged at once; this is for the last one.
constexpr std::uint32_t sack_delay_ms = 20;
constexpr std::uint32_t sack_every_packets = 2;

// A message of more than this is handed out in pieces before it is whole, where the buffer is at least twice
// as long. As long as what we announce by default (RFC 8841 6.1): usrsctp 0.9.5 never ends a message of which
// pieces are out if the rest is given up, where it is unordered and there is no I-DATA, whose FORWARD-TSN
// alone names such messages; and behind it no notification comes any more. Peers without I-DATA are browsers,
// and theirs are no longer than this.
constexpr std::size_t partial_delivery_bytes = 256 * 1024;

// On top of what send() lets in: usrsctp counts the headers of chunks as well.
constexpr std::size_t send_buffer_margin = 256 * 1024;

// What usrsctp really sends: its public header and its own disagree about sctp_pdapi_event.
struct PartialDeliveryEvent {
  std::uint16_t type, flags;
  std::uint32_t length, indication;
  std::uint16_t stream, sequence;
  sctp_assoc_t association;
};

sockaddr_conn address_of(std::uintptr_t id, std::uint16_t port) {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(port);
  address.sconn_addr = reinterpret_cast<void*>(id);
  return address;
}

sockaddr* generic(sockaddr_conn& address) { return reinterpret_cast<sockaddr*>(&address); }

template <class Value>
bool set_option(struct socket* on, int option, const Value& value) {
  return usrsctp_setsockopt(on, IPPROTO_SCTP, option, &value, sizeof value) == 0;
}
bool set_buffer(struct socket* on, int option, std::size_t bytes) {
  constexpr std::size_t most = std::size_t{1} << 30;  // It is an int to usrsctp.
  const int value = static_cast<int>(std::min(bytes, most));
  return usrsctp_setsockopt(on, SOL_SOCKET, option, &value, sizeof value) == 0;
}

template <class Value>
bool get_option(struct socket* from, int option, Value& value) {
  socklen_t size = sizeof value;
  return usrsctp_getsockopt(from, IPPROTO_SCTP, option, &value, &size) == 0;
}

bool subscribe(struct socket* on) {
  constexpr std::array<std::uint16_t, 4> events{SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT,
                                                SCTP_STREAM_CHANGE_EVENT, SCTP_PARTIAL_DELIVERY_EVENT};
  return std::ranges::all_of(events, [&](std::uint16_t type) {
    sctp_event event{};
    event.se_assoc_id = SCTP_FUTURE_ASSOC;
    event.se_type = type;
    event.se_on = 1;
    return set_option(on, SCTP_EVENT, event);
  });
}

sctp_paddrparams path_of(std::size_t mtu_bytes) {
  sctp_paddrparams path{};
  path.spp_address.ss_family = AF_CONN;
  // ICE consent (RFC 7675) is the heartbeat, and DTLS knows the MTU.
  path.spp_flags = SPP_HB_DISABLE | SPP_PMTUD_DISABLE;
  path.spp_pathmaxrxt = never;
  path.spp_pathmtu = static_cast<std::uint32_t>(mtu_bytes - sizeof(sctp_common_header));
  return path;
}

// An option whose argument ends with a list.
std::vector<std::byte> with_list(std::size_t header, std::span<const std::uint16_t> list) {
  std::vector<std::byte> bytes(header + list.size_bytes());
  std::memcpy(bytes.data() + header, list.data(), list.size_bytes());
  return bytes;
}

template <class Value>
bool read(Bytes bytes, Value& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  return true;
}

}  // namespace

UsrsctpSocket::UsrsctpSocket(UsrsctpStack& stack, const AssociationConfig& config)
    : stack_(stack), id_(stack.add(outbox_)), remote_port_(config.remote_port) {
  socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
  usable_ = socket_ != nullptr && configure(config);
}

UsrsctpSocket::~UsrsctpSocket() {
  abort();
  stack_.remove(id_);
}

bool UsrsctpSocket::configure(const AssociationConfig& config) {
  sctp_initmsg init{};
  init.sinit_num_ostreams = config.streams;
  init.sinit_max_instreams = config.max_streams;
  init.sinit_max_attempts = never;
  init.sinit_max_init_timeo = static_cast<std::uint16_t>(max_rto_ms);

  sctp_rtoinfo rto{};
  rto.srto_initial = initial_rto_ms;
  rto.srto_min = min_rto_ms;
  rto.srto_max = max_rto_ms;

  sctp_assocparams thresholds{};
  thresholds.sasoc_asocmaxrxt = never;

  sctp_sack_info sack{};
  sack.sack_delay = sack_delay_ms;
  sack.sack_freq = sack_every_packets;

  sctp_assoc_value resets{};
  resets.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ | SCTP_ENABLE_CHANGE_ASSOC_REQ;
  sctp_assoc_value interleaving{};
  interleaving.assoc_value = config.interleaving ? 1 : 0;

  const int on = 1;
  // Pieces of messages of several streams may come by turns; without it nothing could interleave.
  const int interleave = 2;
  const auto partial =
      static_cast<std::uint32_t>(std::min(partial_delivery_bytes, config.receive_buffer_bytes / 2));
  // usrsctp_close() is abort(); shutting down in order is told before.
  linger abort_on_close{};
  abort_on_close.l_onoff = 1;

  sockaddr_conn local = address_of(id_, config.local_port);
  return usrsctp_set_non_blocking(socket_, 1) == 0 &&
         usrsctp_setsockopt(socket_, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof abort_on_close) == 0 &&
         set_buffer(socket_, SO_SNDBUF, config.send_buffer_bytes + send_buffer_margin) &&
         set_buffer(socket_, SO_RCVBUF, config.receive_buffer_bytes) &&
         set_option(socket_, SCTP_INITMSG, init) && set_option(socket_, SCTP_RTOINFO, rto) &&
         set_option(socket_, SCTP_ASSOCINFO, thresholds) && set_option(socket_, SCTP_DELAYED_SACK, sack) &&
         set_mtu(config.mtu_bytes) && set_option(socket_, SCTP_ENABLE_STREAM_RESET, resets) &&
         set_option(socket_, SCTP_NODELAY, on) && set_option(socket_, SCTP_EXPLICIT_EOR, on) &&
         set_option(socket_, SCTP_RECVRCVINFO, on) &&
         set_option(socket_, SCTP_FRAGMENT_INTERLEAVE, interleave) &&
         set_option(socket_, option_interleaving_supported, interleaving) &&
         set_option(socket_, SCTP_PARTIAL_DELIVERY_POINT, partial) && subscribe(socket_) &&
         usrsctp_bind(socket_, generic(local), sizeof local) == 0;
}

bool UsrsctpSocket::connect() {
  sockaddr_conn remote = address_of(id_, remote_port_);
  return usrsctp_connect(socket_, generic(remote), sizeof remote) == 0 || errno == EINPROGRESS;
}

bool UsrsctpSocket::set_mtu(std::size_t mtu_bytes) {
  return set_option(socket_, SCTP_PEER_ADDR_PARAMS, path_of(mtu_bytes));
}

void UsrsctpSocket::input(Bytes packet) {
  const Bytes whole = full_sack_.of(packet, stack_.packet_room());
  usrsctp_conninput(reinterpret_cast<void*>(id_), whole.data(), whole.size(), 0);
}

std::optional<std::size_t> UsrsctpSocket::send(const Outgoing& outgoing, Bytes payload) {
  sctp_sendv_spa how{};
  how.sendv_flags = SCTP_SEND_SNDINFO_VALID;
  how.sendv_sndinfo.snd_sid = outgoing.stream;
  how.sendv_sndinfo.snd_ppid = htonl(outgoing.protocol);
  if (!outgoing.delivery.ordered) how.sendv_sndinfo.snd_flags |= SCTP_UNORDERED;
  if (outgoing.last && payload.size() == outgoing.payload.size()) {
    how.sendv_sndinfo.snd_flags |= SCTP_EOR;
  }
  if (outgoing.delivery.max_retransmits) {
    how.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    how.sendv_prinfo.pr_policy = SCTP_PR_SCTP_RTX;
    how.sendv_prinfo.pr_value = *outgoing.delivery.max_retransmits;
  } else if (outgoing.delivery.max_lifetime) {
    using std::chrono::milliseconds;
    const auto lifetime = std::chrono::ceil<milliseconds>(*outgoing.delivery.max_lifetime).count();
    how.sendv_flags |= SCTP_SEND_PRINFO_VALID;
    how.sendv_prinfo.pr_policy = SCTP_PR_SCTP_TTL;
    how.sendv_prinfo.pr_value = static_cast<std::uint32_t>(std::clamp<std::int64_t>(lifetime, 0, UINT32_MAX));
  }
  const auto taken =
      usrsctp_sendv(socket_, payload.data(), payload.size(), nullptr, 0, &how, sizeof how, SCTP_SENDV_SPA, 0);
  if (taken < 0) return std::nullopt;
  return static_cast<std::size_t>(taken);
}

UsrsctpSocket::Received UsrsctpSocket::receive() {
  const std::span<std::byte> room = stack_.scratch();
  for (;;) {
    sctp_rcvinfo info{};
    socklen_t info_size = sizeof info;
    unsigned info_type = 0;
    int flags = 0;
    sockaddr_conn from{};
    socklen_t from_size = sizeof from;
    const auto size = usrsctp_recvv(socket_, room.data(), room.size(), generic(from), &from_size, &info,
                                    &info_size, &info_type, &flags);
    if (size <= 0) return {};
    const Bytes bytes = room.first(static_cast<std::size_t>(size));
    if ((flags & MSG_NOTIFICATION) != 0) {
      if (auto told = notification(bytes)) return *std::move(told);
      continue;
    }
    Incoming piece;
    piece.stream = info.rcv_sid;
    piece.protocol = ntohl(info.rcv_ppid);
    piece.unordered = (info.rcv_flags & SCTP_UNORDERED) != 0;
    piece.last = (flags & MSG_EOR) != 0;
    piece.payload.assign(bytes.begin(), bytes.end());
    return piece;
  }
}

std::optional<Notification> UsrsctpSocket::notification(Bytes bytes) {
  // Ours, from usrsctp in this process; the sizes are checked because it costs nothing.
  struct Header {
    std::uint16_t type, flags;
    std::uint32_t length;
  };
  Header header{};
  if (!read(bytes, header)) return {};
  switch (header.type) {
    case SCTP_ASSOC_CHANGE: {
      sctp_assoc_change change{};
      if (!read(bytes, change)) return {};
      switch (change.sac_state) {
        case SCTP_COMM_UP: {
          const Bytes supports = bytes.subspan(sizeof(sctp_assoc_change));
          return Notification(CameUp{
              std::ranges::find(supports, std::byte{SCTP_ASSOC_SUPPORTS_INTERLEAVING}) != supports.end()});
        }
        case SCTP_RESTART:
          return Notification(Restarted{});
        case SCTP_CANT_STR_ASSOC:
          return Notification(CouldNotStart{});
        case SCTP_SHUTDOWN_COMP:
          return Notification(WasShutDown{});
        default:
          return Notification(WasLost{});
      }
    }
    case SCTP_STREAM_RESET_EVENT: {
      StreamsReset reset;
      reset.incoming = (header.flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0;
      reset.refused = (header.flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) != 0;
      const Bytes list = bytes.subspan(std::min(bytes.size(), sizeof(sctp_stream_reset_event)));
      reset.streams.resize(list.size() / sizeof(std::uint16_t));
      if (!reset.streams.empty())
        std::memcpy(reset.streams.data(), list.data(), reset.streams.size() * sizeof(std::uint16_t));
      return Notification(std::move(reset));
    }
    case SCTP_STREAM_CHANGE_EVENT:
      return Notification(
          StreamsChanged{(header.flags & (SCTP_STREAM_CHANGE_DENIED | SCTP_STREAM_CHANGE_FAILED)) != 0});
    case SCTP_PARTIAL_DELIVERY_EVENT: {
      PartialDeliveryEvent event{};
      if (!read(bytes, event)) return {};
      return Notification(MessageAbandoned{event.stream});
    }
    default:
      return {};
  }
}

bool UsrsctpSocket::reset_outgoing(std::span<const std::uint16_t> streams) {
  std::vector<std::byte> argument = with_list(sizeof(sctp_reset_streams), streams);
  sctp_reset_streams header{};
  header.srs_flags = SCTP_STREAM_RESET_OUTGOING;
  header.srs_number_streams = static_cast<std::uint16_t>(streams.size());
  std::memcpy(argument.data(), &header, sizeof header);
  return usrsctp_setsockopt(socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, argument.data(),
                            static_cast<socklen_t>(argument.size())) == 0;
}

bool UsrsctpSocket::add_outgoing(std::uint16_t streams) {
  sctp_add_streams add{};
  add.sas_outstrms = streams;
  return set_option(socket_, SCTP_ADD_STREAMS, add);
}

void UsrsctpSocket::heartbeat() {
  const sockaddr_conn remote = address_of(id_, remote_port_);
  sctp_paddrparams path{};
  std::memcpy(&path.spp_address, &remote, sizeof remote);
  path.spp_flags = SPP_HB_DEMAND;
  set_option(socket_, SCTP_PEER_ADDR_PARAMS, path);
}

void UsrsctpSocket::shut_down() { usrsctp_shutdown(socket_, SHUT_WR); }

void UsrsctpSocket::abort_association() {
  sctp_sndinfo how{};
  how.snd_flags = SCTP_ABORT;
  // Refused before there is an association, of which usrsctp_close() is then the only end.
  if (status().exists &&
      usrsctp_sendv(socket_, "", 0, nullptr, 0, &how, sizeof how, SCTP_SENDV_SNDINFO, 0) < 0) {
    abort();
  }
}

void UsrsctpSocket::abort() {
  if (socket_ != nullptr) usrsctp_close(socket_);
  socket_ = nullptr;
  usable_ = false;
}

SocketStatus UsrsctpSocket::status() const {
  SocketStatus status;
  sctp_status raw{};
  if (socket_ == nullptr || !get_option(socket_, SCTP_STATUS, raw)) return status;
  status.exists = true;
  status.established = raw.sstat_state == SCTP_ESTABLISHED;
  status.shutting_down = raw.sstat_state >= SCTP_SHUTDOWN_SENT && raw.sstat_state < SCTP_BOUND;
  status.queued_chunks = raw.sstat_unackdata;
  status.peer_window = raw.sstat_rwnd;
  status.outgoing_streams = raw.sstat_outstrms;
  status.incoming_streams = raw.sstat_instrms;
  status.congestion_window = raw.sstat_primary.spinfo_cwnd;
  status.smoothed_rtt_ms = raw.sstat_primary.spinfo_srtt;
  status.rto_ms = raw.sstat_primary.spinfo_rto;
  SendBufferUse use{};
  if (get_option(socket_, option_sndbuf_use, use)) status.queued_bytes = use.sending;
  return status;
}

}  // namespace petrel::inline v0::sctp

#pragma once

#include <system_error>

#include "petrel/base/abi.hpp"

namespace petrel::inline v0::datachannel {

/// What can go wrong in this module. petrel::Errc has what is common to all.
enum class Errc {
  // What create() answers.
  both_limits = 1,  ///< max_packet_life_time and max_retransmits exclude each other.
  name_too_long,    ///< The label or the protocol has more than 65535 bytes.
  id_missing,       ///< A negotiated channel without an id.
  bad_id,           ///< Not below ChannelsConfig::max_streams.
  id_in_use,        ///< Another channel has this id, or had it and is not gone yet.
  no_id_left,       ///< Every stream id of our DTLS role is in use.

  // What try_send() answers.
  unknown_channel,   ///< No channel has this ChannelId, or none any more.
  not_open,          ///< The channel is not open yet, or no longer.
  message_too_long,  ///< More bytes than the peer takes, or than the configuration allows.

  // DCEP, RFC 8832 5.
  truncated,             ///< Fewer bytes than the message says that it has.
  trailing_bytes,        ///< Bytes follow the message.
  not_an_open_message,   ///< The message type is another one.
  unknown_channel_type,  ///< A reliability that RFC 8832 5.1 does not have.

  // Why a channel ended, other than by close().
  transport_closed,     ///< The association ended under it.
  bad_open,             ///< The peer opened a stream that was in use.
  message_over_limit,   ///< The peer sent a message longer than we said that we take.
  too_many_unfinished,  ///< The peer began more than we hold, and finished none of it.
  no_stream,            ///< The peer has no stream left for it.
  reset_refused,        ///< The peer does not let us reset the stream.
  reset_unanswered,     ///< The peer does not close its side.
};

PETREL_API std::error_code make_error_code(Errc error);

}  // namespace petrel::inline v0::datachannel

template <>
struct std::is_error_code_enum<petrel::datachannel::Errc> : std::true_type {};

#pragma once

#include <cstdint>
#include <optional>

#include "ice/pair.hpp"
#include "petrel/crypto/hmac.hpp"
#include "petrel/ice/agent.hpp"
#include "petrel/ice/credentials.hpp"
#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "petrel/stun/transaction.hpp"

namespace petrel::inline v0::ice {

/// What a connectivity check says, RFC 8445 7.1. Kept until it is answered, because a
/// retransmission must be the same message.
struct CheckContent {
  stun::TransactionId id{};
  std::uint32_t priority = 0;
  Role role = Role::controlling;
  std::uint64_t tie_breaker = 0;
  bool use_candidate = false;
  std::optional<std::uint32_t> nomination{};  ///< Renomination only: the highest number wins.
};

/// The NOMINATION attribute of draft-thatcher-ice-renomination, under the number that libwebrtc gave it.
constexpr stun::AttributeType nomination_attribute{0xc001};
/// Its value: 32 bits, of which 24 are used.
std::optional<std::uint32_t> nomination_of(const stun::MessageView& request);

/// One check on its way.
struct Check {
  CheckContent content;
  stun::Transaction transaction;
  PairId pair;
  TimePoint started;
  /// RFC 8445 7.3.1.4: cancelled. Not sent again, its silence means nothing, its answer still counts.
  bool cancelled = false;
  bool answered_from_elsewhere = false;
  /// The peer was heard on its pair: when its turn comes again if there is no answer yet.
  std::optional<TimePoint> repeat_at{};
};

/// Whose check it is. `remote_key` is made of the remote password.
struct CheckParties {
  const Credentials& local;
  const Credentials& remote;
  crypto::HmacSha1Key& remote_key;
};

Result<PacketBuffer> make_check(const CheckContent& content, CheckParties parties);

Result<PacketBuffer> make_success(const stun::TransactionId& id, const Endpoint& source,
                                  crypto::HmacSha1Key& local_key);

struct Refusal {
  int code = 0;
  std::string_view reason;
};
/// `local_key` is null where the request did not prove to know our password.
Result<PacketBuffer> make_refusal(const stun::MessageView& request, Refusal refusal,
                                  crypto::HmacSha1Key* local_key);

/// The part of USERNAME that names us (RFC 8445 7.3: `ours:theirs`); empty when there is none.
std::string_view receiver_ufrag(const stun::MessageView& request);

}  // namespace petrel::inline v0::ice

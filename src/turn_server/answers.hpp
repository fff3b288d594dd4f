#pragma once

#include <cstddef>
#include <vector>

#include "petrel/stun/builder.hpp"
#include "petrel/stun/message.hpp"
#include "turn_server/authenticator.hpp"
#include "turn_server/clients.hpp"
#include "turn_server/shared.hpp"

namespace petrel::inline v0::turn_server {

/// What has to be known of a request to answer it, perhaps later.
struct Asked {
  ClientId client;
  stun::Method method{};
  stun::TransactionId id{};
  bool fingerprint = false;  ///< The request had one, so the answer has one.
  Signer signer;
};

/// Answers to requests that have been authenticated, signed alike.
class Answers {
 public:
  Answers(Shared& shared, Clients& clients) : shared_(shared), clients_(clients) {}

  static stun::Builder success(const Asked& asked) {
    return {stun::Class::success_response, asked.method, asked.id};
  }
  void send(const Asked& asked, stun::Builder& builder, std::vector<std::byte>* copy = nullptr);
  void refuse(const Asked& asked, int code, const stun::AttributeTypeList& unknown = {});

 private:
  Shared& shared_;
  Clients& clients_;
};

}  // namespace petrel::inline v0::turn_server

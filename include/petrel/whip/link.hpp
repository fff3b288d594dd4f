#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/crypto/secret_text.hpp"
#include "petrel/http/message.hpp"
#include "petrel/whip/errc.hpp"

namespace petrel::inline v0::whip {

inline constexpr std::size_t max_links = 32;            // A server with a relay in each region has ten.
inline constexpr std::size_t max_link_parameters = 16;  // An ICE server has four.

/// One value of a Link field, RFC 8288 3.
struct PETREL_API Link {
  struct Parameter {
    std::string name;  ///< In lower case.
    std::string value{};

    friend bool operator==(const Parameter&, const Parameter&) = default;
  };
  std::string target;  ///< What stands between < and >, as it is.
  std::vector<Parameter> parameters{};

  /// The first of that name, which is the one that counts (RFC 8288 3.3).
  std::optional<std::string_view> get(std::string_view name) const;
  /// Whether its rel has that word; words compare without case.
  bool has_relation(std::string_view relation) const;

  friend bool operator==(const Link&, const Link&) = default;
};

/// All links of one field's value. Errors: Errc::malformed_link, Errc::too_many_links.
PETREL_API Result<std::vector<Link>> parse_links(std::string_view value);

/// The link as text; parse_links() reads it back as the same. Characters that a quoted string cannot have are
/// left out.
PETREL_API std::string write(const Link& link);

/// A STUN or TURN server that a WHIP or WHEP server recommends (RFC 9725 4.6).
struct IceServer {
  std::string url;
  std::string username{};
  crypto::SecretText credential{};

  friend bool operator==(const IceServer&, const IceServer&) = default;
};

/// The servers of all Link fields with rel="ice-server". A field that is malformed, and a credential-type
/// other than "password", cost that field or server only: a server's error must not cost the call.
PETREL_API std::vector<IceServer> ice_servers_of(const http::Headers& headers);

/// The link that recommends this server; its text contains the credential.
PETREL_API std::string to_link(const IceServer& server);

}  // namespace petrel::inline v0::whip

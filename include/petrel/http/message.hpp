#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "petrel/base/abi.hpp"
#include "petrel/base/result.hpp"
#include "petrel/http/status.hpp"

namespace petrel::inline v0::http {

/// The methods this module knows; a server answers any other with 501 before the application sees it.
enum class Method : std::uint8_t { get, head, post, put, patch, delete_, options };

PETREL_API std::optional<Method> parse_method(std::string_view token);
PETREL_API std::string_view to_string(Method method);

/// Letters of ASCII compare without case, as field names, media types and host names do.
PETREL_API bool equals_ignoring_case(std::string_view a, std::string_view b);

struct Header {
  std::string name;
  std::string value;
};

/// Header fields in the order they came; names compare without case (RFC 9110 5.1).
class PETREL_API Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> fields) : fields_(fields) {}

  void add(std::string name, std::string value) { fields_.push_back({std::move(name), std::move(value)}); }
  /// Replaces every field of that name.
  void set(std::string name, std::string value);
  void append(const Headers& others);

  /// The first field of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// Whether a comma-separated field such as Connection has that element.
  bool has_element(std::string_view name, std::string_view element) const;

  std::size_t size() const { return fields_.size(); }
  bool empty() const { return fields_.empty(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Header> fields_;
};

/// One request, complete and checked by RequestParser, or to be written by write(). Everything is owned.
struct PETREL_API Request {
  Method method = Method::get;
  std::string path{};   ///< From the target up to '?', as it was sent: not percent-decoded, so that one
                        ///< path has one spelling and routes compare it as it is.
  std::string query{};  ///< After '?', as it was sent; query_value() decodes.
  std::string host{};   ///< The authority that was asked: Host, or the target's own (RFC 9112 3.2.2).
  Headers headers{};
  std::string body{};
  bool keep_alive = true;  ///< The client can use the connection for another request.

  /// The decoded value of a query parameter; nullopt when it is absent or its encoding is broken.
  std::optional<std::string> query_value(std::string_view name) const;
  /// Content-Type without its parameters, lower case; empty without the field.
  std::string media_type() const;
};

struct Response {
  Status status = Status::ok;
  Headers headers{};
  std::string body{};
};

/// The request as it goes over the wire, RFC 9112 3 to 6: `host` becomes Host, the body gets its
/// Content-Length, and `keep_alive` is said where it is false. Fields of those names, and such as could end
/// their line, are left out of `headers`. Errc::invalid_argument of petrel when host, path or query have
/// characters that a request line cannot carry.
PETREL_API Result<std::string> write(const Request& request);

/// A short text for people, in the manner of RFC 9457: what was wrong and what to do about it.
PETREL_API Response problem(Status status, std::string_view text);

struct WriteOptions {
  bool to_head = false;     ///< The request was HEAD: announce the body, do not send it.
  bool keep_alive = false;  ///< Otherwise says `Connection: close`.
};

/// The response as it goes over the wire, RFC 9112 4 to 6.
///
/// Content-Length and Connection are written here and ignored in `response.headers`. A field whose
/// name or value could end the line is left out, so that no input can split a response. There is no
/// Date: this server has no clock (RFC 9110 6.6.1 then forbids the field).
PETREL_API std::string write(const Response& response, WriteOptions options);

}  // namespace petrel::inline v0::http

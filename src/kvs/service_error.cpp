#include "petrel/kvs/service_error.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kvs/json.hpp"
#include "petrel/http/date.hpp"

namespace petrel::inline v0::kvs {
namespace {

constexpr std::size_t max_message = 300;

std::string printable(std::string_view text) {
  std::string out(text.substr(0, max_message));
  std::ranges::replace_if(out, [](char c) { return c < 0x20 || c > 0x7e; }, ' ');
  return out;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// "com.amazonaws.kinesisvideo#ResourceNotFoundException:http://…" has the name in its middle.
std::string short_type(std::string_view type) {
  if (const std::size_t hash = type.rfind('#'); hash != type.npos) type.remove_prefix(hash + 1);
  return printable(type.substr(0, type.find(':')));
}

struct Rule {
  std::string_view type;  // A part of the type; empty: any.
  std::string_view text;  // A part of the message; empty: any.
  Errc error;
};

// The first that fits counts: what a text says goes before what a type says.
constexpr std::array<Rule, 31> rules{{
    {"", "Signature expired", Errc::clock_wrong},
    {"", "Signature not yet current", Errc::clock_wrong},
    {"RequestTimeTooSkewed", "", Errc::clock_wrong},
    {"RequestExpired", "", Errc::clock_wrong},
    {"", "scoped to a valid region", Errc::wrong_region},
    {"ExpiredToken", "", Errc::credentials_expired},
    {"", "security token included in the request is expired", Errc::credentials_expired},
    {"", "token has expired", Errc::credentials_expired},
    {"InvalidSignature", "", Errc::bad_credentials},
    {"SignatureDoesNotMatch", "", Errc::bad_credentials},
    {"IncompleteSignature", "", Errc::bad_credentials},
    {"UnrecognizedClient", "", Errc::bad_credentials},
    {"InvalidClientTokenId", "", Errc::bad_credentials},
    {"InvalidAccessKeyId", "", Errc::bad_credentials},
    {"MissingAuthenticationToken", "", Errc::bad_credentials},
    {"", "security token included in the request is invalid", Errc::bad_credentials},
    {"", "signature we calculated does not match", Errc::bad_credentials},
    {"ClientLimitExceeded", "", Errc::throttled},
    {"Throttl", "", Errc::throttled},
    {"TooManyRequests", "", Errc::throttled},
    {"ResourceInUse", "", Errc::channel_exists},
    {"VersionMismatch", "", Errc::version_mismatch},
    {"ChannelLimitExceeded", "", Errc::account_limit},
    {"TagsPerResource", "", Errc::account_limit},
    {"ResourceNotFound", "", Errc::channel_not_found},
    {"AccessDenied", "", Errc::access_denied},
    {"NotAuthorized", "", Errc::access_denied},
    {"InvalidArgument", "", Errc::refused},
    {"Validation", "", Errc::refused},
    {"InternalFailure", "", Errc::service_failed},
    {"ServiceUnavailable", "", Errc::service_failed},
}};

Errc by_status(int status) {
  if (status == 401 || status == 403) return Errc::access_denied;
  if (status == 404) return Errc::channel_not_found;
  if (status == 429) return Errc::throttled;
  if (status == 408 || status >= 500) return Errc::service_failed;
  return status >= 400 ? Errc::refused : Errc::bad_answer;
}

Errc classify(int status, std::string_view type, std::string_view message) {
  for (const Rule& rule : rules) {
    if (contains(type, rule.type) && contains(message, rule.text)) return rule.error;
  }
  return by_status(status);
}

std::string quoted(std::string_view text) { return "'" + printable(text) + "'"; }

std::string what_came(const ServiceError& error) {
  std::string text = " (HTTP " + std::to_string(error.status);
  if (!error.type.empty()) text += " " + error.type;
  if (!error.message.empty()) text += ": " + error.message;
  if (!error.request_id.empty()) text += "; request " + error.request_id;
  return text + ")";
}

std::string clock_advice(const ServiceError& error, std::int64_t ours) {
  if (!error.server_time) return "the clock of this machine is wrong: set it, or let NTP do so";
  const std::int64_t ahead = ours - *error.server_time;
  return "the clock of this machine is " + std::to_string(std::abs(ahead)) + " s " +
         (ahead < 0 ? "slow" : "fast") + ": set it, or let NTP do so";
}

}  // namespace

ServiceError read_service_error(const http::Response& response) {
  ServiceError error;
  error.status = static_cast<int>(response.status);
  error.request_id = printable(response.headers.get("x-amzn-RequestId").value_or(""));
  error.type = short_type(response.headers.get("x-amzn-ErrorType").value_or(""));
  if (const auto date = response.headers.get("Date")) error.server_time = http::parse_date(*date);

  std::string message;
  if (const auto body = parse_object(response.body)) {
    message = text_of(*body, "message");
    if (message.empty()) message = text_of(*body, "Message");
    if (error.type.empty()) error.type = short_type(text_of(*body, "__type"));
  } else {
    message = response.body.substr(0, max_message);
  }
  const Errc kind = classify(error.status, error.type, message);
  error.error = make_error_code(kind);
  // Where a signature does not match, the service writes out what it would have signed, the token within.
  if (kind != Errc::bad_credentials) error.message = printable(message);
  return error;
}

std::string describe(const ServiceError& error, const ErrorContext& context) {
  const std::string action = "kinesisvideo:" + std::string(context.action);
  const std::string channel = quoted(context.channel);
  const auto say = [&](const std::string& text) { return text + what_came(error); };
  if (error.error.category() == make_error_code(Errc::refused).category()) {
    switch (static_cast<Errc>(error.error.value())) {
      case Errc::access_denied:
        return say("AWS does not allow " + action + " on channel " + channel +
                   ": give this user or role a policy that allows it");
      case Errc::clock_wrong:
        return say(clock_advice(error, context.unix_time));
      case Errc::wrong_region:
        return say("the credentials or the channel are not of region " + std::string(context.region) +
                   ": give the region that the channel was made in");
      case Errc::bad_credentials:
        return say(
            "AWS does not know the access key, or its secret or session token is not the right one: check "
            "the "
            "credentials");
      case Errc::credentials_expired:
        return say("the temporary AWS credentials have expired: get new ones");
      case Errc::channel_not_found:
        return say("there is no channel " + channel + " in region " + std::string(context.region) +
                   ": check name and region, or create it");
      case Errc::channel_being_deleted:
        return "channel " + channel + " is being deleted: wait until it is gone, or use another";
      case Errc::account_limit:
        return say("the AWS account has as many signaling channels as it may in region " +
                   std::string(context.region) + ": delete some, or ask AWS for more");
      case Errc::throttled:
        return say("AWS asks to call " + action + " less often");
      case Errc::service_failed:
        return say("the service failed at " + action + ", which may pass");
      case Errc::refused:
        return say("AWS refuses " + action + " for channel " + channel);
      default:
        break;
    }
  }
  return say(action + ": " + error.error.message());
}

}  // namespace petrel::inline v0::kvs

#include "kvs/api_call.hpp"

#include <utility>

#include "petrel/kvs/sigv4.hpp"

namespace petrel::inline v0::kvs {

ApiCall::ApiCall(ApiRequest request, http::Url host) : request_(std::move(request)), host_(std::move(host)) {}

http::Url ApiCall::url() const {
  http::Url url = host_;
  if (url.path.ends_with('/')) url.path.pop_back();
  url.path += request_.path;
  url.query.clear();
  return url;
}

http::Request ApiCall::signed_request(const Credentials& credentials, std::string_view region,
                                      std::int64_t unix_time, std::string_view user_agent) const {
  http::Request request{.method = http::Method::post, .path = url().path, .host = host_.authority()};
  request.headers = {{"Content-Type", "application/json"}};
  if (!user_agent.empty()) request.headers.add("User-Agent", std::string(user_agent));
  request.body = request_.body;
  sign(request, credentials, {.unix_time = unix_time, .region = std::string(region)});
  return request;
}

ApiCall::Verdict ApiCall::judge(const http::Response& response, RandomSource& random) {
  ++attempts_;
  failure_detail_.clear();
  if (response.status == http::Status::ok) {
    body_ = response.body;
    return Verdict::done;
  }
  error_ = read_service_error(response);
  if (error_.transient()) return later(random);
  if (error_.error == Errc::clock_wrong) {
    if (clock_corrected_ || !error_.server_time) return Verdict::failed;
    clock_corrected_ = true;
    return Verdict::again_now;
  }
  // What is refused may be the credentials' fault, which their source may have better ones for by now.
  if (error_.error == Errc::bad_credentials || error_.error == Errc::credentials_expired ||
      error_.error == Errc::access_denied) {
    if (credentials_renewed_) return Verdict::failed;
    credentials_renewed_ = true;
    return Verdict::new_credentials;
  }
  return Verdict::failed;
}

ApiCall::Verdict ApiCall::judge_failure(std::error_code error, std::string detail, RandomSource& random) {
  ++attempts_;
  error_ = {};
  error_.error = error;
  failure_detail_ = std::move(detail);
  return later(random);
}

ApiCall::Verdict ApiCall::later(RandomSource& random) {
  if (attempts_ >= max_attempts) return Verdict::failed;
  delay_ = backoff_.next(random);
  return Verdict::again_later;
}

}  // namespace petrel::inline v0::kvs

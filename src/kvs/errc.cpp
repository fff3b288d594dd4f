#include "petrel/kvs/errc.hpp"

#include <string>

namespace petrel::inline v0::kvs {
namespace {

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "petrel.kvs"; }
  std::string message(int value) const override {
    switch (static_cast<Errc>(value)) {
      case Errc::no_credentials:
        return "there are no AWS credentials";
      case Errc::bad_credentials:
        return "AWS does not know the access key, or its secret is another";
      case Errc::credentials_expired:
        return "the temporary AWS credentials have expired";
      case Errc::access_denied:
        return "IAM does not allow it";
      case Errc::clock_wrong:
        return "the clock of this machine is wrong";
      case Errc::wrong_region:
        return "the region is another";
      case Errc::channel_not_found:
        return "there is no such channel";
      case Errc::channel_being_deleted:
        return "the channel is being deleted";
      case Errc::channel_exists:
        return "the channel exists already";
      case Errc::version_mismatch:
        return "the channel has been changed meanwhile";
      case Errc::account_limit:
        return "the AWS account has as many of these as it may";
      case Errc::throttled:
        return "too many calls";
      case Errc::refused:
        return "the service refuses the request";
      case Errc::service_failed:
        return "the service failed";
      case Errc::bad_answer:
        return "the service's answer is not understood";
      case Errc::bad_message:
        return "a signaling message is malformed";
      case Errc::bad_channel:
        return "a channel is named by 1 to 256 of a-z, A-Z, 0-9, '_', '.' and '-', or by its ARN";
      case Errc::bad_client_id:
        return "a client id is 1 to 256 of a-z, A-Z, 0-9, '_', '.' and '-', and does not begin with AWS_";
      case Errc::bad_region:
        return "no AWS region such as eu-west-1 is given";
      case Errc::bad_profile:
        return "the AWS profile is not there, or not one with access keys";
    }
    return "unknown error";
  }
};

}  // namespace

std::error_code make_error_code(Errc error) {
  static const Category category;
  return {static_cast<int>(error), category};
}

}  // namespace petrel::inline v0::kvs

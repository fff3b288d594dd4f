#include "turn_server/quota.hpp"

#include "petrel/base/assert.hpp"

namespace petrel::inline v0::turn_server {

bool Quota::user_may_have(const std::string& user, std::size_t more) const {
  const auto found = counts_.find(user);
  return (found == counts_.end() ? 0 : found->second) + more <= per_user_limit_;
}

void Quota::take(const std::string& user) {
  ++counts_[user];
  ++total_;
}

void Quota::give_back(const std::string& user) {
  const auto found = counts_.find(user);
  PETREL_ASSERT(found != counts_.end() && total_ > 0);
  --total_;
  if (--found->second == 0) counts_.erase(found);
}

}  // namespace petrel::inline v0::turn_server

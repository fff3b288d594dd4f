#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

namespace petrel::inline v0::turn_server {

/// How many relayed addresses each user has. Users without any are not remembered.
class Quota {
 public:
  Quota(std::size_t total, std::size_t per_user) : total_limit_(total), per_user_limit_(per_user) {}

  bool user_may_have(const std::string& user, std::size_t more) const;
  bool all_may_have(std::size_t more) const { return total_ + more <= total_limit_; }

  void take(const std::string& user);
  void give_back(const std::string& user);

  std::size_t total() const { return total_; }
  std::size_t users() const { return counts_.size(); }

 private:
  std::size_t total_limit_;
  std::size_t per_user_limit_;
  std::size_t total_ = 0;
  std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace petrel::inline v0::turn_server

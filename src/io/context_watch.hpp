#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/execution_context.hpp>
#include <memory>
#include <vector>

namespace petrel::inline v0::io {

/// Somebody who has Asio objects and may be destroyed after their context.
class ContextUser {
 public:
  /// The context is going: destroy every Asio object now.
  virtual void on_context_gone() = 0;

 protected:
  ~ContextUser() = default;
};

/// A service of an execution context that tells its users when the context is destroyed,
/// so that a peer may be destroyed after the io_context it ran on.
class ContextWatch final : public asio::execution_context::service {
 public:
  using key_type = ContextWatch;
  static asio::execution_context::id id;

  static ContextWatch& of(const asio::any_io_executor& executor);

  explicit ContextWatch(asio::execution_context& context) : service(context) {}

  void add(std::weak_ptr<ContextUser> user);

 private:
  void shutdown() override;

  std::vector<std::weak_ptr<ContextUser>> users_;
};

}  // namespace petrel::inline v0::io

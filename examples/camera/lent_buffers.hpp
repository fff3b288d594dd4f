#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace camera {

/// Keeps a picture's buffer from its device. The buffer is free once the last copy is gone.
using Lease = std::shared_ptr<const void>;

/// A device's buffers that are out with pictures, by index, until nobody needs them any more.
///
/// One thread. A lease may outlive this object, and means nothing then.
class LentBuffers {
 public:
  Lease lend(unsigned index) {
    ++state_->out;
    return {&state_->out, [state = state_, index](const void*) {
              --state->out;
              state->back.push_back(index);
            }};
  }
  /// One that has come back, each once; nullopt: no more have.
  std::optional<unsigned> take_back() {
    if (state_->back.empty()) return std::nullopt;
    const unsigned index = state_->back.back();
    state_->back.pop_back();
    return index;
  }
  std::size_t out() const { return state_->out; }

 private:
  struct State {
    std::size_t out = 0;
    std::vector<unsigned> back;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace camera

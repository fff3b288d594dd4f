#pragma once

#include <stdexcept>

namespace camera {

/// A source that has stopped and may come back by itself: unplugged, in use by another program, stalled, its
/// program died. what() is one line: what happened, and what to do about it. RecoveringSource tries again.
///
/// What only a person can put right is a UserError instead.
class SourceLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// There is nothing of the name that was asked for, and nothing of that name can come by itself. When the
/// program starts that is a mistake; later the source is as lost as any other.
class SourceUnknown : public SourceLost {
 public:
  using SourceLost::SourceLost;
};

}  // namespace camera

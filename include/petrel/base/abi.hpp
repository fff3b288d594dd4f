#pragma once

/// Marks what a shared build of petrel exports; everything else is hidden.
/// Needed on classes and functions of include/petrel that have code in src/.
#if defined(__GNUC__)
#define PETREL_API __attribute__((visibility("default")))
#else
#define PETREL_API
#endif

// All of petrel lives in the inline namespace v0, so that two versions can be linked
// into one program, and an incompatible header is a link error instead of a crash.
// Declarations say it in full, `namespace petrel::inline v0::stun`, which tools/tidy.py
// checks; users write petrel::stun.
namespace petrel::inline v0 {}

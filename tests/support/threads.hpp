// Running a piece of a test with another number of threads.
#pragma once

#include "engine/core/threads.hpp"

namespace moonstill::test {

/// Sets the thread count, and puts it back at the end of the scope.
class WithThreads {
 public:
  explicit WithThreads(unsigned count) : before_(thread_count()) { set_thread_count(count); }
  ~WithThreads() { set_thread_count(before_); }
  WithThreads(const WithThreads&) = delete;
  WithThreads& operator=(const WithThreads&) = delete;

 private:
  unsigned before_;
};

}  // namespace moonstill::test

// SPDX-License-Identifier: Apache-2.0
// A lock for a few loads and stores that two threads want at once almost never. Not for work.
#pragma once

#include <atomic>

#include <sched.h>

namespace weft {

class SpinLock {
  public:
    void lock() noexcept {
        while (held_.exchange(true, std::memory_order_acquire)) {
            // The holder may have been preempted, perhaps on this very core.
            for (int spins = 0; held_.load(std::memory_order_relaxed); ++spins) {
                if (spins >= kSpinsMax) {
                    ::sched_yield();
                }
            }
        }
    }
    void unlock() noexcept { held_.store(false, std::memory_order_release); }

  private:
    static constexpr int kSpinsMax = 100;
    std::atomic<bool> held_{false};
};

}  // namespace weft

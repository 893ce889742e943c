// SPDX-License-Identifier: Apache-2.0
// A lock for a few loads and stores that two threads want at once almost never. Not for work.
#pragma once

#include <atomic>

namespace weft {

class SpinLock {
  public:
    void lock() noexcept {
        while (held_.exchange(true, std::memory_order_acquire)) {
            while (held_.load(std::memory_order_relaxed)) {
            }
        }
    }
    void unlock() noexcept { held_.store(false, std::memory_order_release); }

  private:
    std::atomic<bool> held_{false};
};

}  // namespace weft

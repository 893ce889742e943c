// SPDX-License-Identifier: Apache-2.0
// A descriptor that another thread's epoll wakes on (eventfd(2)).
#pragma once

#include <weft/base/unique_fd.hpp>

namespace weft::sys {

class WakeFd {
  public:
    WakeFd();
    [[nodiscard]] int fd() const { return fd_.get(); }
    /// Any thread.
    void wake() const;
    /// By who was woken.
    void clear() const;

  private:
    UniqueFd fd_;
};

}  // namespace weft::sys

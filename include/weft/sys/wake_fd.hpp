// SPDX-License-Identifier: Apache-2.0
// A descriptor that another thread's epoll wakes on (eventfd(2)), and that sleep (epoll(7)).
#pragma once

#include <initializer_list>
#include <utility>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

namespace weft::sys {

class WakeFd {
  public:
    /// There is one to be had, or this is the end: for what the daemon starts with.
    WakeFd();
    /// Errors: too many descriptors are open.
    static Result<WakeFd> open();
    [[nodiscard]] int fd() const { return fd_.get(); }
    /// Any thread.
    void wake() const;
    /// By who was woken.
    void clear() const;

  private:
    explicit WakeFd(UniqueFd fd) : fd_(std::move(fd)) {}

    UniqueFd fd_;
};

/// An epoll that wakes for input on any of `fds`, but for those below 0. There is one to be had, or
/// this is the end.
[[nodiscard]] UniqueFd watch(std::initializer_list<int> fds);
/// Until the epoll wakes, at most `timeout_ms` (-1: for ever); clears `wake` if it was that.
void sleep_on(const UniqueFd& epoll, const WakeFd& wake, int timeout_ms);

}  // namespace weft::sys

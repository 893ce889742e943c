// SPDX-License-Identifier: Apache-2.0
// See wake_fd.hpp.
#include <array>
#include <cerrno>
#include <cstdint>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <weft/base/assert.hpp>
#include <weft/sys/wake_fd.hpp>

namespace weft::sys {

WakeFd::WakeFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    WEFT_ASSERT(fd_.valid());
}

Result<WakeFd> WakeFd::open() {
    UniqueFd fd{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    if (!fd.valid()) {
        return errno_error(errno, "eventfd");
    }
    return WakeFd{std::move(fd)};
}

void WakeFd::wake() const {
    const std::uint64_t one = 1;
    // EAGAIN means that the counter is full and the sleeper is woken already.
    [[maybe_unused]] const auto written = ::write(fd_.get(), &one, sizeof one);
}

void WakeFd::clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto taken = ::read(fd_.get(), &count, sizeof count);
}

UniqueFd watch(std::initializer_list<int> fds) {
    UniqueFd epoll{::epoll_create1(EPOLL_CLOEXEC)};
    WEFT_ASSERT(epoll.valid());
    for (const int fd : fds) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        if (fd >= 0) {
            WEFT_ASSERT(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0);
        }
    }
    return epoll;
}

void sleep_on(const UniqueFd& epoll, const WakeFd& wake, int timeout_ms) {
    std::array<epoll_event, 8> events;
    const int ready = ::epoll_wait(epoll.get(), events.data(), events.size(), timeout_ms);
    for (int i = 0; i < ready; ++i) {
        if (events[static_cast<std::size_t>(i)].data.fd == wake.fd()) {
            wake.clear();
        }
    }
}

}  // namespace weft::sys

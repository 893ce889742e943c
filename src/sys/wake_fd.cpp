// SPDX-License-Identifier: Apache-2.0
// See wake_fd.hpp.
#include <cerrno>
#include <cstdint>

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

}  // namespace weft::sys

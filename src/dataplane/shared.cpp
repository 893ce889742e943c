// SPDX-License-Identifier: Apache-2.0
// The mailbox and the wake-up descriptors between workers and lane.
#include "shared.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <weft/base/assert.hpp>

namespace weft::dataplane {

WakeFd::WakeFd() : fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    WEFT_ASSERT(fd_.valid());
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

bool LaneMailbox::hand_on(ConstBytes datagram, const net::Path& path) {
    {
        const std::unique_lock lock{handed_on_.mutex, std::try_to_lock};
        if (!lock || handed_on_.handshakes.size() >= kHandedOnMax) {
            return false;
        }
        Handshake& item = handed_on_.handshakes.emplace_back();
        copy_bytes(datagram, item.bytes);
        item.size = static_cast<std::uint8_t>(datagram.size());
        item.path = path;
    }
    wake.wake();
    return true;
}

std::vector<LaneMailbox::Handshake> LaneMailbox::take_handed_on() {
    const std::scoped_lock lock{handed_on_.mutex};
    return std::exchange(handed_on_.handshakes, {});
}

}  // namespace weft::dataplane

// SPDX-License-Identifier: Apache-2.0
// See yielding.hpp.
#include <algorithm>

#include <sched.h>

#include <weft/sys/yielding.hpp>

namespace weft::sys {

void Yielding::yield() {
    if (!is_due()) {
        return;
    }
    const Time before = BootClock::now();
    ::sched_yield();
    took(BootClock::now() - before);
}

bool Yielding::is_due() {
    if (remaining_ == 0) {
        return true;
    }
    remaining_ -= 1;
    return false;
}

void Yielding::took(Duration elapsed) {
    pause_ = elapsed > kShort ? std::min(2 * pause_ + 1, kPauseMax) : pause_ / 2;
    remaining_ = pause_;
}

}  // namespace weft::sys

// SPDX-License-Identifier: Apache-2.0
// What others may make a node do: so many at once, and then one each interval (a token bucket).
#pragma once

#include <algorithm>

#include <weft/base/clock.hpp>

namespace weft::gossip {

struct Allowance {
    double burst;
    Duration interval;
    double left = burst;
    Time filled{};

    static Allowance per_second(double count) {
        return {count, Duration{static_cast<Duration::rep>(1e9 / count)}};
    }

    bool spend(Time now) {
        const double gained =
            std::chrono::duration<double>(now - filled) / std::chrono::duration<double>(interval);
        left = std::min(burst, left + gained);
        filled = now;
        if (left < 1) {
            return false;
        }
        left -= 1;
        return true;
    }
    /// When, at the last look's count, there is one again.
    [[nodiscard]] Time next() const {
        const double missing = std::max(0.0, 1 - left);
        return filled + std::chrono::ceil<Duration>(interval * missing);
    }
    /// What was spent was another's doing.
    void give_back() { left += 1; }
};

}  // namespace weft::gossip

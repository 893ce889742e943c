// SPDX-License-Identifier: Apache-2.0
// How far the machine's clock is off the other nodes', in words: status and check say the same.
#pragma once

#include <string>

#include <weft/identity/trusted_time.hpp>

namespace weft::control {

inline constexpr const char* kSetClock = "timedatectl set-ntp true";

/// "the clock is 3600 s ahead of the other nodes'"; "" where it is not, or nobody has said.
[[nodiscard]] inline std::string clock_off(const identity::TrustedTime& time) {
    constexpr std::int64_t kToldFrom = 60;  // seconds: more than delays make
    const std::int64_t ahead = time.ahead_of_peers().value_or(0);
    if (ahead > -kToldFrom && ahead < kToldFrom) {
        return {};
    }
    return "the clock is " + std::to_string(ahead < 0 ? -ahead : ahead) + " s " +
           (ahead < 0 ? "behind" : "ahead of") + " the other nodes', if not theirs are wrong";
}

}  // namespace weft::control

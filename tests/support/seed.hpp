// SPDX-License-Identifier: Apache-2.0
// How random and how long a randomised test is: WEFT_SEED repeats a run (printed when a test
// fails), WEFT_FULL=yes is the long version.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace weft::test {

inline std::uint64_t seed() {
    const char* text = std::getenv("WEFT_SEED");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : 20261120;
}

/// For SCOPED_TRACE.
inline std::string seed_text() {
    return "WEFT_SEED=" + std::to_string(seed());
}

inline bool is_full() {
    const char* text = std::getenv("WEFT_FULL");
    return text != nullptr && std::string_view{text} == "yes";
}

/// `usual` rounds, or `full` of them in the long version.
template <class T>
T rounds(T usual, T full) {
    return is_full() ? full : usual;
}

/// The seed that repeats one of several rounds as the first.
[[nodiscard]] inline std::uint64_t seed_of(int round) {
    return seed() + static_cast<std::uint64_t>(round);
}

}  // namespace weft::test

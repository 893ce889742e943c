// SPDX-License-Identifier: Apache-2.0
// Decimal text to a number, all of it or nothing.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>

namespace weft {

/// Digits alone: no sign, no space, nothing behind; leading zeros count as nothing. Empty where the
/// number does not fit its type.
template <std::unsigned_integral Number>
[[nodiscard]] std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stopped == end ? std::optional{number} : std::nullopt;
}

}  // namespace weft

// SPDX-License-Identifier: Apache-2.0
// Numbers and tables as people read them. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::cli {

inline constexpr std::string_view kNothing = "–";

/// "0 B", "9.8 KiB", "830 MiB", "1.2 GiB"
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);
/// "12 s ago", "3 min ago", "5 h ago", "9 d ago"; "never" for nothing.
[[nodiscard]] std::string format_age(std::optional<std::int64_t> then_ms, std::int64_t now_ms);
/// "0.21 ms", "12.3 ms", "130 ms"
[[nodiscard]] std::string format_ms(std::uint64_t microseconds);
/// "1 peer", "2 peers"
[[nodiscard]] std::string format_count(std::uint64_t count, std::string_view noun);

enum class Colour { kPlain, kGreen, kYellow, kRed };
/// `text` in a colour, if `enabled`.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, bool enabled);

/// Rows as aligned columns, two spaces between; a line each, without trailing spaces. Widths count
/// code points.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace weft::cli

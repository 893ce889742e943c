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
/// "in 12 s", "in 3 min", …; of what is past as format_age().
[[nodiscard]] std::string format_until(std::int64_t then_ms, std::int64_t now_ms);
/// "0.21 ms", "12.3 ms", "130 ms"
[[nodiscard]] std::string format_ms(std::uint64_t microseconds);
/// Of a million: "0 %", "0.05 %", "3.2 %", "12 %"
[[nodiscard]] std::string format_share(std::uint64_t ppm);
/// "1 peer", "2 peers"
[[nodiscard]] std::string format_count(std::uint64_t count, std::string_view noun);

enum class Colour { kPlain, kGreen, kYellow, kRed };
/// `text` in a colour, if `enabled`.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, bool enabled);

/// `text` without what moves a terminal's cursor or turns its text around; what is not UTF-8
/// becomes '?'. For what others wrote.
[[nodiscard]] std::string printable(std::string_view text);
/// printable(), with ", " between; kNothing for none.
[[nodiscard]] std::string format_list(const std::vector<std::string>& values);
/// The first, and how many more there are: "10.44.0.0/24 +1".
[[nodiscard]] std::string first_of(const std::vector<std::string>& values);

/// The first 8 digits of an id.
[[nodiscard]] std::string short_id(std::string_view id);

/// "45", "45s", "30m", "1h", "7d" as seconds. Empty for anything else and for what does not fit.
[[nodiscard]] std::optional<unsigned> parse_seconds(std::string_view text);

/// Rows as aligned columns, two spaces between; a line each, without trailing spaces; every cell
/// is made printable(). Widths count code points.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace weft::cli

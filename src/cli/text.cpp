// SPDX-License-Identifier: Apache-2.0
// Numbers and tables as people read them. Pure.
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>

#include <weft/base/number.hpp>
#include <weft/base/utf8.hpp>

namespace weft::cli {
namespace {

std::string format_decimal(double value, int decimals) {
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
    return buffer.data();
}

std::string format_span(std::int64_t ms) {
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    constexpr std::int64_t kDay = 24 * kHour;
    const std::int64_t seconds = ms / 1000;
    if (seconds < 2 * kMinute) {
        return std::to_string(seconds) + " s";
    }
    if (seconds < 2 * kHour) {
        return std::to_string(seconds / kMinute) + " min";
    }
    if (seconds < 2 * kDay) {
        return std::to_string(seconds / kHour) + " h";
    }
    return std::to_string(seconds / kDay) + " d";
}

/// C0, DEL, C1, and what sets the direction of writing (UAX 9: U+200E, U+200F, U+202A..U+202E,
/// U+2066..U+2069) or ends a line (U+2028, U+2029); `sequence` is one code point.
bool moves_the_cursor(std::string_view sequence) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
    if (sequence.size() == 1) {
        return byte(0) < 0x20 || byte(0) == 0x7f;
    }
    if (sequence.size() == 2) {
        return byte(0) == 0xc2 && byte(1) < 0xa0;
    }
    if (sequence.size() != 3 || byte(0) != 0xe2) {
        return false;
    }
    const bool general = byte(1) == 0x80 && (byte(2) == 0x8e || byte(2) == 0x8f ||
                                             (byte(2) >= 0xa8 && byte(2) <= 0xae));
    return general || (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;  // not a UTF-8 continuation
    }));
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 7> kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    constexpr double kStep = 1024;
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= kStep) {
        value /= kStep;
        ++unit;
    }
    constexpr double kOneDecimalBelow = 9.95;  // printed with one decimal it would read 10.0
    const int decimals = unit > 0 && value < kOneDecimalBelow ? 1 : 0;
    return format_decimal(value, decimals) + " " + std::string{kUnits[unit]};
}

std::string format_age(std::optional<std::int64_t> then_ms, std::int64_t now_ms) {
    return then_ms ? format_span(std::max<std::int64_t>(0, now_ms - *then_ms)) + " ago" : "never";
}

std::string format_until(std::int64_t then_ms, std::int64_t now_ms) {
    return then_ms > now_ms ? "in " + format_span(then_ms - now_ms + 999)
                            : format_age(then_ms, now_ms);
}

std::string format_ms(std::uint64_t microseconds) {
    const double value = static_cast<double>(microseconds) / 1000;
    int decimals = 0;
    if (value < 9.995) {
        decimals = 2;
    } else if (value < 99.95) {
        decimals = 1;
    }
    return format_decimal(value, decimals) + " ms";
}

std::string format_share(std::uint64_t ppm) {
    const double percent = static_cast<double>(ppm) / 10'000;
    int decimals = 0;
    if (ppm != 0 && percent < 0.995) {
        decimals = 2;
    } else if (ppm != 0 && percent < 9.95) {
        decimals = 1;
    }
    return format_decimal(percent, decimals) + " %";
}

std::string format_count(std::uint64_t count, std::string_view noun) {
    const bool sibilant = noun.ends_with("x") || noun.ends_with("ch");
    return std::to_string(count) + " " + std::string{noun} +
           (count == 1 ? ""
            : sibilant ? "es"
                       : "s");
}

std::string paint(std::string_view text, Colour colour, bool enabled) {
    if (!enabled || colour == Colour::kPlain) {
        return std::string{text};
    }
    const char* code = "\x1b[31m";
    if (colour == Colour::kGreen) {
        code = "\x1b[32m";
    } else if (colour == Colour::kYellow) {
        code = "\x1b[33m";
    }
    return code + std::string{text} + "\x1b[0m";
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view sequence = text.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0 || moves_the_cursor(sequence)) {
            out += '?';
        } else {
            out += sequence;
        }
        text.remove_prefix(sequence.size());
    }
    return out;
}

std::string format_list(const std::vector<std::string>& values) {
    std::string out;
    for (const std::string& value : values) {
        out += (out.empty() ? "" : ", ") + printable(value);
    }
    return out.empty() ? std::string{kNothing} : out;
}

std::string first_of(const std::vector<std::string>& values) {
    if (values.empty()) {
        return std::string{kNothing};
    }
    const std::size_t more = values.size() - 1;
    return values.front() + (more == 0 ? "" : " +" + std::to_string(more));
}

std::string short_id(std::string_view id) {
    constexpr std::size_t kDigits = 8;
    return std::string{id.substr(0, kDigits)};
}

std::optional<unsigned> parse_seconds(std::string_view text) {
    constexpr std::array<std::pair<char, unsigned>, 4> kUnits{
        {{'s', 1}, {'m', 60}, {'h', 3'600}, {'d', 86'400}}};
    unsigned unit = 1;
    for (const auto& [letter, seconds] : kUnits) {
        if (text.ends_with(letter)) {
            unit = seconds;
            text.remove_suffix(1);
            break;
        }
    }
    const auto count = parse_number<unsigned>(text);
    return count && *count <= std::numeric_limits<unsigned>::max() / unit
               ? std::optional{*count * unit}
               : std::nullopt;
}

std::string format_table(const std::vector<std::vector<std::string>>& unsafe_rows) {
    std::vector<std::vector<std::string>> rows = unsafe_rows;
    for (auto& row : rows) {
        std::transform(row.begin(), row.end(), row.begin(), printable);
    }
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    }
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

}  // namespace weft::cli

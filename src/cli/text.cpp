// SPDX-License-Identifier: Apache-2.0
// Numbers and tables as people read them. Pure.
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace weft::cli {
namespace {

std::string format_decimal(double value, int decimals) {
    std::array<char, 40> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%.*f", decimals, value);
    return buffer.data();
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
    if (!then_ms) {
        return "never";
    }
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    constexpr std::int64_t kDay = 24 * kHour;
    const std::int64_t seconds = std::max<std::int64_t>(0, now_ms - *then_ms) / 1000;
    if (seconds < 2 * kMinute) {
        return std::to_string(seconds) + " s ago";
    }
    if (seconds < 2 * kHour) {
        return std::to_string(seconds / kMinute) + " min ago";
    }
    if (seconds < 2 * kDay) {
        return std::to_string(seconds / kHour) + " h ago";
    }
    return std::to_string(seconds / kDay) + " d ago";
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

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
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

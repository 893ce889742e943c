// SPDX-License-Identifier: Apache-2.0
// See metric_families.hpp.
#include "metric_families.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace weft::server {
namespace {

constexpr double kWholeMax = 0x1p53;  // below it a double is exact

/// A backslash, a line's end, and in labels a quote are written with a backslash.
void append_escaped(std::string& out, std::string_view text, bool is_label) {
    for (const char c : text) {
        if (c == '\\' || (is_label && c == '"')) {
            out += '\\';
        }
        if (c == '\n') {
            out += "\\n";
        } else {
            out += c;
        }
    }
}

}  // namespace

void MetricFamilies::begin(std::string_view name, std::string_view help, std::string_view type) {
    name_ = name;
    head_ = "# HELP ";
    head_ += name;
    head_ += ' ';
    append_escaped(head_, help, false);
    head_ += "\n# TYPE ";
    head_ += name;
    head_ += ' ';
    head_ += type;
    head_ += '\n';
}

void MetricFamilies::add_text(Labels labels, std::string_view value) {
    text_ += std::exchange(head_, {});
    text_ += name_;
    char separator = '{';
    for (const auto& [label, content] : labels) {
        text_ += std::exchange(separator, ',');
        text_ += label;
        text_ += "=\"";
        append_escaped(text_, content, true);
        text_ += '"';
    }
    if (labels.size() > 0) {
        text_ += '}';
    }
    text_ += ' ';
    text_ += value;
    text_ += '\n';
}

void MetricFamilies::add(Labels labels, std::uint64_t value) {
    add_text(labels, std::to_string(value));
}

/// The shortest text that reads as the same number; a whole one as people write it.
void MetricFamilies::add(Labels labels, double value) {
    if (value >= 0 && value < kWholeMax && value == std::floor(value)) {
        add(labels, static_cast<std::uint64_t>(value));
        return;
    }
    std::array<char, 32> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    add_text(labels, {digits.data(), written.ptr});
}

}  // namespace weft::server

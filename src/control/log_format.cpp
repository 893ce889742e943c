// SPDX-License-Identifier: Apache-2.0
// See log_format.hpp. Any thread: no state.
#include "log_format.hpp"

#include <algorithm>
#include <array>
#include <ctime>

#include <stdio.h>

#include <weft/base/utf8.hpp>

namespace weft::control {
namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

/// `\u00XX` is understood by readers of both formats.
void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    if (!is_control(c)) {
        out += c;
        return;
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out += "\\u00";
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
}

void append_quoted(std::string& out, std::string_view value) {
    out += '"';
    for (const char c : utf8_excerpt(value, kLogValueMax)) {
        append_escaped(out, c);  // of longer sequences every byte passes
    }
    out += '"';
}

bool needs_quotes(std::string_view value) {
    return value.empty() || value.size() > kLogValueMax ||
           std::any_of(value.begin(), value.end(), [](char c) {
               return is_control(c) || c == ' ' || c == '"' || c == '=' || c == '\\' ||
                      static_cast<unsigned char>(c) >= 0x80;
           });
}

void append_pair(std::string& out, std::string_view key, std::string_view value) {
    out += ' ';
    out += key;
    out += '=';
    if (needs_quotes(value)) {
        append_quoted(out, value);
    } else {
        out += value;
    }
}

void append_member(std::string& out, std::string_view key, std::string_view value) {
    out += ',';
    append_quoted(out, key);
    out += ':';
    append_quoted(out, value);
}

}  // namespace

std::string format_time(WallTime time) {
    using std::chrono::floor;
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    const auto since = time.time_since_epoch();
    const auto whole = floor<seconds>(since);
    const auto fraction = floor<milliseconds>(since - whole).count();
    const auto unix_seconds = static_cast<std::time_t>(whole.count());
    std::tm parts{};
    gmtime_r(&unix_seconds, &parts);
    std::array<char, 80> text{};
    const int size = snprintf(text.data(),
                              text.size(),
                              "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                              parts.tm_year + 1900,
                              parts.tm_mon + 1,
                              parts.tm_mday,
                              parts.tm_hour,
                              parts.tm_min,
                              parts.tm_sec,
                              static_cast<int>(fraction));
    return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string format_logfmt(const LogLine& line) {
    std::string out = "ts=" + format_time(line.time);
    append_pair(out, "level", to_string(line.level));
    append_pair(out, "event", line.event);
    for (const LogField& field : line.fields) {
        append_pair(out, field.key, field.value);
    }
    if (line.suppressed > 0) {
        append_pair(out, "suppressed", std::to_string(line.suppressed));
    }
    return out;
}

std::string format_json(const LogLine& line) {
    std::string out = "{\"ts\":\"" + format_time(line.time) + '"';
    append_member(out, "level", to_string(line.level));
    append_member(out, "event", line.event);
    for (const LogField& field : line.fields) {
        append_member(out, field.key, field.value);
    }
    if (line.suppressed > 0) {
        out += ",\"suppressed\":" + std::to_string(line.suppressed);
    }
    out += '}';
    return out;
}

}  // namespace weft::control

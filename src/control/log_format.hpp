// SPDX-License-Identifier: Apache-2.0
// An event as one line of text, logfmt or JSON. Pure. A value from outside can neither end the line
// nor forge a field: control characters, quotes and backslashes are escaped, long values cut.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <weft/base/clock.hpp>
#include <weft/base/log.hpp>
#include <weft/control/log_sink.hpp>

namespace weft::control {

inline constexpr std::size_t kLogValueMax = 1024;  // bytes of one value; the rest becomes "..."

struct LogLine {
    WallTime time;
    LogLevel level = LogLevel::kInfo;
    std::string_view event;
    std::initializer_list<LogField> fields;
    std::uint64_t suppressed = 0;  // 0: the field is left out
};

/// `ts=2026-11-20T12:00:00.123Z level=info event=peer_up peer=b`
[[nodiscard]] std::string format_logfmt(const LogLine& line);
/// The same as a JSON object; every field is a string but `suppressed`.
[[nodiscard]] std::string format_json(const LogLine& line);
/// RFC 3339 in UTC with milliseconds.
[[nodiscard]] std::string format_time(WallTime time);

}  // namespace weft::control

// SPDX-License-Identifier: Apache-2.0
// Events for people and their tools: a level, a stable name, fields. The control plane's alone:
// the packet path counts and never logs. The sink (control/log_sink) rate-limits by event name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace weft {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

[[nodiscard]] constexpr std::string_view to_string(LogLevel level) {
    constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
    return kNames[static_cast<std::size_t>(level)];
}

struct LogField {
    std::string_view key;
    std::string value;
};

class Log {
  public:
    Log() = default;
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    virtual ~Log() = default;

    /// `event` is a stable snake_case name; any thread of the control plane may call.
    virtual void event(LogLevel level,
                       std::string_view event,
                       std::initializer_list<LogField> fields) = 0;

    void debug(std::string_view name, std::initializer_list<LogField> fields = {}) {
        event(LogLevel::kDebug, name, fields);
    }
    void info(std::string_view name, std::initializer_list<LogField> fields = {}) {
        event(LogLevel::kInfo, name, fields);
    }
    void warn(std::string_view name, std::initializer_list<LogField> fields = {}) {
        event(LogLevel::kWarn, name, fields);
    }
    void error(std::string_view name, std::initializer_list<LogField> fields = {}) {
        event(LogLevel::kError, name, fields);
    }
};

}  // namespace weft

// SPDX-License-Identifier: Apache-2.0
// Where events go: one line each, logfmt or JSON, to standard error through spdlog. Rate-limited by
// event name with a token bucket; the next line of a name tells how many were suppressed. The last
// ones are kept for who asks later, whatever the level of what is written. Any thread may log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/base/log.hpp>
#include <weft/base/result.hpp>

namespace weft::control {

enum class LogFormat : std::uint8_t { kLogfmt, kJson };

/// An event of level info or above, as it was told.
struct LoggedEvent {
    WallTime time;
    LogLevel level = LogLevel::kInfo;
    std::string name;
    std::vector<std::pair<std::string, std::string>> fields;  // values: UTF-8, kKeptValueMax bytes
    std::uint64_t suppressed = 0;                             // of its name, before it
};

class LogSink final : public Log {
  public:
    using Clock = std::function<WallTime()>;
    using Write = std::function<void(LogLevel, const std::string&)>;  // one line without its end

    static constexpr unsigned kBurst = 20;         // lines of one event name at once
    static constexpr unsigned kPerSecond = 2;      // and in the long run
    static constexpr std::size_t kNamesMax = 256;  // names with a bucket of their own
    static constexpr std::size_t kKeptMax = 100;   // events
    static constexpr std::size_t kKeptValueMax = 256;

    LogSink(LogLevel level, LogFormat format, Clock clock, Write write);
    /// To standard error. Errors: unknown level (debug, info, warn, error) or format.
    static Result<std::unique_ptr<LogSink>> open(std::string_view level, std::string_view format);

    void event(LogLevel level,
               std::string_view event,
               std::initializer_list<LogField> fields) override;
    /// The last kKeptMax events, the oldest first.
    [[nodiscard]] std::vector<LoggedEvent> recent() const;

  private:
    struct Bucket {
        WallTime filled;
        Duration credit{};  // of time; a line costs 1 / kPerSecond
        std::uint64_t suppressed = 0;
    };
    struct Limits {
        std::mutex mutex;
        std::map<std::string, Bucket, std::less<>> buckets;
    };
    struct Kept {
        mutable std::mutex mutex;
        std::deque<LoggedEvent> events;
    };
    void keep(LoggedEvent event);
    /// The number of lines suppressed before this one, or nothing if this one is suppressed too.
    [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view event, WallTime now);

    LogLevel level_;
    LogFormat format_;
    Clock clock_;
    Write write_;
    Limits limits_;
    Kept kept_;
};

}  // namespace weft::control

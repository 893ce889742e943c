// SPDX-License-Identifier: Apache-2.0
// Where events go: one line each, logfmt or JSON, to standard error through spdlog. Rate-limited by
// event name with a token bucket; the next line of a name tells how many were suppressed.
// Any thread may log.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <weft/base/clock.hpp>
#include <weft/base/log.hpp>
#include <weft/base/result.hpp>

namespace weft::control {

enum class LogFormat : std::uint8_t { kLogfmt, kJson };

class LogSink final : public Log {
  public:
    using Clock = std::function<WallTime()>;
    using Write = std::function<void(LogLevel, const std::string&)>;  // one line without its end

    static constexpr unsigned kBurst = 20;         // lines of one event name at once
    static constexpr unsigned kPerSecond = 2;      // and in the long run
    static constexpr std::size_t kNamesMax = 256;  // names with a bucket of their own

    LogSink(LogLevel level, LogFormat format, Clock clock, Write write);
    /// To standard error. Errors: unknown level (debug, info, warn, error) or format.
    static Result<std::unique_ptr<LogSink>> open(std::string_view level, std::string_view format);

    void event(LogLevel level,
               std::string_view event,
               std::initializer_list<LogField> fields) override;

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
    /// The number of lines suppressed before this one, or nothing if this one is suppressed too.
    [[nodiscard]] std::optional<std::uint64_t> admit(std::string_view event, WallTime now);

    LogLevel level_;
    LogFormat format_;
    Clock clock_;
    Write write_;
    Limits limits_;
};

}  // namespace weft::control

// SPDX-License-Identifier: Apache-2.0
// Level, rate limit, format, spdlog. Any thread; the buckets' mutex is held for a look-up only.
#include <algorithm>
#include <array>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <weft/control/log_sink.hpp>

#include "log_format.hpp"

namespace weft::control {
namespace {

constexpr Duration kLineCost = Duration{std::chrono::seconds{1}} / LogSink::kPerSecond;
constexpr Duration kCreditMax = kLineCost * LogSink::kBurst;
constexpr std::string_view kOtherNames = "other";  // the bucket of names beyond kNamesMax

std::optional<LogLevel> parse_level(std::string_view text) {
    constexpr std::array kLevels = {std::pair{std::string_view{"debug"}, LogLevel::kDebug},
                                    std::pair{std::string_view{"info"}, LogLevel::kInfo},
                                    std::pair{std::string_view{"warn"}, LogLevel::kWarn},
                                    std::pair{std::string_view{"error"}, LogLevel::kError}};
    for (const auto& [name, level] : kLevels) {
        if (name == text) {
            return level;
        }
    }
    return std::nullopt;
}

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::kDebug:
            return spdlog::level::debug;
        case LogLevel::kInfo:
            return spdlog::level::info;
        case LogLevel::kWarn:
            return spdlog::level::warn;
        case LogLevel::kError:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

LogSink::LogSink(LogLevel level, LogFormat format, Clock clock, Write write)
    : level_(level), format_(format), clock_(std::move(clock)), write_(std::move(write)) {}

Result<std::unique_ptr<LogSink>> LogSink::open(std::string_view level, std::string_view format) {
    const std::optional<LogLevel> parsed = parse_level(level);
    if (!parsed) {
        return invalid("unknown log level \"" + std::string{level} + '"',
                       "use debug, info, warn or error");
    }
    if (format != "logfmt" && format != "json") {
        return invalid("unknown log format \"" + std::string{format} + '"', "use logfmt or json");
    }
    auto logger =
        std::make_shared<spdlog::logger>("weft", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%v");
    logger->set_level(spdlog::level::debug);
    logger->flush_on(spdlog::level::debug);
    return std::make_unique<LogSink>(
        *parsed,
        format == "json" ? LogFormat::kJson : LogFormat::kLogfmt,
        [] { return wall_now(); },
        [logger](LogLevel line_level, const std::string& line) {
            logger->log(to_spdlog(line_level), spdlog::string_view_t{line});
        });
}

std::optional<std::uint64_t> LogSink::admit(std::string_view event, WallTime now) {
    const std::scoped_lock lock{limits_.mutex};
    auto found = limits_.buckets.find(event);
    if (found == limits_.buckets.end()) {
        const std::string_view name = limits_.buckets.size() < kNamesMax ? event : kOtherNames;
        found = limits_.buckets.try_emplace(std::string{name}, Bucket{now, kCreditMax, 0}).first;
    }
    Bucket& bucket = found->second;
    const Duration elapsed = std::max(now - bucket.filled, Duration{0});  // the clock may jump back
    bucket.filled = now;
    bucket.credit =
        elapsed < kCreditMax ? std::min(bucket.credit + elapsed, kCreditMax) : kCreditMax;
    if (bucket.credit < kLineCost) {
        ++bucket.suppressed;
        return std::nullopt;
    }
    bucket.credit -= kLineCost;
    return std::exchange(bucket.suppressed, 0);
}

void LogSink::event(LogLevel level,
                    std::string_view event,
                    std::initializer_list<LogField> fields) {
    if (level < level_) {
        return;
    }
    const WallTime now = clock_();
    const std::optional<std::uint64_t> suppressed = admit(event, now);
    if (!suppressed) {
        return;
    }
    const LogLine line{now, level, event, fields, *suppressed};
    write_(level, format_ == LogFormat::kJson ? format_json(line) : format_logfmt(line));
}

}  // namespace weft::control

// SPDX-License-Identifier: Apache-2.0
// Level, rate limit, format, spdlog. Any thread; each mutex is held for a look-up or a copy only.
#include <algorithm>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <weft/base/utf8.hpp>
#include <weft/control/log_sink.hpp>

#include "log_format.hpp"

namespace weft::control {
namespace {

constexpr Duration kLineCost = Duration{std::chrono::seconds{1}} / LogSink::kPerSecond;
constexpr Duration kCreditMax = kLineCost * LogSink::kBurst;
constexpr std::string_view kOtherNames = "other";  // the bucket of names beyond kNamesMax

std::optional<LogLevel> parse_level(std::string_view text) {
    for (const LogLevel level :
         {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
        if (to_string(level) == text) {
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
    if (level < std::min(level_, LogLevel::kInfo)) {
        return;
    }
    const WallTime now = clock_();
    const std::optional<std::uint64_t> suppressed = admit(event, now);
    if (!suppressed) {
        return;
    }
    if (level >= LogLevel::kInfo) {
        LoggedEvent kept{now, level, std::string{event}, {}, *suppressed};
        for (const LogField& field : fields) {
            kept.fields.emplace_back(field.key, utf8_excerpt(field.value, kKeptValueMax));
        }
        keep(std::move(kept));
    }
    if (level < level_) {
        return;
    }
    const LogLine line{now, level, event, fields, *suppressed};
    write_(level, format_ == LogFormat::kJson ? format_json(line) : format_logfmt(line));
}

void LogSink::keep(LoggedEvent event) {
    const std::scoped_lock lock{kept_.mutex};
    if (kept_.events.size() == kKeptMax) {
        kept_.events.pop_front();
    }
    kept_.events.push_back(std::move(event));
}

std::vector<LoggedEvent> LogSink::recent() const {
    const std::scoped_lock lock{kept_.mutex};
    return {kept_.events.begin(), kept_.events.end()};
}

}  // namespace weft::control

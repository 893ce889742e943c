// SPDX-License-Identifier: Apache-2.0
// Lines of the log: quoting, escaping, the rate limit, with a clock that the test moves.
#include "log_format.hpp"

#include <gtest/gtest.h>

#include <weft/control/log_sink.hpp>

namespace weft::control {
namespace {

constexpr WallTime kNoon{std::chrono::seconds{1'795'176'000} + std::chrono::milliseconds{7}};

std::string logfmt(std::initializer_list<LogField> fields, std::uint64_t suppressed = 0) {
    return format_logfmt({kNoon, LogLevel::kInfo, "peer_up", fields, suppressed});
}

TEST(LogFormat, WritesTimeLevelEventAndFields) {
    EXPECT_EQ(logfmt({{"peer", "b"}}),
              "ts=2026-11-20T12:00:00.007Z level=info event=peer_up peer=b");
    EXPECT_EQ(
        format_json({kNoon, LogLevel::kError, "x", {{"peer", "b"}}, 212}),
        R"({"ts":"2026-11-20T12:00:00.007Z","level":"error","event":"x","peer":"b","suppressed":212})");
}

TEST(LogFormat, QuotesWhatCouldForgeAField) {
    EXPECT_TRUE(logfmt({{"cause", "a b=c"}}).ends_with(R"(peer_up cause="a b=c")"));
    EXPECT_TRUE(logfmt({{"cause", ""}}).ends_with(R"(cause="")"));
    EXPECT_TRUE(logfmt({{"cause", "say \"hi\"\\"}}).ends_with(R"(cause="say \"hi\"\\")"));
    EXPECT_TRUE(logfmt({{"cause", "a\nlevel=error\x1b[31m"}})
                    .ends_with(R"(cause="a\nlevel=error\u001b[31m")"));
}

TEST(LogFormat, KeepsUtf8AndReplacesWhatIsNot) {
    EXPECT_TRUE(logfmt({{"name", "h\xc3\xa9"}}).ends_with("name=\"h\xc3\xa9\""));
    EXPECT_TRUE(logfmt({{"name", "a\xff\xc3"}}).ends_with("name=\"a??\""));
    EXPECT_TRUE(logfmt({{"name", "\xed\xa0\x80"}}).ends_with("name=\"???\""));  // a surrogate
}

TEST(LogFormat, CutsLongValues) {
    const std::string line = logfmt({{"cause", std::string(5000, 'x')}});
    EXPECT_LT(line.size(), kLogValueMax + 100);
    EXPECT_TRUE(line.ends_with("xxx...\""));
}

TEST(LogFormat, TellsTheTimeBefore1970) {
    EXPECT_EQ(format_time(WallTime{std::chrono::milliseconds{-1}}), "1969-12-31T23:59:59.999Z");
}

class LogSinkTest : public ::testing::Test {
  protected:
    WallTime now_ = kNoon;
    std::vector<std::string> lines_;
    LogSink sink_{LogLevel::kInfo,
                  LogFormat::kLogfmt,
                  [this] { return now_; },
                  [this](LogLevel, const std::string& line) { lines_.push_back(line); }};
};

TEST_F(LogSinkTest, FiltersByLevel) {
    sink_.debug("quiet");
    sink_.info("loud");
    ASSERT_EQ(lines_.size(), 1U);
    EXPECT_NE(lines_[0].find("event=loud"), std::string::npos);
}

TEST_F(LogSinkTest, LimitsEachNameAndTellsHowManyWereSuppressed) {
    for (int i = 0; i < 232; ++i) {
        sink_.info("noisy");
    }
    EXPECT_EQ(lines_.size(), LogSink::kBurst);
    sink_.info("other");
    EXPECT_EQ(lines_.size(), LogSink::kBurst + 1);
    now_ += std::chrono::seconds{1};
    sink_.info("noisy");
    ASSERT_EQ(lines_.size(), LogSink::kBurst + 2);
    EXPECT_TRUE(lines_.back().ends_with("suppressed=212"));
    sink_.info("noisy");
    EXPECT_EQ(lines_.back().find("suppressed"), std::string::npos);
}

TEST_F(LogSinkTest, GivesNothingForAClockThatJumpsBackAndAFullBurstAfterALongTime) {
    for (unsigned i = 0; i < LogSink::kBurst; ++i) {
        sink_.info("noisy");
    }
    now_ -= std::chrono::hours{1};
    sink_.info("noisy");
    EXPECT_EQ(lines_.size(), LogSink::kBurst);
    now_ += std::chrono::hours{24 * 365 * 100};
    for (unsigned i = 0; i < 2 * LogSink::kBurst; ++i) {
        sink_.info("noisy");
    }
    EXPECT_EQ(lines_.size(), 2 * LogSink::kBurst);
}

TEST_F(LogSinkTest, BoundsTheNamesItRemembers) {
    for (std::size_t i = 0; i < LogSink::kNamesMax; ++i) {
        sink_.info("name" + std::to_string(i));
    }
    const std::size_t before = lines_.size();
    for (int i = 0; i < 1000; ++i) {
        sink_.info("late" + std::to_string(i));
    }
    EXPECT_EQ(lines_.size(), before + LogSink::kBurst);
}

TEST_F(LogSinkTest, KeepsTheLastEventsWhateverIsWritten) {
    LogSink quiet{
        LogLevel::kError, LogFormat::kLogfmt, [this] { return now_; }, [](auto, auto&) {}};
    for (std::size_t i = 0; i < LogSink::kKeptMax; ++i) {
        quiet.info("name" + std::to_string(i));
    }
    quiet.debug("not_kept");
    quiet.warn("last", {{"cause", std::string(1000, 'x') + "\xff"}});
    const std::vector<LoggedEvent> kept = quiet.recent();
    ASSERT_EQ(kept.size(), LogSink::kKeptMax);
    EXPECT_EQ(kept.front().name, "name1");
    EXPECT_EQ(kept.back().name, "last");
    EXPECT_EQ(kept.back().level, LogLevel::kWarn);
    EXPECT_EQ(kept.back().time, kNoon);
    ASSERT_EQ(kept.back().fields.size(), 1U);
    EXPECT_EQ(kept.back().fields[0].first, "cause");
    EXPECT_EQ(kept.back().fields[0].second.size(), LogSink::kKeptValueMax + 3);  // "..."
}

TEST(LogSink, RefusesUnknownLevelsAndFormats) {
    EXPECT_FALSE(LogSink::open("loud", "logfmt"));
    EXPECT_FALSE(LogSink::open("info", "xml"));
    EXPECT_TRUE(LogSink::open("warn", "json"));
}

}  // namespace
}  // namespace weft::control

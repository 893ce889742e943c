// SPDX-License-Identifier: Apache-2.0
// The kept timestamp: ahead of what is sent, rarely written, and what happens when it is gone.
#include "timestamp_file.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "counting_log.hpp"
#include "temp_directory.hpp"

namespace weft::control {
namespace {

using std::chrono::seconds;
using wg::next_tick;
using wg::Timestamp;
using wg::to_timestamp;

class TimestampFileTest : public ::testing::Test {
  protected:
    [[nodiscard]] std::filesystem::path path() const { return root_ / "state/weft0.timestamp"; }
    [[nodiscard]] std::string text() const {
        std::ostringstream out;
        out << std::ifstream{path()}.rdbuf();
        return out.str();
    }
    void write(const std::string& text) {
        std::filesystem::create_directories(path().parent_path());
        std::ofstream{path()} << text;
    }
    void pass(seconds span) {
        now_.time += span;
        now_.wall += span;
    }
    Timestamp clock() const { return to_timestamp(now_.wall); }

    test::TempDirectory root_;
    test::CountingLog log_;
    wg::Now now_{Time{seconds{1000}}, WallTime{seconds{1'700'000'000}}};
};

TEST_F(TimestampFileTest, AFirstStartHasNothingAndKeepsTheClockWithAReserve) {
    TimestampFile file{path(), log_};
    EXPECT_EQ(file.load(), Timestamp{});
    EXPECT_EQ(log_.events["timestamp_absent"], 1);
    const Timestamp ceiling = file.keep({}, now_);
    EXPECT_EQ(ceiling, to_timestamp(now_.wall + std::chrono::minutes{2}));
    EXPECT_EQ(text(), "@400000006553f18200000000\n");
    EXPECT_EQ(std::filesystem::status(path()).permissions(), std::filesystem::perms{0600});
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{path().parent_path()}, {}), 1);
}

TEST_F(TimestampFileTest, WritesBeforeWhatItKeptIsPassedAndRarely) {
    TimestampFile file{path(), log_};
    static_cast<void>(file.load());
    wg::TimestampSource source;
    source.set_ceiling(file.keep({}, now_));
    int writes = 0;
    std::string before = text();
    for (int i = 0; i < 3600; ++i) {
        pass(seconds{1});
        const Timestamp sent = source.next({}, now_.wall);
        TimestampFile next_run{path(), log_};
        ASSERT_LE(sent, next_run.load());
        source.set_ceiling(file.keep(source.greatest(), now_));
        writes += text() == before ? 0 : 1;
        before = text();
    }
    EXPECT_LE(writes, 30);
    EXPECT_GE(writes, 29);
}

TEST_F(TimestampFileTest, AnIdleNodeWritesNothing) {
    TimestampFile file{path(), log_};
    static_cast<void>(file.load());
    const Timestamp ceiling = file.keep({}, now_);
    for (int i = 0; i < 100; ++i) {
        pass(seconds{100});
        EXPECT_EQ(file.keep({}, now_), ceiling);
    }
}

TEST_F(TimestampFileTest, ARestartInto1970GoesOnFromTheFile) {
    static_cast<void>(TimestampFile{path(), log_}.keep(clock(), now_));
    const Timestamp greatest = clock();
    now_.wall = WallTime{};
    Timestamp last{};
    for (int restart = 0; restart < 3; ++restart) {
        TimestampFile file{path(), log_};
        wg::TimestampSource source;
        source.raise_floor(file.load());
        source.set_ceiling(file.keep(source.greatest(), now_));
        for (int i = 0; i < 300; ++i) {
            const Timestamp sent = source.next(last, now_.wall);
            ASSERT_GT(sent, std::max(last, greatest));
            last = sent;
            pass(seconds{5});
            source.set_ceiling(file.keep(source.greatest(), now_));
        }
    }
    EXPECT_EQ(log_.events["clock_behind"], 3);  // once for each run
    EXPECT_LT(wg::to_wall_time(last).value() - WallTime{seconds{1'700'000'000}},
              std::chrono::minutes{3});
}

TEST_F(TimestampFileTest, TellsOnceForEachTimeThatTheClockIsFarBehind) {
    TimestampFile file{path(), log_};
    static_cast<void>(file.keep(clock(), now_));
    now_.wall -= seconds{3500};
    static_cast<void>(file.keep({}, now_));
    EXPECT_EQ(log_.events["clock_behind"], 0);
    now_.wall -= seconds{200};
    for (int i = 0; i < 5; ++i) {
        static_cast<void>(file.keep({}, now_));
    }
    EXPECT_EQ(log_.events["clock_behind"], 1);
    pass(seconds{4000});
    static_cast<void>(file.keep({}, now_));
    now_.wall -= std::chrono::hours{2};
    static_cast<void>(file.keep({}, now_));
    EXPECT_EQ(log_.events["clock_behind"], 2);
}

TEST_F(TimestampFileTest, DamagedFilesAreToldAndTheClockIsTaken) {
    const std::string good = "@400000006553f18200000000\n";
    for (const std::string& bad : {std::string{},
                                   std::string{"\n"},
                                   good.substr(0, 20),
                                   good.substr(1),
                                   good + good,
                                   std::string{"@400000006553f1823b9aca00\n"},  // 1e9 ns
                                   std::string{"@ffffffffffffffff00000000\n"},
                                   std::string{"@40000000zzzzf18200000000\n"},
                                   std::string(100'000, 'x')}) {
        write(bad);
        log_.events.clear();
        TimestampFile file{path(), log_};
        EXPECT_EQ(file.load(), Timestamp{}) << bad.substr(0, 40);
        EXPECT_EQ(log_.events["timestamp_unusable"], 1) << bad.substr(0, 40);
        EXPECT_GT(file.keep({}, now_), clock());
        EXPECT_EQ(text(), good);
    }
}

TEST_F(TimestampFileTest, WithoutAPlaceToWriteNothingHoldsHandshakesBackAndItIsToldOnce) {
    std::ofstream{root_ / "state"} << "in the way";  // holds for root too
    TimestampFile file{path(), log_};
    EXPECT_EQ(file.load(), Timestamp{});
    EXPECT_EQ(log_.events["timestamp_unusable"], 1);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(file.keep({}, now_), wg::TimestampSource::kNoCeiling);
        pass(seconds{1});
    }
    EXPECT_EQ(log_.events["timestamp_not_kept"], 1);
    std::filesystem::remove(root_ / "state");
    pass(seconds{60});
    EXPECT_GT(file.keep({}, now_), clock());
    EXPECT_FALSE(text().empty());
}

}  // namespace
}  // namespace weft::control

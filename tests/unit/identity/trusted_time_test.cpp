// SPDX-License-Identifier: Apache-2.0
// Clocks that are wrong: boards without batteries, bad NTP, sleep, liars among the peers.
#include <weft/identity/trusted_time.hpp>

#include "statements.hpp"

namespace weft::test {
namespace {

using identity::TrustedTime;
using identity::UnixSeconds;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr UnixSeconds kBuild = kNow - 100 * kDay;
constexpr UnixSeconds kYear = 365 * kDay;
constexpr UnixSeconds kHour = 3'600;

identity::NodeId peer(std::uint8_t number) {
    return node_id_of(signing_key(number).verify_key());
}

/// A machine: a clock that can be set, a boot clock that cannot, ticks every half minute.
struct Machine {
    UnixSeconds wall;
    Time now{seconds{100}};
    TrustedTime time;

    explicit Machine(UnixSeconds clock, UnixSeconds persisted = 0)
        : wall(clock), time(kBuild, persisted, as_wall(clock), now) {}

    static WallTime as_wall(UnixSeconds clock) {
        return WallTime{seconds{static_cast<std::int64_t>(clock)}};
    }
    void tick() { time.on_tick(as_wall(wall), now); }
    /// The clock jumps.
    void set(UnixSeconds clock) {
        wall = clock;
        tick();
    }
    void run(std::chrono::seconds span) {
        for (; span > seconds{0}; span -= seconds{30}) {
            now += seconds{30};
            wall += 30;
            tick();
        }
    }
    void hear(std::uint8_t number, UnixSeconds theirs) {
        time.on_peer_time(peer(number), theirs, now);
    }
    /// `count` peers with one clock.
    void hear_all(UnixSeconds theirs, std::uint8_t count = 3) {
        for (std::uint8_t i = 1; i <= count; ++i) {
            hear(i, theirs);
        }
    }
    [[nodiscard]] bool trusted() const { return time.view().trusted; }
    [[nodiscard]] UnixSeconds believed() const { return time.view().now; }
};

TEST(TrustedTime, a_good_clock_is_believed) {
    Machine machine{kNow};
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow);
    EXPECT_EQ(machine.time.distrust(), "");
    machine.run(hours{2});
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow + 2 * kHour);
    EXPECT_EQ(machine.time.persist_now(), kNow + 2 * kHour);
}

TEST(TrustedTime, a_board_of_1970_goes_on_from_what_it_knows_until_its_clock_is_set) {
    Machine machine{20, kNow};
    EXPECT_FALSE(machine.trusted());
    EXPECT_NE(machine.time.distrust().find("behind"), std::string_view::npos);
    EXPECT_EQ(machine.believed(), kNow);
    machine.run(minutes{10});
    EXPECT_EQ(machine.believed(), kNow + 600);
    EXPECT_EQ(machine.time.persist_now(), kNow + 600);
    machine.set(kNow + 30 * kDay);  // NTP
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow + 30 * kDay);
}

TEST(TrustedTime, without_a_persisted_time_the_build_is_the_least) {
    EXPECT_EQ(Machine{20}.believed(), kBuild);
    EXPECT_FALSE(Machine{20}.trusted());
    EXPECT_FALSE(Machine{kBuild - 2 * kHour}.trusted());
    EXPECT_TRUE(Machine{kBuild}.trusted());
    EXPECT_TRUE((Machine{kNow - 5, kNow}.trusted()));  // NTP may take seconds back
    EXPECT_EQ((Machine{kNow - 5, kNow}.believed()), kNow);
}

TEST(TrustedTime, two_years_of_bad_ntp_and_back_leave_no_trace) {
    Machine machine{kNow};
    machine.run(hours{1});
    const UnixSeconds good = machine.wall;
    machine.set(good + 2 * kYear);
    EXPECT_FALSE(machine.trusted());
    EXPECT_NE(machine.time.distrust().find("jumped"), std::string_view::npos);
    EXPECT_EQ(machine.believed(), good);
    machine.run(hours{3});
    EXPECT_FALSE(machine.trusted());
    EXPECT_EQ(machine.believed(), good + 3 * kHour);
    EXPECT_EQ(machine.time.persist_now(), good + 3 * kHour);
    machine.set(machine.wall - 2 * kYear);
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), good + 3 * kHour);
}

TEST(TrustedTime, a_jump_back_is_a_jump_too) {
    Machine machine{kNow};
    machine.set(kNow - kHour);
    EXPECT_TRUE(machine.trusted());  // not more than an hour
    EXPECT_EQ(machine.believed(), kNow);
    machine.set(kNow - kHour - 1);
    EXPECT_FALSE(machine.trusted());
    machine.set(0);
    EXPECT_FALSE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow);
    machine.run(minutes{5});
    EXPECT_EQ(machine.believed(), kNow + 300);
}

TEST(TrustedTime, small_steps_add_up_to_a_jump) {
    Machine machine{kNow};
    for (int i = 0; i < 3; ++i) {
        machine.run(minutes{1});
        machine.set(machine.wall + 1'500);
    }
    EXPECT_FALSE(machine.trusted());
}

TEST(TrustedTime, sleep_is_no_jump) {
    Machine machine{kNow};
    machine.now += hours{72};  // CLOCK_BOOTTIME counts it
    machine.wall += 72 * kHour;
    machine.tick();
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow + 72 * kHour);
}

// ---- Peers --------------------------------------------------------------------------------------

TEST(TrustedTime, three_peers_that_agree_clear_a_jump) {
    Machine machine{kNow};
    machine.set(kNow + kDay);  // the clock was a day late
    EXPECT_FALSE(machine.trusted());
    machine.hear(1, machine.wall + 10);
    machine.hear(2, machine.wall - 10);
    EXPECT_FALSE(machine.trusted());  // two are none
    machine.hear(3, machine.wall);
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow + kDay);
    machine.run(hours{1});
    EXPECT_TRUE(machine.trusted());  // for good
}

TEST(TrustedTime, three_peers_that_disagree_stop_belief_in_a_clock_that_never_jumped) {
    Machine machine{kNow};
    machine.hear_all(kNow + 600);
    EXPECT_TRUE(machine.trusted());
    machine.hear_all(kNow + 601);
    EXPECT_FALSE(machine.trusted());
    EXPECT_NE(machine.time.distrust().find("median"), std::string_view::npos);
    machine.run(hours{1});  // they fall silent: the clock is no better for it
    EXPECT_FALSE(machine.trusted());
    machine.set(machine.wall + 601);
    EXPECT_TRUE(machine.trusted());  // it was put right
    machine.hear_all(machine.wall);
    EXPECT_TRUE(machine.trusted());
}

TEST(TrustedTime, fewer_than_three_peers_say_nothing) {
    Machine machine{kNow};
    machine.hear_all(kNow + kYear, 2);
    machine.hear(1, kNow + 2 * kYear);  // one word each
    machine.hear(2, 0);
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow);
}

TEST(TrustedTime, how_far_the_clock_is_ahead_is_told_from_one_peer_on) {
    Machine machine{kNow};
    EXPECT_FALSE(machine.time.ahead_of_peers());
    machine.hear(1, kNow - 3'600);
    EXPECT_EQ(machine.time.ahead_of_peers(), 3'600);
    EXPECT_TRUE(machine.trusted());
    machine.hear(2, kNow);
    EXPECT_EQ(machine.time.ahead_of_peers(), 0);  // of two the nearer
    machine.hear(3, kNow - 3'500);
    EXPECT_EQ(machine.time.ahead_of_peers(), 3'500);
    machine.run(minutes{11});
    EXPECT_FALSE(machine.time.ahead_of_peers());
}

TEST(TrustedTime, one_liar_does_nothing) {
    for (const UnixSeconds lie : {UnixSeconds{0}, kNow + 10 * kYear, ~UnixSeconds{0}}) {
        Machine machine{kNow};
        machine.hear(1, kNow + 1);
        machine.hear(2, kNow - 1);
        machine.hear(3, lie);
        EXPECT_TRUE(machine.trusted()) << lie;
        EXPECT_EQ(machine.believed(), kNow) << lie;
    }
}

TEST(TrustedTime, half_of_the_peers_are_no_majority_against_the_clock) {
    Machine machine{kNow};
    machine.hear_all(kNow + kYear, 2);
    machine.hear(3, kNow);
    machine.hear(4, kNow);
    EXPECT_TRUE(machine.trusted());
}

TEST(TrustedTime, words_of_peers_are_forgotten_after_ten_minutes) {
    Machine machine{kNow};
    machine.hear(1, kNow + kDay);
    machine.hear(2, kNow + kDay);
    machine.run(minutes{10} + seconds{30});
    machine.hear(3, machine.wall + kDay);
    EXPECT_TRUE(machine.trusted());
}

TEST(TrustedTime, only_the_latest_words_are_kept) {
    Machine machine{kNow};
    for (std::uint8_t i = 1; i <= 8; ++i) {
        machine.hear(i, kNow + kDay);
        machine.now += seconds{1};
        machine.wall += 1;
        machine.tick();
    }
    EXPECT_FALSE(machine.trusted());
    for (std::uint8_t i = 11; i <= 14; ++i) {
        machine.hear(i, machine.wall);
    }
    EXPECT_TRUE(machine.trusted());  // four of eight are against it now
}

TEST(TrustedTime, peers_words_outlive_a_jump_of_this_clock) {
    Machine machine{kNow};
    machine.hear_all(kNow);
    machine.run(minutes{1});
    machine.set(machine.wall + 2 * kYear);
    EXPECT_FALSE(machine.trusted());
    EXPECT_NE(machine.time.distrust().find("median"), std::string_view::npos);
    machine.run(hours{1});
    machine.set(machine.wall - 2 * kYear);
    EXPECT_TRUE(machine.trusted());
}

TEST(TrustedTime, boards_of_1970_do_not_convince_each_other) {
    Machine machine{20, kNow};
    machine.hear_all(25, 5);
    EXPECT_FALSE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow);
}

TEST(TrustedTime, a_time_persisted_from_a_wrong_clock_is_dropped_when_peers_agree) {
    Machine machine{kNow, kNow + 2 * kYear};
    EXPECT_FALSE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow + 2 * kYear);
    machine.hear_all(kNow + 3);
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.believed(), kNow);
    EXPECT_EQ(machine.time.persist_now(), kNow);
}

// ---- Signed times -------------------------------------------------------------------------------

TEST(TrustedTime, a_signed_time_reaches_a_day_ahead_however_often_it_is_said) {
    Machine machine{kNow};
    machine.time.on_signed_time(kNow + 100);
    EXPECT_EQ(machine.believed(), kNow + 100);
    machine.time.on_signed_time(kNow + 50);
    EXPECT_EQ(machine.believed(), kNow + 100);
    for (int i = 0; i < 1'000; ++i) {
        machine.time.on_signed_time(~UnixSeconds{0});
        machine.tick();
    }
    EXPECT_EQ(machine.believed(), kNow + TrustedTime::kSignedAheadMax);
    EXPECT_TRUE(machine.trusted());
    EXPECT_EQ(machine.time.persist_now(), kNow);  // nor over restarts
}

TEST(TrustedTime, a_signed_time_helps_a_board_of_1970) {
    Machine machine{20, kNow};
    machine.time.on_signed_time(kNow + kHour);
    EXPECT_EQ(machine.believed(), kNow + kHour);
    EXPECT_FALSE(machine.trusted());
}

TEST(TrustedTime, no_number_overflows) {
    Machine machine{~UnixSeconds{0} >> 35U, ~UnixSeconds{0}};
    machine.hear_all(~UnixSeconds{0}, 8);
    machine.time.on_signed_time(~UnixSeconds{0});
    machine.run(minutes{1});
    EXPECT_GT(machine.believed(), kNow);
    TrustedTime before_1970{0, 0, WallTime{seconds{-100}}, Time{}};
    EXPECT_EQ(before_1970.view().now, 0U);
}

}  // namespace
}  // namespace weft::test

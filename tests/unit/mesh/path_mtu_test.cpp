// SPDX-License-Identifier: Apache-2.0
// Paths that carry only so much, in virtual time: what is tried, what is found, and when.
#include <gtest/gtest.h>

#include <weft/mesh/path_mtu.hpp>

namespace weft::mesh {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// A path to a peer who answers what comes through, a second later at most.
struct PathOf {
    std::uint32_t carries;
    bool answers = true;
    PathMtu mtu{1420};
    Time now{std::chrono::hours{1}};
    std::size_t probes = 0;

    void run(Duration duration, bool sending = true) {
        for (const Time end = now + duration; now < end; now += seconds{1}) {
            for (const std::uint32_t size : mtu.due(now, sending)) {
                ++probes;
                EXPECT_LE(size, 9'000U);
                if (answers && size <= carries) {
                    mtu.on_answer(size);
                }
            }
        }
    }
};

TEST(PathMtu, of_a_path_that_carries_all_costs_one_ping) {
    PathOf path{1420};
    EXPECT_EQ(path.mtu.mtu(), 1420U) << "before anything is known";
    path.run(seconds{9});
    EXPECT_EQ(path.mtu.mtu(), 1420U);
    EXPECT_EQ(path.probes, 1U);
    path.run(minutes{60}, false);
    EXPECT_EQ(path.probes, 1U) << "where no data goes nothing is confirmed";
}

TEST(PathMtu, is_found_in_four_seconds_to_a_step_whatever_the_path_carries) {
    for (std::uint32_t carries = 1280; carries < 1420; ++carries) {
        PathOf path{carries};
        path.run(seconds{5});
        EXPECT_EQ(path.mtu.mtu(), carries / PathMtu::kStep * PathMtu::kStep) << carries;
        EXPECT_FALSE(path.mtu.is_below_least());
    }
}

TEST(PathMtu, of_jumbo_frames_is_found_to_a_step_in_few_rounds) {
    for (const std::uint32_t carries : {1280U, 1300U, 1420U, 4000U, 8900U, 8919U}) {
        PathOf path{carries, true, PathMtu{8920}};
        path.run(seconds{15});
        EXPECT_EQ(path.mtu.mtu(), carries / PathMtu::kStep * PathMtu::kStep) << carries;
        EXPECT_LT(path.probes, 80U);
    }
}

TEST(PathMtu, is_never_less_than_1280_and_says_so) {
    PathOf path{1200};
    path.run(seconds{5});
    EXPECT_EQ(path.mtu.mtu(), 1280U);
    EXPECT_TRUE(path.mtu.is_below_least());
    path.carries = 1420;
    path.run(seconds{12});
    EXPECT_FALSE(path.mtu.is_below_least()) << "what is in force is confirmed";
    path.run(minutes{10});
    EXPECT_EQ(path.mtu.mtu(), 1420U);
}

TEST(PathMtu, of_a_silent_peer_stays_as_it_was) {
    PathOf path{1420, false};
    path.run(minutes{5});
    EXPECT_EQ(path.mtu.mtu(), 1420U);
    path.carries = 1340;
    path.answers = true;
    path.run(seconds{16});
    EXPECT_EQ(path.mtu.mtu(), 1328U);
    path.answers = false;
    path.run(minutes{5});
    EXPECT_EQ(path.mtu.mtu(), 1328U);
}

TEST(PathMtu, falls_within_14_seconds_where_the_path_becomes_a_black_hole) {
    PathOf path{1420};
    path.run(minutes{1});
    path.carries = 1300;
    path.run(seconds{14});
    EXPECT_EQ(path.mtu.mtu(), 1296U);
}

TEST(PathMtu, bears_two_of_three_lost) {
    PathOf path{1420};
    path.run(seconds{9});
    for (int i = 0; i < 20; ++i) {
        path.run(seconds{8});
        path.answers = false;
        path.run(seconds{2});
        path.answers = true;
    }
    EXPECT_EQ(path.mtu.mtu(), 1420U);
}

TEST(PathMtu, rises_after_ten_minutes_and_no_sooner) {
    PathOf path{1340};
    path.run(seconds{5});
    ASSERT_EQ(path.mtu.mtu(), 1328U);
    path.carries = 1420;
    path.run(minutes{9});
    EXPECT_EQ(path.mtu.mtu(), 1328U) << "confirming is not raising";
    path.run(minutes{1});
    EXPECT_EQ(path.mtu.mtu(), 1420U);
}

TEST(PathMtu, that_does_not_rise_is_tried_again_each_ten_minutes) {
    PathOf path{1340};
    path.run(minutes{60}, false);
    EXPECT_EQ(path.mtu.mtu(), 1328U);
    EXPECT_LT(path.probes, 8U * 30U);
    path.carries = 1390;
    path.run(minutes{11}, false);
    EXPECT_EQ(path.mtu.mtu(), 1376U);
}

TEST(PathMtu, of_a_new_path_is_looked_for_at_once_and_what_was_known_stays_until_then) {
    PathOf path{1340};
    path.run(minutes{1});
    path.carries = 1420;
    path.mtu.on_new_path();
    EXPECT_EQ(path.mtu.mtu(), 1328U);
    path.run(seconds{2});
    EXPECT_EQ(path.mtu.mtu(), 1420U);
}

TEST(PathMtu, of_an_interface_at_the_least_has_nothing_to_look_for) {
    PathOf path{1280, true, PathMtu{1280}};
    path.run(minutes{1}, false);
    EXPECT_EQ(path.mtu.mtu(), 1280U);
    EXPECT_EQ(path.probes, 1U);
}

}  // namespace
}  // namespace weft::mesh

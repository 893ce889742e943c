// SPDX-License-Identifier: Apache-2.0
// The timestamps of initiations: their form, and that they grow whatever the clock does, over
// restarts too (CVE-2021-46873, and clocks that start in 1970).
#include <weft/base/encoding.hpp>
#include <weft/wg/timestamp.hpp>

#include "wg_world.hpp"

namespace weft::test {
namespace {

using wg::next_tick;
using wg::Timestamp;
using wg::to_timestamp;
using wg::to_wall_time;

constexpr WallTime kNow{std::chrono::seconds{1'700'000'000}};

TEST(Timestamps, are_tai64n_with_coarse_nanoseconds) {
    const WallTime at = kNow + std::chrono::nanoseconds{33'600'000};
    EXPECT_EQ(to_hex(to_timestamp(at)), "400000006553f10a02000000");
    EXPECT_EQ(to_hex(to_timestamp(WallTime{-1ns})), "40000000000000093b000000");
}

TEST(Timestamps, read_back_as_the_moment_rounded_down_and_in_its_order) {
    SeededRandom random{4};
    const auto moment = [&] {
        const std::uint64_t span = 1ULL << (1 + random.below(62));  // of all magnitudes
        const auto ns = static_cast<std::int64_t>(random.below(span));
        return WallTime{Duration{random.below(4) == 0 ? -ns : ns}};
    };
    for (int i = 0; i < 100'000; ++i) {
        const WallTime a = moment();
        const WallTime b =
            random.below(2) == 0 ? moment() : a + Duration{random.below(100'000'000)};
        const Timestamp stamp = to_timestamp(a);
        const std::uint32_t nanoseconds = load_be32(stamp.data() + 8);
        ASSERT_LT(nanoseconds, 1'000'000'000U);
        ASSERT_EQ(nanoseconds % (1U << 24), 0U);
        const WallTime back = to_wall_time(stamp).value();
        ASSERT_LE(back, a);
        ASSERT_LT(a - back, Duration{1 << 24});
        ASSERT_EQ(to_timestamp(back), stamp);
        if (a <= b) {
            ASSERT_LE(stamp, to_timestamp(b));
        }
        if (a + Duration{1 << 24} <= b) {
            ASSERT_LT(stamp, to_timestamp(b));
        }
    }
}

TEST(Timestamps, that_are_not_tai64n_name_no_moment) {
    Timestamp stamp = to_timestamp(kNow);
    store_be32(stamp.data() + 8, 999'999'999);
    EXPECT_EQ(to_wall_time(stamp), kNow + 999'999'999ns);
    store_be32(stamp.data() + 8, 1'000'000'000);
    EXPECT_FALSE(to_wall_time(stamp));
    EXPECT_FALSE(to_wall_time(Timestamp{}));
    EXPECT_FALSE(to_wall_time(wg::TimestampSource::kNoCeiling));
}

TEST(Timestamps, grow_by_a_tick_and_stay_valid_over_the_end_of_a_second) {
    Timestamp last = to_timestamp(WallTime{std::chrono::seconds{5}});
    last[11] = std::byte{7};  // not one of ours, from a damaged file
    for (int i = 0; i < 200; ++i) {
        const Timestamp next = next_tick(last);
        EXPECT_GT(next, last);
        const std::uint32_t nanoseconds = load_be32(next.data() + 8);
        EXPECT_LT(nanoseconds, 1'000'000'000U);
        EXPECT_EQ(nanoseconds % (1U << 24), 0U);
        last = next;
    }
    EXPECT_EQ(load_be64(last.data()), 0x400000000000000aU + 5 + 200 / 60);
}

TEST(TimestampSource, follows_the_clock_between_floor_and_ceiling_and_never_repeats) {
    wg::TimestampSource source;
    EXPECT_EQ(source.greatest(), Timestamp{});
    EXPECT_EQ(source.next({}, kNow), to_timestamp(kNow));
    const Timestamp later = to_timestamp(kNow + 5s);
    EXPECT_EQ(source.next(later, kNow), next_tick(later));  // the clock was set back
    EXPECT_EQ(source.greatest(), next_tick(later));

    source.raise_floor(to_timestamp(kNow + 10s));
    source.raise_floor(to_timestamp(kNow));  // does not lower it
    EXPECT_EQ(source.next({}, kNow), next_tick(to_timestamp(kNow + 10s)));
    EXPECT_EQ(source.next({}, kNow + 11s), to_timestamp(kNow + 11s));

    source.set_ceiling(to_timestamp(kNow + 20s));
    EXPECT_EQ(source.next({}, kNow + 1h), to_timestamp(kNow + 20s));
    EXPECT_EQ(source.next({}, kNow), next_tick(to_timestamp(kNow + 10s)));
    const Timestamp top = to_timestamp(kNow + 20s);
    EXPECT_EQ(source.next(top, kNow + 1h), next_tick(top));  // rather than silence
    EXPECT_EQ(source.greatest(), next_tick(top));
}

/// A's daemon starts again: all it has kept is its key, `floor` and what its clock says.
wg::Tunnel& restart(Pair& pair, Node& fresh, const Timestamp& floor) {
    fresh.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.set_private_key(pair.a.device().identity().private_key.clone(), actions);
        device.timestamps().raise_floor(floor);
    });
    return pair.world.introduce(fresh, pair.b);
}

TEST(TimestampSource, carries_handshakes_over_a_restart_into_1970) {
    for (const bool kept : {true, false}) {
        Pair pair;
        pair.connect();
        const Timestamp floor = kept ? pair.a.device().timestamps().greatest() : Timestamp{};
        Node& fresh = pair.world.add_node();
        restart(pair, fresh, floor);
        pair.world.wire.wall = WallTime{};
        pair.world.wire.time += 1s;
        for (int i = 0; i < 3; ++i) {
            fresh.send(pair.b, "it is 1970");
            pair.world.advance(200s);  // past the keys' life: a handshake each
        }
        EXPECT_EQ(pair.b.inbox.size(), kept ? 3U : 0U);
    }
}

TEST(TimestampSource, a_peer_that_was_removed_and_comes_back_is_sent_newer_ones) {
    Pair pair;
    pair.connect();
    pair.a.change([&](wg::Device& device, wg::Now, wg::Actions& actions) {
        device.remove_peer(pair.b.key(), actions);
    });
    pair.world.introduce(pair.a, pair.b);
    pair.world.wire.wall -= std::chrono::hours{24};
    pair.world.wire.time += 1s;
    pair.a.send(pair.b, "back again");
    pair.world.deliver();
    EXPECT_EQ(pair.b.inbox.size(), 1U);
}

}  // namespace
}  // namespace weft::test

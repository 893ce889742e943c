// SPDX-License-Identifier: Apache-2.0
// Which block is given next, and when one comes back: rules by example, and a list that is searched
// from its beginning as slow twin.
#include <gtest/gtest.h>

#include "issuer_world.hpp"
#include "seed.hpp"

namespace weft::test {
namespace {

using issuer::BlockPool;
using issuer::TimeView;
using net::Family;

constexpr UnixSeconds kRest = BlockPool::kRest;
constexpr TimeView kNow{kStart, true};

/// Four /24 and four /64.
BlockPool small_pool() {
    return BlockPool{std::vector{prefix("10.64.4.0/22"), prefix("fd00:1::/62")}, {}};
}

TEST(BlockPool, gives_every_block_of_its_slices_once) {
    BlockPool pool = small_pool();
    for (const char* expected : {"10.64.4.0/24", "10.64.5.0/24", "10.64.6.0/24", "10.64.7.0/24"}) {
        ASSERT_EQ(pool.next(Family::kIpv4, kNow), prefix(expected));
        EXPECT_EQ(pool.next(Family::kIpv4, kNow), prefix(expected));  // until it is taken
        pool.take(prefix(expected));
    }
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), std::nullopt);
    for (const char* expected : {"fd00:1::/64", "fd00:1:0:1::/64", "fd00:1:0:2::/64"}) {
        ASSERT_EQ(pool.next(Family::kIpv6, kNow), prefix(expected));
        pool.take(prefix(expected));
    }
    EXPECT_EQ(pool.count(Family::kIpv4).total, 4U);
    EXPECT_EQ(pool.count(Family::kIpv4).owned, 4U);
    EXPECT_EQ(pool.count(Family::kIpv6).owned, 3U);
}

TEST(BlockPool, skips_what_is_taken_already_and_goes_on_in_the_next_slice) {
    BlockPool pool{std::vector{prefix("10.0.0.0/23"), prefix("10.9.0.0/24"), prefix("10.8.0.0/25")},
                   {}};
    pool.take(prefix("10.0.0.0/24"));
    pool.take(prefix("10.0.1.0/24"));
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), prefix("10.9.0.0/24"));
    pool.take(prefix("10.9.0.0/24"));
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), std::nullopt);  // half a block is none
    EXPECT_FALSE(pool.gives(Family::kIpv6));
    EXPECT_TRUE(pool.covers(prefix("10.0.1.0/24")));
    EXPECT_FALSE(pool.covers(prefix("10.0.0.0/22")));
    EXPECT_FALSE(pool.covers(prefix("10.8.0.0/24")));
}

TEST(BlockPool, sizes_are_configurable) {
    BlockPool pool{std::vector{prefix("10.0.0.0/22"), prefix("fd00::/48")}, {26, 56}};
    EXPECT_EQ(pool.count(Family::kIpv4).total, 16U);
    EXPECT_EQ(pool.count(Family::kIpv6).total, 256U);
    pool.take(prefix("10.0.0.0/26"));
    pool.take(prefix("fd00::/56"));
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), prefix("10.0.0.64/26"));
    EXPECT_EQ(pool.next(Family::kIpv6, kNow), prefix("fd00:0:0:100::/56"));
}

TEST(BlockPool, blocks_of_another_size_than_today_are_held) {
    BlockPool pool{std::vector{prefix("10.0.0.0/22")}, {}};
    pool.take(prefix("10.0.0.64/26"));  // smaller
    pool.take(prefix("10.0.2.0/23"));   // larger
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), prefix("10.0.1.0/24"));
    pool.take(prefix("10.0.1.0/24"));
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), std::nullopt);
    pool.rest(prefix("10.0.2.0/23"), kStart);
    EXPECT_EQ(pool.count(Family::kIpv4).resting, 2U);
    EXPECT_FALSE(pool.can_hold(prefix("0.0.0.0/8")));
}

TEST(BlockPool, a_block_comes_back_24_trusted_hours_after_its_revocation) {
    BlockPool pool{std::vector{prefix("10.0.0.0/24")}, {}};
    pool.take(prefix("10.0.0.0/24"));
    EXPECT_EQ(pool.next(Family::kIpv4, {kStart + 3'650 * kDay, true}), std::nullopt);
    pool.rest(prefix("10.0.0.0/24"), kStart);
    struct Row {
        TimeView time;
        bool free;
    };
    constexpr Row kRows[] = {{{0, true}, false},
                             {{kStart, true}, false},
                             {{kStart + kRest - 1, true}, false},
                             {{kStart + kRest, true}, true},
                             {{kStart + kRest, false}, false},
                             {{kStart + 10 * kRest, false}, false}};
    for (const Row& row : kRows) {
        EXPECT_EQ(pool.next(Family::kIpv4, row.time).has_value(), row.free)
            << row.time.now << row.time.trusted;
    }
}

TEST(BlockPool, an_undated_revocation_counts_from_the_first_trusted_time) {
    BlockPool pool{std::vector{prefix("10.0.0.0/24")}, {}};
    pool.take(prefix("10.0.0.0/24"));
    pool.rest(prefix("10.0.0.0/24"), std::nullopt);
    pool.on_time({kStart - 10 * kDay, false});
    EXPECT_EQ(pool.next(Family::kIpv4, {kStart + kRest, true}), std::nullopt);
    pool.on_time({kStart, true});
    pool.on_time({kStart + 10, true});
    EXPECT_EQ(pool.next(Family::kIpv4, {kStart + kRest - 1, true}), std::nullopt);
    EXPECT_NE(pool.next(Family::kIpv4, {kStart + kRest, true}), std::nullopt);
}

TEST(BlockPool, a_date_at_the_end_of_time_never_comes) {
    BlockPool pool{std::vector{prefix("10.0.0.0/24")}, {}};
    pool.take(prefix("10.0.0.0/24"));
    pool.rest(prefix("10.0.0.0/24"), ~UnixSeconds{0});
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), std::nullopt);
}

TEST(BlockPool, prefers_never_used_blocks_then_the_longest_rested) {
    BlockPool pool{std::vector{prefix("10.0.0.0/22")}, {}};
    for (const char* each : {"10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24"}) {
        pool.take(prefix(each));
    }
    pool.rest(prefix("10.0.1.0/24"), kStart);
    pool.rest(prefix("10.0.0.0/24"), kStart + 5);
    const TimeView later{kStart + 2 * kRest, true};
    for (const char* each : {"10.0.3.0/24", "10.0.1.0/24", "10.0.0.0/24"}) {
        ASSERT_EQ(pool.next(Family::kIpv4, later), prefix(each));
        pool.take(prefix(each));
    }
    EXPECT_EQ(pool.next(Family::kIpv4, later), std::nullopt);
}

TEST(BlockPool, of_two_owners_both_must_go) {
    BlockPool pool{std::vector{prefix("10.0.0.0/24")}, {}};
    pool.take(prefix("10.0.0.0/24"));
    pool.take(prefix("10.0.0.0/24"));
    pool.rest(prefix("10.0.0.0/24"), kStart + 7);
    EXPECT_EQ(pool.next(Family::kIpv4, {kStart + 9 * kRest, true}), std::nullopt);
    pool.rest(prefix("10.0.0.0/24"), kStart);
    EXPECT_EQ(pool.next(Family::kIpv4, {kStart + kRest, true}), std::nullopt);
    EXPECT_NE(pool.next(Family::kIpv4, {kStart + 7 + kRest, true}), std::nullopt);
}

TEST(BlockPool, a_resting_block_can_be_taken_by_who_is_named) {
    BlockPool pool{std::vector{prefix("10.0.0.0/24")}, {}};
    pool.take(prefix("10.0.0.0/24"));
    pool.rest(prefix("10.0.0.0/24"), kStart);
    pool.take(prefix("10.0.0.0/24"));
    EXPECT_EQ(pool.next(Family::kIpv4, {kStart + 9 * kRest, true}), std::nullopt);
    EXPECT_EQ(pool.count(Family::kIpv4).owned, 1U);
}

/// What the pool means: every block with its state, searched from the first.
class SlowPool {
  public:
    explicit SlowPool(std::size_t size) : blocks_(size) {}

    [[nodiscard]] std::optional<std::size_t> next(const TimeView& time) const {
        for (std::size_t i = 0; i < blocks_.size(); ++i) {
            if (!blocks_[i].ever) {
                return i;
            }
        }
        std::optional<std::size_t> best;
        for (std::size_t i = 0; i < blocks_.size(); ++i) {
            const Block& each = blocks_[i];
            const bool rested = time.trusted && each.owners == 0 && !each.undated &&
                                each.revoked + kRest <= time.now;
            if (rested && (!best || each.revoked < blocks_[*best].revoked)) {
                best = i;
            }
        }
        return best;
    }
    void take(std::size_t i) {
        blocks_[i].undated = blocks_[i].owners > 0 && blocks_[i].undated;
        blocks_[i].ever = true;
        ++blocks_[i].owners;
    }
    void rest(std::size_t i, std::optional<UnixSeconds> revoked) {
        Block& block = blocks_[i];
        if (block.owners == 0) {
            return;
        }
        --block.owners;
        block.undated = block.undated || !revoked;
        block.revoked = std::max(block.revoked, revoked.value_or(0));
    }
    void on_time(const TimeView& time) {
        for (Block& each : blocks_) {
            if (time.trusted && each.ever && each.owners == 0 && each.undated) {
                each.undated = false;
                each.revoked = std::max(each.revoked, time.now);
            }
        }
    }

  private:
    struct Block {
        bool ever = false;
        unsigned owners = 0;
        bool undated = false;
        UnixSeconds revoked = 0;
    };
    std::vector<Block> blocks_;
};

net::Prefix numbered(std::size_t i) {
    return prefix("10.0." + std::to_string(i) + ".0/24");
}

TEST(BlockPool, agrees_with_a_list_that_is_searched) {
    SCOPED_TRACE(seed_text());
    SeededRandom random{seed()};
    for (int round = 0; round < rounds(40, 2'000); ++round) {
        constexpr std::size_t kBlocks = 32;
        BlockPool pool{std::vector{prefix("10.0.0.0/19")}, {}};
        SlowPool slow{kBlocks};
        TimeView time{kStart, true};
        for (int step = 0; step < 400; ++step) {
            time.now += random.below(std::uint64_t{2 * 3'600});
            time.trusted = random.below(4U) != 0;
            pool.on_time(time);
            slow.on_time(time);
            const auto next = slow.next(time);
            ASSERT_EQ(pool.next(Family::kIpv4, time),
                      next ? std::optional{numbered(*next)} : std::nullopt);
            const std::size_t any = random.below(kBlocks);
            if (random.below(2U) == 0) {
                const std::size_t taken = random.below(8U) == 0 ? any : next.value_or(any);
                pool.take(numbered(taken));
                slow.take(taken);
            } else {
                const auto revoked = random.below(4U) == 0 ? std::nullopt : std::optional{time.now};
                pool.rest(numbered(any), revoked);
                slow.rest(any, revoked);
            }
        }
    }
}

TEST(BlockPool, holds_thousands_without_searching) {
    BlockPool pool{std::vector{prefix("10.0.0.0/8")}, {}};  // 65,536 blocks
    for (std::size_t i = 0; i < 65'536; ++i) {
        const auto next = pool.next(Family::kIpv4, kNow);
        ASSERT_TRUE(next);
        pool.take(*next);
        pool.rest(*next, kStart - 2 * kRest + i);
    }
    EXPECT_EQ(pool.next(Family::kIpv4, kNow), prefix("10.0.0.0/24"));
    EXPECT_EQ(pool.count(Family::kIpv4).resting, 65'536U);
}

}  // namespace
}  // namespace weft::test

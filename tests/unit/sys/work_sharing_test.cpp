// SPDX-License-Identifier: Apache-2.0
// Batches of work by several threads: each item is done once, and all of them before run() returns,
// whoever takes which part.
#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <weft/sys/work_sharing.hpp>

#include "idle_worker.hpp"

namespace weft::sys {
namespace {

constexpr std::size_t kItems = 64;

/// So slow that sharing 64 items pays on any machine.
constexpr Duration kSlow = std::chrono::microseconds{5};

/// Items that remember how often they were done. Each takes a while.
class Items {
  public:
    explicit Items(std::size_t count = kItems, Duration each = kSlow)
        : done_(count, 0), each_(each) {}

    void take(Duration each) { each_ = each; }

    void run(WorkSharing& sharing, std::size_t number, std::size_t bytes_each = 1500) {
        sharing.run(number, {run_some, this, done_.size(), done_.size() * bytes_each});
    }
    /// Since the last time that it was asked.
    [[nodiscard]] bool each_once() {
        const bool good = std::ranges::all_of(done_, [](unsigned times) { return times == 1; });
        std::ranges::fill(done_, 0);
        return good;
    }

  private:
    static void run_some(const void* context, std::size_t from, std::size_t count) {
        auto& items = *static_cast<Items*>(const_cast<void*>(context));
        const Time end = BootClock::now() + items.each_ * static_cast<int>(count);
        for (std::size_t i = from; i < from + count; ++i) {
            items.done_[i] += 1;
        }
        while (BootClock::now() < end) {
        }
    }
    std::vector<unsigned> done_;
    Duration each_;
};

TEST(WorkSharing, does_each_item_once_whoever_takes_which_part) {
    constexpr int kRoundsMost = 500'000;
    constexpr int kShared = 20;
    WorkSharing sharing{3};
    const test::IdleWorker first{sharing, 1};
    const test::IdleWorker second{sharing, 2};
    Items items;
    // How often another is free in time is the scheduler's choice: seldom on a busy machine.
    for (int round = 0; round < kRoundsMost && sharing.shared_batches() < kShared; ++round) {
        items.run(sharing, 0);
        ASSERT_TRUE(items.each_once()) << "round " << round;
    }
    EXPECT_GE(sharing.shared_batches(), kShared);
}

TEST(WorkSharing, two_owners_help_each_other_between_their_own_batches) {
    WorkSharing sharing{2};
    std::vector<std::thread> owners;
    for (std::size_t number = 0; number < 2; ++number) {
        owners.emplace_back([&, number] {
            Items items;
            for (int round = 0; round < 200; ++round) {
                items.run(sharing, number);
                ASSERT_TRUE(items.each_once());
                while (sharing.help(number)) {
                }
            }
        });
    }
    for (std::thread& owner : owners) {
        owner.join();
    }
}

/// Batches that were shared of work that is done in no time.
std::uint64_t shared_of_fast_work() {
    WorkSharing sharing{2};
    const test::IdleWorker helper{sharing, 1};
    Items few{4};
    Items small;
    for (int round = 0; round < 300; ++round) {
        few.run(sharing, 0, 5000);  // 20 us
        EXPECT_TRUE(few.each_once());
        small.run(sharing, 0, 100);  // too few bytes to look at the clock for
        EXPECT_TRUE(small.each_once());
    }
    return sharing.shared_batches();
}

TEST(WorkSharing, shares_nothing_that_its_owner_does_as_fast) {
    // An owner that loses its core in the middle looks slow, rightly: then once more.
    bool nothing = false;
    for (int tries = 0; !nothing && tries < 50; ++tries) {
        nothing = shared_of_fast_work() == 0;
    }
    EXPECT_TRUE(nothing);
}

TEST(WorkSharing, stops_when_its_work_has_become_fast) {
    constexpr int kRoundsMost = 20'000;
    WorkSharing sharing{2};
    const test::IdleWorker helper{sharing, 1};
    Items items;
    for (int round = 0; round < kRoundsMost && sharing.shared_batches() == 0; ++round) {
        items.run(sharing, 0);
    }
    ASSERT_NE(sharing.shared_batches(), 0);
    items.take(std::chrono::nanoseconds{100});
    for (int round = 0; round < 100; ++round) {  // one in 64 is timed
        items.run(sharing, 0);
    }
    const std::uint64_t before = sharing.shared_batches();
    for (int round = 0; round < 300; ++round) {
        items.run(sharing, 0);
    }
    EXPECT_EQ(sharing.shared_batches(), before);
}

TEST(WorkSharing, a_thread_by_itself_has_nobody_to_help) {
    WorkSharing sharing{1};
    Items items;
    for (int round = 0; round < 20; ++round) {
        items.run(sharing, 0);
        EXPECT_TRUE(items.each_once());
        EXPECT_FALSE(sharing.help(0));
    }
    EXPECT_EQ(sharing.shared_batches(), 0);
}

TEST(WorkSharing, takes_batches_of_any_number_of_items) {
    WorkSharing sharing{2};
    const test::IdleWorker helper{sharing, 1};
    for (std::size_t count = 1; count < 200; ++count) {
        Items items{count};
        items.run(sharing, 0, 100'000);
        EXPECT_TRUE(items.each_once()) << count;
    }
}

}  // namespace
}  // namespace weft::sys

// SPDX-License-Identifier: Apache-2.0
// Reclamation: nothing dies while a reader may hold it, everything dies in the end.
#include "qsbr.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace weft::dataplane {
namespace {

TEST(Qsbr, frees_at_once_when_all_readers_sleep) {
    Qsbr qsbr{2};
    qsbr.retire(std::make_shared<int>(1));
    EXPECT_EQ(qsbr.take_ready().size(), 1U);
    EXPECT_FALSE(qsbr.has_waiting());
}

TEST(Qsbr, waits_for_each_reader_to_pass_or_to_sleep) {
    Qsbr qsbr{2};
    qsbr.online(0);
    qsbr.online(1);
    qsbr.retire(std::make_shared<int>(1));
    EXPECT_TRUE(qsbr.take_ready().empty());
    qsbr.quiescent(0);
    EXPECT_TRUE(qsbr.take_ready().empty());
    qsbr.offline(1);
    EXPECT_EQ(qsbr.take_ready().size(), 1U);
}

TEST(Qsbr, does_not_free_what_was_retired_after_the_announcement) {
    Qsbr qsbr{1};
    qsbr.online(0);
    qsbr.retire(std::make_shared<int>(1));
    qsbr.quiescent(0);
    qsbr.retire(std::make_shared<int>(2));
    EXPECT_EQ(qsbr.take_ready().size(), 1U);
    EXPECT_TRUE(qsbr.has_waiting());
}

TEST(Qsbr, never_shows_a_reader_a_dead_object) {
    struct Object {
        ~Object() { alive = 0; }
        std::uint32_t alive = 0xa11f3;
    };
    Qsbr qsbr{2};
    std::atomic<const Object*> published{nullptr};
    auto first = std::make_shared<const Object>();
    Qsbr::Retired owner = first;
    published = first.get();
    first.reset();
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> dead_seen{0};
    const auto read = [&](std::size_t reader) {
        qsbr.online(reader);
        for (std::uint32_t n = 0; !stop.load(std::memory_order_relaxed); ++n) {
            if (published.load(std::memory_order_acquire)->alive != 0xa11f3) {
                dead_seen += 1;
            }
            if (n % 64 == 0) {
                qsbr.offline(reader);
                qsbr.online(reader);
            } else {
                qsbr.quiescent(reader);
            }
        }
        qsbr.offline(reader);
    };
    std::thread a{read, 0};
    std::thread b{read, 1};
    for (int round = 0; round < 20000; ++round) {
        auto fresh = std::make_shared<const Object>();
        published.store(fresh.get(), std::memory_order_release);
        qsbr.retire(std::move(owner));
        owner = std::move(fresh);
        (void)qsbr.take_ready();
    }
    stop = true;
    a.join();
    b.join();
    EXPECT_EQ(dead_seen, 0U);
    (void)qsbr.take_ready();
    EXPECT_FALSE(qsbr.has_waiting());
}

}  // namespace
}  // namespace weft::dataplane

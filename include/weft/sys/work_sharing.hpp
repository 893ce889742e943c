// SPDX-License-Identifier: Apache-2.0
// A thread's work on several cores: a large batch of equal items is cut into parts, which threads
// that have nothing else to do take too. The batch ends when its last part does, so for its owner
// it is as if it had done all of it, in order.
//
//   owner    offers the batch, wakes who sleeps, takes parts itself, waits for those of others
//   helper   a thread that found no work of its own: takes parts until there are none
//
// It is off where it does not pay: for batches that the owner does sooner than another core is
// awake, and for a while after sharing was no faster than not to. No allocation, no lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include <weft/base/clock.hpp>
#include <weft/sys/wake_fd.hpp>

namespace weft::sys {

class WorkSharing {
  public:
    /// Some items of a batch, by any thread.
    using Run = void (*)(const void* context, std::size_t from, std::size_t count);

    struct Batch {
        Run run = nullptr;
        const void* context = nullptr;
        std::size_t items = 0;
        std::size_t bytes = 0;  // what its time goes with
    };

    explicit WorkSharing(std::size_t threads) : hands_(threads) {}

    // ---- By thread `number` of them -------------------------------------------------------------

    /// Returns when all of the batch is done.
    void run(std::size_t number, const Batch& batch);
    /// Takes parts of others' batches, and waits a moment for more. False if there were none.
    bool help(std::size_t number);
    /// Around the thread's sleep: whom an offer may wake, and how.
    void falls_asleep(std::size_t number, const WakeFd& wake) {
        hands_[number].asleep.store(&wake, std::memory_order_release);
    }
    void is_awake(std::size_t number) {
        hands_[number].asleep.store(nullptr, std::memory_order_release);
    }

    // ---- Any thread -----------------------------------------------------------------------------

    /// Batches that more than one thread has worked on.
    [[nodiscard]] std::uint64_t shared_batches() const;

  private:
    /// What a batch must take its owner for each helper: waking a core takes some 50 us.
    static constexpr Duration kWorthSharing = std::chrono::microseconds{100};
    static constexpr std::size_t kPartBytes = 2048;
    static constexpr std::size_t kPartsMost = 64;
    static constexpr std::size_t kSharedLeast = 16384;  // bytes; worth reading the clock, too
    static constexpr Duration kLinger = std::chrono::microseconds{50};
    static constexpr Duration kHelpMost = std::chrono::microseconds{500};  // then its own work
    static constexpr unsigned kPauseFirst = 256;                           // batches
    static constexpr unsigned kPauseMost = 16384;

    /// A batch on offer. `ticket` is generation ‖ next part ‖ parts (32, 16, 16 bits): who moves
    /// it on has claimed a part, and the owner changes nothing before that part is done.
    struct alignas(64) Offer {
        std::atomic<std::uint64_t> ticket{0};
        Batch batch;                         // written before ticket's release, read after a claim
        std::atomic<std::uint32_t> done{0};  // parts; release by who did one, acquire by the owner
    };
    /// What a thread knows of its own batches.
    struct alignas(64) Account {
        std::atomic<std::uint64_t> shared{0};  // batches; the others are the thread's own
        double ns_per_byte = 0;                // alone, of batches that were timed
        unsigned timed = 0;                    // of the first few
        unsigned untimed = 0;                  // batches until the next is timed
        double ratio = 0.5;                    // what shared ones take, of the time alone
        unsigned pause = 0;                    // batches not to be shared
        unsigned next_pause = kPauseFirst;
    };
    struct Hand {
        Offer offer;
        Account account;
        std::atomic<const WakeFd*> asleep{nullptr};  // whom the owner of a batch may wake
        std::atomic<bool> lingers{false};            // needs no waking
    };

    static void run_timed(Account& account, const Batch& batch);
    [[nodiscard]] static std::size_t parts_for(const Batch& batch);
    [[nodiscard]] std::size_t helpers_worth(const Account& account, const Batch& batch) const;
    void run_shared(Hand& hand, const Batch& batch, std::size_t helpers);
    static void judge(Account& account, double took, double alone);
    void wake(std::size_t helpers);
    static bool run_part(Offer& offer);
    bool take_parts(std::size_t number);

    std::vector<Hand> hands_;
};

}  // namespace weft::sys

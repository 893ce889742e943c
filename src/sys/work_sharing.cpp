// SPDX-License-Identifier: Apache-2.0
// See work_sharing.hpp.
#include <algorithm>
#include <optional>

#include <sched.h>

#include <weft/sys/work_sharing.hpp>

namespace weft::sys {

namespace {

constexpr unsigned kTimeOneIn = 64;
constexpr unsigned kTimedFirst = 4;  // of these the shortest counts
constexpr double kWeight = 1.0 / 8;  // of a new sample in a mean
constexpr int kSpins = 256;          // before a waiting owner lets others have its core
// Of the time that a batch takes alone.
constexpr double kRatioWeight = 1.0 / 16;
constexpr double kRatioMost = 8;  // of one batch
constexpr double kPays = 0.9;
constexpr double kPaysWell = 0.75;
constexpr double kOnProbation = 0.8;

void pause_core() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
    asm volatile("yield");
#endif
}

double ns_since(Time start) {
    return static_cast<double>((BootClock::now() - start).count());
}

std::uint32_t parts_of(std::uint64_t ticket) {
    return ticket & 0xffff;
}
std::uint32_t next_of(std::uint64_t ticket) {
    return (ticket >> 16) & 0xffff;
}
constexpr std::uint64_t kNext = 1 << 16;
constexpr std::uint64_t kGeneration = std::uint64_t{1} << 32;

/// A part's number; nothing if all are taken.
std::optional<std::uint32_t> claim(std::atomic<std::uint64_t>& ticket) {
    std::uint64_t seen = ticket.load(std::memory_order_acquire);
    while (next_of(seen) < parts_of(seen)) {
        if (ticket.compare_exchange_weak(
                seen, seen + kNext, std::memory_order_acq_rel, std::memory_order_acquire)) {
            return next_of(seen);
        }
    }
    return std::nullopt;
}

}  // namespace

// ---- The owner ----------------------------------------------------------------------------------

void WorkSharing::run(std::size_t number, const Batch& batch) {
    if (hands_.size() == 1 || batch.bytes < kSharedLeast) {
        batch.run(batch.context, 0, batch.items);
        return;
    }
    Hand& hand = hands_[number];
    if (hand.account.untimed == 0) {
        run_timed(hand.account, batch);
        return;
    }
    hand.account.untimed -= 1;
    if (const std::size_t helpers = helpers_worth(hand.account, batch); helpers != 0) {
        run_shared(hand, batch, helpers);
        return;
    }
    hand.account.pause -= hand.account.pause != 0 ? 1U : 0U;
    batch.run(batch.context, 0, batch.items);
}

/// Alone, also while others would help: else nobody knew whether that pays.
void WorkSharing::run_timed(Account& account, const Batch& batch) {
    const Time start = BootClock::now();
    batch.run(batch.context, 0, batch.items);
    const double sample = ns_since(start) / static_cast<double>(batch.bytes);
    double& mean = account.ns_per_byte;
    if (account.timed < kTimedFirst) {
        mean = account.timed == 0 ? sample : std::min(mean, sample);
        account.timed += 1;
        return;
    }
    // The batch was interrupted, or takes longer now: the mean goes up slowly, and down at once.
    mean = std::min(sample, mean + kWeight * (std::min(sample, 2 * mean) - mean));
    account.untimed = kTimeOneIn - 1;
}

/// How many others should take part; 0 if that does not pay or all are busy.
std::size_t WorkSharing::helpers_worth(const Account& account, const Batch& batch) const {
    const double alone = account.ns_per_byte * static_cast<double>(batch.bytes);
    const auto worth = static_cast<std::size_t>(alone / static_cast<double>(kWorthSharing.count()));
    if (account.pause != 0 || worth == 0) {
        return 0;
    }
    const auto free = std::ranges::count_if(hands_, [](const Hand& hand) {
        return hand.asleep.load(std::memory_order_relaxed) != nullptr ||
               hand.lingers.load(std::memory_order_relaxed);
    });
    return std::min({worth, static_cast<std::size_t>(free), parts_for(batch) - 1});
}

std::size_t WorkSharing::parts_for(const Batch& batch) {
    return std::min({batch.bytes / kPartBytes, batch.items, kPartsMost});
}

void WorkSharing::run_shared(Hand& hand, const Batch& batch, std::size_t helpers) {
    const Time start = BootClock::now();
    Account& account = hand.account;
    Offer& offer = hand.offer;
    const std::size_t parts = parts_for(batch);
    offer.batch = batch;
    offer.done.store(0, std::memory_order_relaxed);
    const std::uint64_t generation =
        (offer.ticket.load(std::memory_order_relaxed) & ~(kGeneration - 1)) + kGeneration;
    offer.ticket.store(generation | parts, std::memory_order_release);
    wake(helpers);
    std::uint32_t own = 0;
    while (run_part(offer)) {
        own += 1;
    }
    for (int spins = 0; offer.done.load(std::memory_order_acquire) != parts; ++spins) {
        if (spins < kSpins) {
            pause_core();
        } else {
            ::sched_yield();
        }
    }
    if (own != parts) {
        account.shared.store(account.shared.load(std::memory_order_relaxed) + 1,
                             std::memory_order_relaxed);
    }
    judge(account, ns_since(start), account.ns_per_byte * static_cast<double>(batch.bytes));
}

/// By a mean over some batches of what they took, as a part of the time alone: one whose helper
/// lost its core in the middle of a part is no reason to stop, several are. Where sharing goes on
/// not to pay, pauses become longer.
void WorkSharing::judge(Account& account, double took, double alone) {
    account.ratio += kRatioWeight * (std::min(took / alone, kRatioMost) - account.ratio);
    if (account.ratio > kPays) {
        account.pause = account.next_pause;
        account.next_pause = std::min(2 * account.next_pause, kPauseMost);
        account.ratio = kOnProbation;
    } else if (account.ratio < kPaysWell) {
        account.next_pause = kPauseFirst;
    }
}

/// Who lingers comes by itself.
void WorkSharing::wake(std::size_t helpers) {
    for (Hand& hand : hands_) {
        if (helpers != 0 && hand.lingers.load(std::memory_order_relaxed)) {
            helpers -= 1;
        }
    }
    for (std::size_t i = 0; i < hands_.size() && helpers != 0; ++i) {
        if (const WakeFd* fd = hands_[i].asleep.exchange(nullptr, std::memory_order_acquire)) {
            fd->wake();
            helpers -= 1;
        }
    }
}

// ---- Owner and helpers --------------------------------------------------------------------------

/// False if no part was left.
bool WorkSharing::run_part(Offer& offer) {
    const auto part = claim(offer.ticket);
    if (!part) {
        return false;
    }
    const std::size_t parts = parts_of(offer.ticket.load(std::memory_order_relaxed));
    const Batch& batch = offer.batch;
    const std::size_t from = batch.items * *part / parts;
    batch.run(batch.context, from, batch.items * (*part + 1) / parts - from);
    offer.done.fetch_add(1, std::memory_order_release);
    return true;
}

// ---- Helpers ------------------------------------------------------------------------------------

bool WorkSharing::help(std::size_t number) {
    if (hands_.size() == 1 || !take_parts(number)) {
        return false;
    }
    std::atomic<bool>& lingers = hands_[number].lingers;
    lingers.store(true, std::memory_order_relaxed);
    const Time start = BootClock::now();
    Time now = start;
    for (Time last = start; now - last < kLinger && now - start < kHelpMost;) {
        pause_core();
        const bool any = take_parts(number);
        now = BootClock::now();
        last = any ? now : last;
    }
    lingers.store(false, std::memory_order_relaxed);
    return true;
}

bool WorkSharing::take_parts(std::size_t number) {
    bool any = false;
    for (std::size_t i = 0; i < hands_.size(); ++i) {
        Offer& offer = hands_[i].offer;
        while (i != number && run_part(offer)) {
            any = true;
        }
    }
    return any;
}

std::uint64_t WorkSharing::shared_batches() const {
    std::uint64_t sum = 0;
    for (const Hand& hand : hands_) {
        sum += hand.account.shared.load(std::memory_order_relaxed);
    }
    return sum;
}

}  // namespace weft::sys

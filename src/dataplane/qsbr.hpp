// SPDX-License-Identifier: Apache-2.0
// Quiescent-state-based reclamation: what workers may still hold is destroyed only after each of
// them has passed the top of its loop (quiescent) or sleeps (offline). Readers pay one store a
// round.
//
//   writer:  unpublish → retire (stamps epoch E = ++global) → take_ready when every reader is
//            offline or has announced ≥ E
//   reader:  online → read published pointers … → quiescent (announce global) … → offline → sleep
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <weft/base/assert.hpp>

namespace weft::dataplane {

class Qsbr {
  public:
    using Retired = std::shared_ptr<const void>;

    explicit Qsbr(std::size_t readers) : readers_(readers) {}

    // ---- Readers, each with its own number -----------------------------------------------------

    /// Before the first read after start or offline().
    void online(std::size_t reader) {
        readers_[reader].epoch.exchange(global_.load(std::memory_order_acquire));
        // The announcement must be visible before any pointer is read: else a writer that still saw
        // this reader asleep could free what it is about to find.
        full_fence();
    }
    /// No pointer from before this call is used after it.
    void quiescent(std::size_t reader) {
        readers_[reader].epoch.store(global_.load(std::memory_order_acquire),
                                     std::memory_order_release);
    }
    void offline(std::size_t reader) {
        readers_[reader].epoch.store(kOffline, std::memory_order_release);
    }

    // ---- The writer, one at a time -------------------------------------------------------------

    /// `object` has been unpublished.
    void retire(Retired object) {
        const std::uint64_t epoch = global_.fetch_add(1) + 1;
        waiting_.push_back({epoch, std::move(object)});
    }
    /// Removes and returns what no reader can hold any more.
    [[nodiscard]] std::vector<Retired> take_ready() {
        std::vector<Retired> ready;
        if (waiting_.empty()) {
            return ready;
        }
        const std::uint64_t passed = oldest_announced();
        std::erase_if(waiting_, [&](Waiting& entry) {
            if (entry.epoch > passed) {
                return false;
            }
            ready.push_back(std::move(entry.object));
            return true;
        });
        return ready;
    }
    [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }

  private:
    static constexpr std::uint64_t kOffline = 0;

    struct alignas(64) Reader {
        std::atomic<std::uint64_t> epoch{kOffline};
    };
    struct Waiting {
        std::uint64_t epoch;
        Retired object;
    };

    static void full_fence() {
#ifndef __SANITIZE_THREAD__  // knows no fences, and the exchange above is one on its machines
        std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
    }
    [[nodiscard]] std::uint64_t oldest_announced() const {
        std::uint64_t oldest = UINT64_MAX;
        for (const Reader& reader : readers_) {
            const std::uint64_t epoch = reader.epoch.load();
            if (epoch != kOffline && epoch < oldest) {
                oldest = epoch;
            }
        }
        return oldest;
    }

    std::vector<Reader> readers_;
    std::atomic<std::uint64_t> global_{1};
    std::vector<Waiting> waiting_;
};

}  // namespace weft::dataplane

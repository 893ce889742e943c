// SPDX-License-Identifier: Apache-2.0
// The step between the door's jobs and the kernels: jobs become plain pointers, the longest first,
// and each run of similar lengths becomes a column as long as that is cheaper than one by one.
// Worker threads; no allocation. Decisions depend on lengths only.
#include "chacha20_poly1305/batch.hpp"

#include <algorithm>
#include <array>

#include <weft/base/assert.hpp>

namespace weft::crypto::chacha20_poly1305 {

namespace {

constexpr std::size_t kChunk = 64;  // jobs that are put in order together

/// Up to kChunk messages in descending order of size.
struct Chunk {
    std::array<Work, kChunk> works;
    std::array<const Work*, kChunk> order;
    std::size_t count = 0;

    void add(const Work& work) {
        works[count] = work;
        std::size_t at = count;
        for (; at > 0 && order[at - 1]->size < work.size; --at) {
            order[at] = order[at - 1];
        }
        order[at] = &works[count];
        count += 1;
    }
};

std::size_t cost_of_column(const Engine& engine, std::size_t longest) {
    // The first step has 64 bytes of text, the others 128.
    return engine.column_start + engine.column_step * ((longest + 3 * kBlock - 1) / (2 * kBlock));
}

std::size_t cost_of_one(const Engine& engine, std::size_t size) {
    return engine.one_start + engine.one_step * ((size + kBlock - 1) / kBlock);
}

void run(const Engine& engine, const Chunk& chunk, One one, Column column) {
    for (std::size_t at = 0; at < chunk.count;) {
        const std::size_t side_by_side = std::min<std::size_t>(engine.lanes, chunk.count - at);
        if (column != nullptr && side_by_side > 1) {
            std::size_t apart = 0;
            for (std::size_t i = 0; i < side_by_side; ++i) {
                apart += cost_of_one(engine, chunk.order[at + i]->size);
            }
            if (cost_of_column(engine, chunk.order[at]->size) < apart) {
                column(&chunk.order[at], static_cast<unsigned>(side_by_side));
                at += side_by_side;
                continue;
            }
        }
        one(*chunk.order[at]);
        at += 1;
    }
}

/// Constant time.
bool same_tag(const std::byte* a, const std::uint8_t* b) {
    unsigned difference = 0;
    for (std::size_t i = 0; i < kTagSize; ++i) {
        difference |= std::to_integer<unsigned>(a[i]) ^ b[i];
    }
    return difference == 0;
}

}  // namespace

void seal_batch(const Engine& engine, std::span<const SealJob> jobs) noexcept {
    while (!jobs.empty()) {
        const auto some = jobs.first(std::min(jobs.size(), kChunk));
        jobs = jobs.subspan(some.size());
        Chunk chunk;
        for (const SealJob& job : some) {
            WEFT_DCHECK(job.head.size() <= kHeadMax);
            const std::size_t size = job.sealed_size() - kTagSize;
            std::uint8_t* const out = as_uchar(job.destination);
            // A null pointer is no place to count from.
            const std::uint8_t* const payload =
                job.payload.empty() ? out : as_uchar(job.payload.data());
            chunk.add({.key = job.key->data(),
                       .nonce = job.nonce,
                       .head = as_uchar(job.head.data()),
                       .payload = payload,
                       .out = out,
                       .tag = out + size,
                       .head_size = job.head.size(),
                       .payload_size = job.payload.size(),
                       .size = size});
        }
        run(engine, chunk, engine.seal_one, engine.seal_column);
    }
}

void open_batch(const Engine& engine, std::span<OpenJob> jobs) noexcept {
    while (!jobs.empty()) {
        const auto some = jobs.first(std::min(jobs.size(), kChunk));
        jobs = jobs.subspan(some.size());
        Chunk chunk;
        std::array<std::array<std::uint8_t, kTagSize>, kChunk> tags;
        for (OpenJob& job : some) {
            job.ok = job.sealed.size() >= kTagSize;
            if (!job.ok) {
                continue;
            }
            const std::size_t size = job.sealed.size() - kTagSize;
            std::uint8_t* const text = as_uchar(job.sealed.data());
            chunk.add({.key = job.key->data(),
                       .nonce = job.nonce,
                       .head = nullptr,
                       .payload = text,
                       .out = text,
                       .tag = tags[chunk.count].data(),
                       .head_size = 0,
                       .payload_size = size,
                       .size = size});
        }
        run(engine, chunk, engine.open_one, engine.open_column);
        std::size_t next = 0;
        for (OpenJob& job : some) {
            if (job.ok) {
                job.ok = same_tag(&job.sealed[job.sealed.size() - kTagSize], tags[next].data());
                next += 1;
            }
        }
    }
}

}  // namespace weft::crypto::chacha20_poly1305

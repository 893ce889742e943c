// SPDX-License-Identifier: Apache-2.0
// The step between the door's jobs and the kernels: jobs become plain pointers, the longest first,
// and each run of similar lengths goes together as long as that is cheaper than one by one.
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

/// Whether `count` messages, from the longest on, are cheaper together than one by one.
bool is_cheaper_together(const Engine& engine, const Work* const* works, std::size_t count) {
    if (engine.many_step == 0) {
        return true;
    }
    std::size_t apart = 0;
    for (std::size_t i = 0; i < count; ++i) {
        apart += engine.one_start + engine.one_step * ((works[i]->size + kBlock - 1) / kBlock);
    }
    // The first step of a column has 64 bytes of text, the others 128.
    const std::size_t steps = (works[0]->size + 3 * kBlock - 1) / (2 * kBlock);
    return engine.many_start + engine.many_step * steps < apart;
}

void run(const Engine& engine, const Chunk& chunk, One one, Many many) {
    for (std::size_t at = 0; at < chunk.count;) {
        const std::size_t together = std::min(engine.most, chunk.count - at);
        const Work* const* const works = &chunk.order[at];
        if (many != nullptr && together > 1 && is_cheaper_together(engine, works, together)) {
            many(works, static_cast<unsigned>(together));
            at += together;
        } else {
            one(**works);
            at += 1;
        }
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
        run(engine, chunk, engine.seal_one, engine.seal_many);
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
        run(engine, chunk, engine.open_one, engine.open_many);
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

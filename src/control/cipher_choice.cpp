// SPDX-License-Identifier: Apache-2.0
// See cipher_choice.hpp.
#include "cipher_choice.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace weft::control {

namespace {

constexpr std::size_t kBatch = 32;
constexpr std::size_t kPacket = 1420;
constexpr Duration kSample = std::chrono::milliseconds{1};
constexpr int kWarmUps = 2;          // samples until the clock has changed after what ran before
constexpr int kSamples = 3;          // of which the shortest counts
constexpr int kClearlyPercent = 95;  // of the other's time

bool is_wide(const crypto::AeadKernels& kernels) {
    return std::string_view{kernels.name}.starts_with("avx512");
}

Duration shortest_time(const crypto::AeadKernels& kernels, const CipherClock& measure) {
    Duration shortest = Duration::max();
    for (int i = 0; i < kWarmUps + kSamples; ++i) {
        const Duration sample = measure(kernels);
        shortest = i < kWarmUps ? shortest : std::min(shortest, sample);
    }
    return shortest;
}

}  // namespace

Duration time_of_a_batch(const crypto::AeadKernels& kernels) {
    const crypto::AeadKey key;
    const std::vector<std::byte> payload(kPacket);
    std::vector<std::byte> sealed(kBatch * (kPacket + crypto::kTagSize));
    std::array<crypto::SealJob, kBatch> jobs;
    for (std::size_t i = 0; i < kBatch; ++i) {
        jobs[i] = {.key = &key,
                   .nonce = i,
                   .head = {},
                   .payload = payload,
                   .pad = 0,
                   .destination = sealed.data() + i * (kPacket + crypto::kTagSize)};
    }
    const Time start = BootClock::now();
    Duration spent{};
    int batches = 0;
    for (; spent < kSample; spent = BootClock::now() - start) {
        kernels.seal(jobs);
        batches += 1;
    }
    return spent / batches;
}

const crypto::AeadKernels& choose_cipher(std::span<const crypto::AeadKernels* const> available,
                                         const CipherClock& measure) {
    const auto narrow =
        std::ranges::find_if_not(available, [](const auto* k) { return is_wide(*k); });
    if (narrow == available.begin() || narrow == available.end()) {
        return *available.front();
    }
    const auto candidates =
        available.first(static_cast<std::size_t>(narrow - available.begin()) + 1);
    // From the narrowest on: CPUs stay at the lower clock for a while after 512-bit code.
    std::size_t best = candidates.size() - 1;
    Duration best_time = shortest_time(*candidates[best], measure);
    for (std::size_t i = best; i-- > 0;) {
        const Duration time = shortest_time(*candidates[i], measure);
        if (time * kClearlyPercent <= best_time * 100) {
            best = i;
            best_time = time;
        }
    }
    return *candidates[best];
}

}  // namespace weft::control

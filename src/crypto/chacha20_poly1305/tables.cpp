// SPDX-License-Identifier: Apache-2.0
// Which engines this CPU can run, as the door's tables. While starting up.
#include "chacha20_poly1305/tables.hpp"

#if defined(__arm__)
#include <sys/auxv.h>

#include <asm/hwcap.h>
#endif

#include "chacha20_poly1305/batch.hpp"
#include "chacha20_poly1305/kernels.hpp"

namespace weft::crypto::chacha20_poly1305 {

namespace {

template <const Engine& kEngine>
void seal(std::span<const SealJob> jobs) noexcept {
    seal_batch(kEngine, jobs);
}

template <const Engine& kEngine>
void open(std::span<OpenJob> jobs) noexcept {
    open_batch(kEngine, jobs);
}

template <const Engine& kEngine>
constexpr AeadKernels table(const char* name) {
    return {name, seal<kEngine>, open<kEngine>};
}

constexpr AeadKernels kPortable = table<kPortableEngine>("portable");
#if defined(__x86_64__)
constexpr AeadKernels kSse = table<kSseEngine>("sse");
constexpr AeadKernels kAvx2 = table<kAvx2Engine>("avx2");
constexpr AeadKernels kAvx512 = table<kAvx512Engine>("avx512");
constexpr AeadKernels kAvx512Ifma = table<kAvx512IfmaEngine>("avx512ifma");
#elif defined(__aarch64__) || defined(__arm__)
constexpr AeadKernels kNeon = table<kNeonEngine>("neon");
#endif

}  // namespace

std::vector<const AeadKernels*> runnable_tables() {
    std::vector<const AeadKernels*> tables;
#if defined(__x86_64__)
    // The compiler's own probe: CPUID, and XGETBV for what the operating system saves.
    __builtin_cpu_init();
    const bool has_avx512 =
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (has_avx512 && __builtin_cpu_supports("avx512ifma")) {
        tables.push_back(&kAvx512Ifma);
    }
    if (has_avx512) {
        tables.push_back(&kAvx512);
    }
    if (__builtin_cpu_supports("avx2")) {
        tables.push_back(&kAvx2);
    }
    if (__builtin_cpu_supports("ssse3")) {
        tables.push_back(&kSse);
    }
#elif defined(__aarch64__)
    tables.push_back(&kNeon);  // Advanced SIMD is part of every arm64 Linux
#elif defined(__arm__)
    if ((getauxval(AT_HWCAP) & HWCAP_NEON) != 0) {
        tables.push_back(&kNeon);
    }
#endif
    tables.push_back(&kPortable);
    return tables;
}

}  // namespace weft::crypto::chacha20_poly1305

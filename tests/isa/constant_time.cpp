// SPDX-License-Identifier: Apache-2.0
// Seals and opens with keys and texts marked as undefined, so that memcheck or MemorySanitizer
// reports every branch and every address that depends on them: what a kernel does may depend on
// lengths only. Ciphertexts, tags and verdicts are public and marked defined as they come out.
//     constant_time            every kernel table of weft's own that the (emulated) CPU has
//     constant_time control    a branch on a key: must be reported
#include <cstdio>
#include <cstring>
#include <string_view>
#include <vector>

#include "chacha20_poly1305/tables.hpp"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define WEFT_MEMORY_SANITIZER
#endif
#endif
#if defined(WEFT_MEMORY_SANITIZER)
#include <sanitizer/msan_interface.h>
#else
#include <valgrind/memcheck.h>
#endif

namespace {

using namespace weft;
using namespace weft::crypto;

void hide(const void* from, std::size_t size) {
#if defined(WEFT_MEMORY_SANITIZER)
    __msan_poison(from, size);
#else
    VALGRIND_MAKE_MEM_UNDEFINED(from, size);
#endif
}

void publish(const void* from, std::size_t size) {
#if defined(WEFT_MEMORY_SANITIZER)
    __msan_unpoison(from, size);
#else
    VALGRIND_MAKE_MEM_DEFINED(from, size);
#endif
}

constexpr std::size_t kHead = 40;
constexpr std::uint32_t kPad = 9;

/// False: the kernels do not even open what they sealed.
bool run(const AeadKernels& kernels, const std::vector<std::size_t>& sizes, AeadKey* keys) {
    std::vector<std::vector<std::byte>> texts;
    std::vector<std::vector<std::byte>> sealed;
    std::vector<SealJob> seals;
    std::vector<OpenJob> opens;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const AeadKey& key = keys[i % 2];
        const std::size_t head = std::min(sizes[i], kHead);
        texts.emplace_back(sizes[i], static_cast<std::byte>(i));
        sealed.emplace_back(sizes[i] + kPad + kTagSize);
        hide(texts[i].data(), texts[i].size());
        const ConstBytes text{texts[i]};
        seals.push_back({&key, i, text.first(head), text.subspan(head), kPad, sealed[i].data()});
        opens.push_back({&key, i, sealed[i]});
    }
    kernels.seal(seals);
    for (const auto& one : sealed) {
        publish(one.data(), one.size());
    }
    kernels.open(opens);
    bool all_ok = true;
    for (OpenJob& job : opens) {
        publish(&job.ok, sizeof job.ok);
        all_ok = all_ok && job.ok;
    }
    return all_ok;
}

}  // namespace

int main(int argc, char** argv) {
    AeadKey keys[2];
    std::memset(keys[1].data(), 7, AeadKey::kSize);
    for (AeadKey& key : keys) {
        hide(key.data(), AeadKey::kSize);
    }
    if (argc > 1 && std::string_view{argv[1]} == "control") {
        return keys[1].data()[3] == 7 ? 0 : 2;
    }
    const std::vector<std::size_t> batches[] = {
        {0},
        {64},
        {200},
        {1420},
        {2000},
        {64, 64, 64, 64, 64, 64, 64, 64},
        {1420, 1420, 1420, 1420, 1420, 1420, 1420, 1420, 1420},
        {900, 17, 300, 1, 300, 0, 64, 33}};
    for (const AeadKernels* kernels : chacha20_poly1305::runnable_tables()) {
        for (const auto& sizes : batches) {
            if (!run(*kernels, sizes, keys)) {
                std::fprintf(stderr, "%s does not open what it sealed\n", kernels->name);
                return 1;
            }
        }
        std::printf("%s\n", kernels->name);
    }
    for (AeadKey& key : keys) {
        publish(key.data(), AeadKey::kSize);
    }
    return 0;
}

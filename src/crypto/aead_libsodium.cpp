// SPDX-License-Identifier: Apache-2.0
// Kernels of the data path by libsodium: one message after the other, at whatever speed it has for
// this CPU. Outbound: gather, then seal in place. Inbound: open in place. Worker threads; no
// allocation, no state. RFC 8439; nonce as in the WireGuard paper, 5.4.6.
#include <cstring>

#include <sodium.h>

#include <weft/base/assert.hpp>
#include <weft/base/endian.hpp>

#include "kernels.hpp"

namespace weft::crypto {

namespace {

using Nonce = ByteArray<crypto_aead_chacha20poly1305_ietf_NPUBBYTES>;

Nonce nonce_of(std::uint64_t counter) {
    Nonce nonce{};
    store_le64(&nonce[4], counter);
    return nonce;
}

/// Lays head ‖ payload ‖ zeros out at the destination.
void gather(const SealJob& job) {
    WEFT_DCHECK(job.head.size() <= kHeadMax);
    std::byte* at = job.destination;
    if (!job.head.empty()) {
        std::memcpy(at, job.head.data(), job.head.size());
        at += job.head.size();
    }
    if (!job.payload.empty()) {
        if (job.payload.data() != at) {
            std::memmove(at, job.payload.data(), job.payload.size());
        }
        at += job.payload.size();
    }
    if (job.pad != 0) {
        std::memset(at, 0, job.pad);
    }
}

void seal(std::span<const SealJob> jobs) noexcept {
    for (const SealJob& job : jobs) {
        gather(job);
        const std::size_t size = job.sealed_size() - kTagSize;
        unsigned char* const text = as_uchar(job.destination);
        crypto_aead_chacha20poly1305_ietf_encrypt_detached(text,
                                                           text + size,
                                                           nullptr,
                                                           text,
                                                           size,
                                                           nullptr,
                                                           0,
                                                           nullptr,
                                                           as_uchar(nonce_of(job.nonce).data()),
                                                           job.key->data());
    }
}

void open(std::span<OpenJob> jobs) noexcept {
    for (OpenJob& job : jobs) {
        if (job.sealed.size() < kTagSize) {
            job.ok = false;
            continue;
        }
        const std::size_t size = job.sealed.size() - kTagSize;
        unsigned char* const text = as_uchar(job.sealed.data());
        const int failed =
            crypto_aead_chacha20poly1305_ietf_decrypt_detached(text,
                                                               nullptr,
                                                               text,
                                                               size,
                                                               text + size,
                                                               nullptr,
                                                               0,
                                                               as_uchar(nonce_of(job.nonce).data()),
                                                               job.key->data());
        job.ok = failed == 0;
    }
}

}  // namespace

const AeadKernels kLibsodiumKernels{"libsodium", seal, open};

}  // namespace weft::crypto

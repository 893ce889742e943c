// SPDX-License-Identifier: Apache-2.0
// ChaCha20-Poly1305 (RFC 8439) for data messages: jobs in batches, and the table of kernels that
// runs them. Nonce: 32 zero bits and the little-endian 64-bit counter (WireGuard paper, 5.4.6);
// no associated data. Chosen before threads start, then read only.
#pragma once

#include <cstdint>
#include <span>

#include <weft/base/bytes.hpp>
#include <weft/base/result.hpp>
#include <weft/base/secret.hpp>

namespace weft::crypto {

inline constexpr std::size_t kTagSize = 16;
inline constexpr std::size_t kHeadMax = 128;
using AeadKey = Secret<32>;

/// Seals head ‖ payload ‖ pad zero bytes under (key, nonce).
/// Writes head.size() + payload.size() + pad + kTagSize bytes to `destination`.
struct SealJob {
    const AeadKey* key = nullptr;
    std::uint64_t nonce = 0;
    ConstBytes head;        // ≤ kHeadMax bytes, must not overlap destination
    ConstBytes payload;     // may be where it will lie in the output (in place), else no overlap
    std::uint32_t pad = 0;  // bytes of zeros after the payload
    std::byte* destination = nullptr;

    [[nodiscard]] std::size_t sealed_size() const {
        return head.size() + payload.size() + pad + kTagSize;
    }
};

/// Opens `sealed` (ciphertext ‖ tag, ≥ kTagSize bytes) in place. After a good job the first
/// sealed.size() - kTagSize bytes are the plaintext; after a bad one they are undefined bytes that
/// nobody may read.
struct OpenJob {
    const AeadKey* key = nullptr;
    std::uint64_t nonce = 0;
    Bytes sealed;
    bool ok = false;  // set by the kernel
};

/// One implementation for one instruction set. Stateless; any thread.
struct AeadKernels {
    const char* name;  // "avx512ifma", "avx512", "avx2", "sse", "neon", "portable", "libsodium"
    void (*seal)(std::span<const SealJob> jobs) noexcept;
    void (*open)(std::span<OpenJob> jobs) noexcept;
};

/// Every table that this CPU can run, best first, each proven by its self_test() at the first call.
/// A table that fails its self-test is left out.
[[nodiscard]] std::span<const AeadKernels* const> available_kernels();

/// The tables that this CPU says it can run and that failed their self-test: worth a warning, since
/// something is broken. Normally empty.
[[nodiscard]] std::span<const AeadKernels* const> failed_kernels();

/// The best available table, or the one named by `wish` ("auto" or a name); an unknown or
/// unavailable name is an error that lists the names there are.
[[nodiscard]] Result<const AeadKernels*> choose_kernels(std::string_view wish);

/// Runs known answers for lengths around block edges, and damaged messages, through `kernels`; true
/// if all agree. (RFC 8439's own vectors have associated data, which data messages have not.)
[[nodiscard]] bool self_test(const AeadKernels& kernels);

// ---- Single messages with associated data: handshakes and cookies, off the fast path ----------

/// ChaCha20-Poly1305 with `counter` as nonce. `out` holds plaintext.size() + kTagSize bytes.
void seal_with_data(const AeadKey& key,
                    std::uint64_t counter,
                    ConstBytes associated_data,
                    ConstBytes plaintext,
                    Bytes out);
/// `out` holds sealed.size() - kTagSize bytes; false leaves it zeroed.
[[nodiscard]] bool open_with_data(const AeadKey& key,
                                  std::uint64_t counter,
                                  ConstBytes associated_data,
                                  ConstBytes sealed,
                                  Bytes out);
/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with a 24-byte nonce, sizes as above.
void xseal(const AeadKey& key,
           std::span<const std::byte, 24> nonce,
           ConstBytes associated_data,
           ConstBytes plaintext,
           Bytes out);
[[nodiscard]] bool xopen(const AeadKey& key,
                         std::span<const std::byte, 24> nonce,
                         ConstBytes associated_data,
                         ConstBytes sealed,
                         Bytes out);

}  // namespace weft::crypto

// SPDX-License-Identifier: Apache-2.0
// BLAKE2s (RFC 7693): the hash, its keyed form as WireGuard's MAC, HMAC-BLAKE2s and the HKDF of
// the Noise framework (section 4.3) over it. Handshakes only; written for reading.
#pragma once

#include <array>
#include <cstdint>

#include <weft/base/bytes.hpp>
#include <weft/base/secret.hpp>

namespace weft::crypto {

inline constexpr std::size_t kHashSize = 32;
using Hash = ByteArray<kHashSize>;

/// Incremental BLAKE2s with 1–32 bytes of output and a key of 0–32 bytes. Wipes itself.
class Blake2s {
  public:
    explicit Blake2s(std::size_t output_size = kHashSize, ConstBytes key = {});
    Blake2s(const Blake2s&) = delete;
    Blake2s& operator=(const Blake2s&) = delete;
    ~Blake2s();

    Blake2s& update(ConstBytes data);
    /// `out` is exactly the output size given at construction. Once.
    void finish(Bytes out);

  private:
    friend class MacKey;
    void compress(const std::byte* block, bool last);

    std::array<std::uint32_t, 8> state_{};
    std::uint64_t counted_ = 0;
    ByteArray<64> buffer_{};
    std::size_t buffered_ = 0;
    std::size_t output_size_;
};

/// HASH(a ‖ b)
[[nodiscard]] Hash blake2s(ConstBytes a, ConstBytes b = {});
/// MAC(key, data): keyed BLAKE2s with 16 bytes of output.
[[nodiscard]] ByteArray<16> blake2s_mac(ConstBytes key, ConstBytes data);
/// A key that has been taken in beforehand: a MAC of two blocks costs two thirds. Wipes itself.
class MacKey {
  public:
    MacKey() = default;  // of no key: what mac() gives proves nothing
    explicit MacKey(ConstBytes key);
    MacKey(const MacKey&) = delete;
    MacKey& operator=(const MacKey&) = default;
    ~MacKey();

    /// blake2s_mac(key, data); `data` is not empty.
    [[nodiscard]] ByteArray<16> mac(ConstBytes data) const;

  private:
    std::array<std::uint32_t, 8> state_{};
};
/// HMAC-BLAKE2s (RFC 2104).
[[nodiscard]] Secret<kHashSize> hmac_blake2s(ConstBytes key, ConstBytes a, ConstBytes b = {});

/// KDF_n of the WireGuard paper (5.4): T1, T2, T3 from a chaining key and input.
[[nodiscard]] std::array<Secret<kHashSize>, 1> kdf1(const Secret<kHashSize>& key, ConstBytes input);
[[nodiscard]] std::array<Secret<kHashSize>, 2> kdf2(const Secret<kHashSize>& key, ConstBytes input);
[[nodiscard]] std::array<Secret<kHashSize>, 3> kdf3(const Secret<kHashSize>& key, ConstBytes input);

}  // namespace weft::crypto

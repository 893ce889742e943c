// SPDX-License-Identifier: Apache-2.0
// HMAC-BLAKE2s (RFC 2104) and over it the key derivation of a handshake: HKDF of the Noise
// framework (4.3), which the WireGuard paper (5.4) calls KDF_n. Handshake lane; any thread.
#include <weft/crypto/blake2s.hpp>

namespace weft::crypto {

namespace {

constexpr std::size_t kBlockSize = 64;
constexpr std::byte kInnerPad{0x36};
constexpr std::byte kOuterPad{0x5c};

/// The key as one block, XORed with `pad`. RFC 2104: longer keys are hashed first.
Secret<kBlockSize> padded_key(ConstBytes key, std::byte pad) {
    Secret<kBlockSize> block;
    if (key.size() > kBlockSize) {
        Blake2s{}.update(key).finish(block.mutable_bytes().first<kHashSize>());
    } else {
        copy_bytes(key, block.mutable_bytes());
    }
    for (std::byte& byte : block.mutable_bytes()) {
        byte ^= pad;
    }
    return block;
}

/// T_i = HMAC(T_0, T_(i-1) ‖ i), and T_0 = HMAC(key, input).
template <std::size_t N>
std::array<Secret<kHashSize>, N> kdf(const Secret<kHashSize>& key, ConstBytes input) {
    const Secret<kHashSize> extracted = hmac_blake2s(key.bytes(), input);
    std::array<Secret<kHashSize>, N> expanded;
    ConstBytes previous;
    for (std::size_t i = 0; i < N; ++i) {
        const ByteArray<1> number{static_cast<std::byte>(i + 1)};
        expanded[i] = hmac_blake2s(extracted.bytes(), previous, number);
        previous = expanded[i].bytes();
    }
    return expanded;
}

}  // namespace

Secret<kHashSize> hmac_blake2s(ConstBytes key, ConstBytes a, ConstBytes b) {
    Secret<kHashSize> inner;
    Blake2s{}
        .update(padded_key(key, kInnerPad).bytes())
        .update(a)
        .update(b)
        .finish(inner.mutable_bytes());
    Secret<kHashSize> outer;
    Blake2s{}
        .update(padded_key(key, kOuterPad).bytes())
        .update(inner.bytes())
        .finish(outer.mutable_bytes());
    return outer;
}

std::array<Secret<kHashSize>, 1> kdf1(const Secret<kHashSize>& key, ConstBytes input) {
    return kdf<1>(key, input);
}

std::array<Secret<kHashSize>, 2> kdf2(const Secret<kHashSize>& key, ConstBytes input) {
    return kdf<2>(key, input);
}

std::array<Secret<kHashSize>, 3> kdf3(const Secret<kHashSize>& key, ConstBytes input) {
    return kdf<3>(key, input);
}

}  // namespace weft::crypto

// SPDX-License-Identifier: Apache-2.0
// What the tokens of a Noise message pattern do to the chaining key and the hash (Noise revision
// 34, 5.2 SymmetricState, with 9.2's `psk` and `e`), each under the fresh key that WireGuard's
// every encryption has. Private to noise.cpp.
#pragma once

#include <optional>
#include <utility>

#include <weft/crypto/aead.hpp>
#include <weft/wg/noise.hpp>

namespace weft::wg {

inline constexpr std::string_view kConstruction = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";

inline void mix_hash(HandshakeState& state, ConstBytes data) {
    state.hash = crypto::blake2s(state.hash, data);
}

/// The key for the next encryption. (Where none follows, KDF_1 would do; its output is the same.)
inline crypto::AeadKey mix_key(HandshakeState& state, ConstBytes input) {
    auto [chaining_key, key] = crypto::kdf2(state.chaining_key, input);
    state.chaining_key = std::move(chaining_key);
    return std::move(key);
}

/// Nothing if the DH result is zero.
inline std::optional<crypto::AeadKey> mix_dh(HandshakeState& state,
                                             const crypto::PrivateKey& ours,
                                             const crypto::PublicKey& its) {
    crypto::SharedSecret shared;
    if (!crypto::dh(ours, its, shared)) {
        return std::nullopt;
    }
    return mix_key(state, shared.bytes());
}

inline std::optional<crypto::AeadKey> mix_static_static(HandshakeState& state,
                                                        const Remote& remote) {
    if (!remote.usable) {
        return std::nullopt;
    }
    return mix_key(state, remote.static_static.bytes());
}

inline void mix_ephemeral(HandshakeState& state, ConstBytes ephemeral) {
    mix_hash(state, ephemeral);
    static_cast<void>(mix_key(state, ephemeral));
}

inline crypto::AeadKey mix_preshared_key(HandshakeState& state, const PresharedKey& preshared_key) {
    auto [chaining_key, tau, key] = crypto::kdf3(state.chaining_key, preshared_key.bytes());
    state.chaining_key = std::move(chaining_key);
    mix_hash(state, tau.bytes());
    return std::move(key);
}

inline void encrypt_and_hash(HandshakeState& state,
                             const crypto::AeadKey& key,
                             ConstBytes plain,
                             Bytes out) {
    crypto::seal_with_data(key, 0, state.hash, plain, out);
    mix_hash(state, out);
}

inline bool decrypt_and_hash(HandshakeState& state,
                             const crypto::AeadKey& key,
                             ConstBytes sealed,
                             Bytes out) {
    if (!crypto::open_with_data(key, 0, state.hash, sealed, out)) {
        return false;
    }
    mix_hash(state, sealed);
    return true;
}

/// Up to the pre-message `<- s`.
inline void start(HandshakeState& state, ConstBytes prologue, const crypto::PublicKey& responder) {
    const crypto::Hash construction = crypto::blake2s(bytes_of(kConstruction));
    state.chaining_key = Secret<32>{construction};
    state.hash = crypto::blake2s(construction, prologue);
    mix_hash(state, responder.bytes);
}

}  // namespace weft::wg

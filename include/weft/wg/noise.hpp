// SPDX-License-Identifier: Apache-2.0
// The Noise_IKpsk2 handshake (WireGuard paper 5.4.2, 5.4.3): two messages, one pair of keys. Pure:
// no timers, no retries, no policy; tunnel.cpp has those. MACs are cookie.hpp's.
#pragma once

#include <cstdint>
#include <optional>

#include <weft/base/bytes.hpp>
#include <weft/base/random.hpp>
#include <weft/crypto/blake2s.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/net/drop_reason.hpp>
#include <weft/wg/messages.hpp>
#include <weft/wg/session.hpp>
#include <weft/wg/timestamp.hpp>

namespace weft::wg {

using PresharedKey = Secret<32>;
/// This node's static keys; zero until a private key is set.
struct Identity {
    crypto::PrivateKey private_key;
    crypto::PublicKey public_key;

    [[nodiscard]] bool usable() const { return !private_key.is_zero(); }
};

/// What a handshake needs to know of the other side.
struct Remote {
    crypto::PublicKey public_key;
    PresharedKey preshared_key;          // zero: none
    crypto::SharedSecret static_static;  // DH(our static, its static), precomputed
    bool usable = false;                 // false: that DH is zero, nothing may be sent to it
};

/// Chaining key, hash and what must be kept between the messages. Wiped with it.
struct HandshakeState {
    Secret<32> chaining_key;
    crypto::Hash hash{};
    crypto::PrivateKey ephemeral_private;
    crypto::PublicKey ephemeral_public;
    crypto::PublicKey remote_ephemeral;
    Index local_index{};
    Index remote_index{};
};

/// What an initiation says, once decrypted. The sender is not authenticated until the timestamp has
/// been opened with the secret shared with the peer that `static_key` names.
struct ConsumedInitiation {
    HandshakeState state;
    crypto::PublicKey static_key;
    Timestamp timestamp{};
};

/// Initiator, message 1, under state.local_index. Writes all but the MACs (the first 116 bytes of
/// `out`). False when a DH result is zero; nothing may be sent then.
[[nodiscard]] bool create_initiation(const Identity& self,
                                     const Remote& remote,
                                     const Timestamp& timestamp,
                                     RandomSource& random,
                                     HandshakeState& state,
                                     std::span<std::byte, kInitiationSize> out);

/// Responder, message 1, first half: the initiator's static key.
[[nodiscard]] net::DropReason consume_initiation_static(
    const Identity& self,
    std::span<const std::byte, kInitiationSize> message,
    ConsumedInitiation& out);
/// Responder, message 1, second half, with the peer that the static key named.
[[nodiscard]] net::DropReason consume_initiation_timestamp(
    const Remote& remote,
    std::span<const std::byte, kInitiationSize> message,
    ConsumedInitiation& in_out);

/// Responder, message 2. Writes all but the MACs. state.local_index is set by the caller before.
[[nodiscard]] bool create_response(const Remote& remote,
                                   RandomSource& random,
                                   HandshakeState& state,
                                   std::span<std::byte, kResponseSize> out);

/// Initiator, message 2. `state` is untouched unless the response is genuine.
[[nodiscard]] net::DropReason consume_response(const Identity& self,
                                               const Remote& remote,
                                               std::span<const std::byte, kResponseSize> message,
                                               HandshakeState& state);

/// The transport keys; wipes the state's secrets.
[[nodiscard]] TransportKeys derive_keys(HandshakeState& state, bool is_initiator);

}  // namespace weft::wg

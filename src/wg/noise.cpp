// SPDX-License-Identifier: Apache-2.0
// Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s (WireGuard paper 5.4.1–5.4.5; Noise revision 34). Read the
// four message functions side by side: what one side mixes in, the other mixes in at the same
// place. The margin names the Noise token. Handshake lane only.
//
//      <- s                           the initiator knows the responder's static key
//      -> e, es, s, ss, {t}           initiation
//      <- e, ee, se, psk, {}          response
#include <utility>

#include <weft/wg/noise.hpp>

#include "layout.hpp"
#include "symmetric_state.hpp"

namespace weft::wg {
namespace {

using crypto::AeadKey;
using net::DropReason;

constexpr std::string_view kIdentifier = "WireGuard v1 zx2c4 Jason@zx2c4.com";

void generate_ephemeral(HandshakeState& state, RandomSource& random, Bytes out) {
    state.ephemeral_private = crypto::generate_private_key(random);
    state.ephemeral_public = crypto::public_key_of(state.ephemeral_private);
    copy_bytes(state.ephemeral_public.bytes, out);
    mix_ephemeral(state, state.ephemeral_public.bytes);
}

}  // namespace

bool create_initiation(const Identity& self,
                       const Remote& remote,
                       const Timestamp& timestamp,
                       RandomSource& random,
                       HandshakeState& state,
                       std::span<std::byte, kInitiationSize> out) {
    namespace field = layout::initiation;
    layout::store_type(out, MessageType::kInitiation);
    layout::store_index(out, field::kSender, state.local_index);
    start(state, bytes_of(kIdentifier), remote.public_key);

    // e
    generate_ephemeral(state, random, out.subspan<field::kEphemeral, 32>());
    // es
    std::optional<AeadKey> key = mix_dh(state, state.ephemeral_private, remote.public_key);
    if (!key) {
        return false;
    }
    // s
    encrypt_and_hash(state, *key, self.public_key.bytes, out.subspan<field::kStatic, 48>());
    // ss
    key = mix_static_static(state, remote);
    if (!key) {
        return false;
    }
    // {t}
    encrypt_and_hash(state, *key, timestamp, out.subspan<field::kTimestamp, 28>());
    return true;
}

DropReason consume_initiation_static(const Identity& self,
                                     std::span<const std::byte, kInitiationSize> message,
                                     ConsumedInitiation& out) {
    namespace field = layout::initiation;
    HandshakeState& state = out.state;
    state.remote_index = layout::load_index(message, field::kSender);
    start(state, bytes_of(kIdentifier), self.public_key);

    // e
    copy_bytes(message.subspan<field::kEphemeral, 32>(), state.remote_ephemeral.bytes);
    mix_ephemeral(state, state.remote_ephemeral.bytes);
    // es
    const std::optional<AeadKey> key = mix_dh(state, self.private_key, state.remote_ephemeral);
    if (!key) {
        return DropReason::kHandshakeInvalid;
    }
    // s
    if (!decrypt_and_hash(
            state, *key, message.subspan<field::kStatic, 48>(), out.static_key.bytes)) {
        return DropReason::kHandshakeInvalid;
    }
    return DropReason::kNone;
}

DropReason consume_initiation_timestamp(const Remote& remote,
                                        std::span<const std::byte, kInitiationSize> message,
                                        ConsumedInitiation& in_out) {
    namespace field = layout::initiation;
    HandshakeState& state = in_out.state;

    // ss
    const std::optional<AeadKey> key = mix_static_static(state, remote);
    if (!key) {
        return DropReason::kHandshakeInvalid;
    }
    // {t}
    if (!decrypt_and_hash(
            state, *key, message.subspan<field::kTimestamp, 28>(), in_out.timestamp)) {
        return DropReason::kHandshakeInvalid;
    }
    return DropReason::kNone;
}

bool create_response(const Remote& remote,
                     RandomSource& random,
                     HandshakeState& state,
                     std::span<std::byte, kResponseSize> out) {
    namespace field = layout::response;
    layout::store_type(out, MessageType::kResponse);
    layout::store_index(out, field::kSender, state.local_index);
    layout::store_index(out, field::kReceiver, state.remote_index);

    // e
    generate_ephemeral(state, random, out.subspan<field::kEphemeral, 32>());
    // ee
    if (!mix_dh(state, state.ephemeral_private, state.remote_ephemeral)) {
        return false;
    }
    // se
    if (!mix_dh(state, state.ephemeral_private, remote.public_key)) {
        return false;
    }
    // psk
    const AeadKey key = mix_preshared_key(state, remote.preshared_key);
    // {}
    encrypt_and_hash(state, key, {}, out.subspan<field::kNothing, 16>());
    return true;
}

DropReason consume_response(const Identity& self,
                            const Remote& remote,
                            std::span<const std::byte, kResponseSize> message,
                            HandshakeState& state) {
    namespace field = layout::response;
    // Worked out on a copy: a forged response must not spoil the handshake for the real one.
    HandshakeState trial;
    trial.chaining_key = state.chaining_key.clone();
    trial.hash = state.hash;

    // e
    copy_bytes(message.subspan<field::kEphemeral, 32>(), trial.remote_ephemeral.bytes);
    mix_ephemeral(trial, trial.remote_ephemeral.bytes);
    // ee
    if (!mix_dh(trial, state.ephemeral_private, trial.remote_ephemeral)) {
        return DropReason::kHandshakeInvalid;
    }
    // se
    if (!mix_dh(trial, self.private_key, trial.remote_ephemeral)) {
        return DropReason::kHandshakeInvalid;
    }
    // psk
    const AeadKey key = mix_preshared_key(trial, remote.preshared_key);
    // {}
    if (!decrypt_and_hash(trial, key, message.subspan<field::kNothing, 16>(), {})) {
        return DropReason::kHandshakeInvalid;
    }

    state.chaining_key = std::move(trial.chaining_key);
    state.hash = trial.hash;
    state.remote_ephemeral = trial.remote_ephemeral;
    state.remote_index = layout::load_index(message, field::kSender);
    return DropReason::kNone;
}

TransportKeys derive_keys(HandshakeState& state, bool is_initiator) {
    auto [first, second] = crypto::kdf2(state.chaining_key, {});
    state.chaining_key.wipe();
    state.ephemeral_private.wipe();
    state.hash = {};
    return is_initiator ? TransportKeys{std::move(first), std::move(second)}
                        : TransportKeys{std::move(second), std::move(first)};
}

}  // namespace weft::wg

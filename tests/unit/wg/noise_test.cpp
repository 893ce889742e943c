// SPDX-License-Identifier: Apache-2.0
// The cryptography of the handshake: against an independent computation (vectors/wg_noise.py) and a
// published vector, and against peers that know the keys and cheat with points of low order.
#include <gtest/gtest.h>

#include <weft/wg/cookie.hpp>
#include <weft/wg/noise.hpp>

#include "layout.hpp"
#include "low_order_points.hpp"
#include "noise_vectors.hpp"
#include "symmetric_state.hpp"

namespace weft::wg {
namespace {

using net::DropReason;
using test::FixedRandom;
using test::NamedVectors;

struct Sides {
    NamedVectors vector;
    Identity initiator, responder;
    Remote of_initiator, of_responder;  // what the initiator knows of the responder, and vice versa

    explicit Sides(const std::string& prefix = "psk.") : vector("wg_noise.txt", prefix) {
        initiator.private_key = vector.secret("static_i");
        initiator.public_key = crypto::public_key_of(initiator.private_key);
        responder.private_key = vector.secret("static_r");
        responder.public_key = crypto::public_key_of(responder.private_key);
        meet(of_initiator, initiator, responder);
        meet(of_responder, responder, initiator);
    }
    void meet(Remote& remote, const Identity& self, const Identity& other) const {
        remote.public_key = other.public_key;
        remote.preshared_key = vector.secret("psk");
        remote.usable = crypto::dh(self.private_key, other.public_key, remote.static_static);
    }

    /// A genuine initiation, and the initiator's state after it.
    HandshakeState state;
    ByteArray<kInitiationSize> initiation{};
    void initiate() {
        SeededRandom random{1};
        ASSERT_TRUE(create_initiation(
            initiator, of_initiator, to_timestamp({}), random, state, initiation));
    }
    DropReason consume(const ByteArray<kInitiationSize>& message,
                       ConsumedInitiation& consumed) const {
        const DropReason reason = consume_initiation_static(responder, message, consumed);
        return reason != DropReason::kNone
                   ? reason
                   : consume_initiation_timestamp(of_responder, message, consumed);
    }
};

class NoiseVectors : public ::testing::TestWithParam<const char*> {};

TEST_P(NoiseVectors, agree_in_every_byte_and_key) {
    const Sides sides{GetParam()};
    const NamedVectors& vector = sides.vector;
    FixedRandom random_i{vector.get<32>("ephemeral_i")};
    FixedRandom random_r{vector.get<32>("ephemeral_r")};

    HandshakeState state_i;
    state_i.local_index = Index{0x01020300};
    ByteArray<kInitiationSize> initiation{};
    ASSERT_TRUE(create_initiation(sides.initiator,
                                  sides.of_initiator,
                                  vector.get<12>("timestamp"),
                                  random_i,
                                  state_i,
                                  initiation));
    CookieJar jar;
    jar.set_peer_key(sides.responder.public_key);
    jar.add_macs(initiation, Time{1s});
    EXPECT_EQ(to_hex(initiation), vector.hex("initiation"));

    ConsumedInitiation consumed;
    ASSERT_EQ(sides.consume(initiation, consumed), DropReason::kNone);
    EXPECT_EQ(consumed.static_key, sides.initiator.public_key);
    EXPECT_EQ(consumed.timestamp, vector.get<12>("timestamp"));

    consumed.state.local_index = Index{0xA0B0C0D0};
    ByteArray<kResponseSize> response{};
    ASSERT_TRUE(create_response(sides.of_responder, random_r, consumed.state, response));
    jar.set_peer_key(sides.initiator.public_key);
    jar.add_macs(response, Time{1s});
    EXPECT_EQ(to_hex(response), vector.hex("response"));

    ASSERT_EQ(consume_response(sides.initiator, sides.of_initiator, response, state_i),
              DropReason::kNone);
    EXPECT_EQ(state_i.remote_index, Index{0xA0B0C0D0});
    const TransportKeys keys_i = derive_keys(state_i, true);
    const TransportKeys keys_r = derive_keys(consumed.state, false);
    EXPECT_EQ(keys_i.send, vector.secret("key_i"));
    EXPECT_EQ(keys_i.receive, vector.secret("key_r"));
    EXPECT_EQ(keys_r.send, vector.secret("key_r"));
    EXPECT_EQ(keys_r.receive, vector.secret("key_i"));
    EXPECT_TRUE(state_i.chaining_key.is_zero() && state_i.ephemeral_private.is_zero());
    EXPECT_EQ(state_i.hash, crypto::Hash{});
}

INSTANTIATE_TEST_SUITE_P(, NoiseVectors, ::testing::Values("open.", "psk."), [](const auto& each) {
    return each.param == std::string{"psk."} ? "psk" : "open";
});

/// The published vector has another prologue and other payloads than WireGuard, whose message
/// functions fix theirs; so it drives the same steps from symmetric_state.hpp in the same order.
TEST(Noise, steps_reproduce_the_published_vector_of_ikpsk2) {
    const NamedVectors vector{"noise_ikpsk2.txt"};
    const auto public_of = [&](const std::string& name) {
        return crypto::public_key_of(vector.secret(name));
    };
    const crypto::PublicKey static_r = public_of("static_r");
    EXPECT_EQ(to_hex(static_r.bytes), vector.hex("public_r"));
    HandshakeState state;
    std::string message;
    const auto write = [&](const std::optional<crypto::AeadKey>& key, ConstBytes plain) {
        ASSERT_TRUE(key);
        std::vector<std::byte> sealed(plain.size() + crypto::kTagSize);
        encrypt_and_hash(state, *key, plain, sealed);
        message += to_hex(sealed);
    };

    start(state, vector.bytes("prologue"), static_r);
    message = to_hex(public_of("ephemeral_i").bytes);
    mix_ephemeral(state, public_of("ephemeral_i").bytes);         // e
    write(mix_dh(state, vector.secret("ephemeral_i"), static_r),  // es
          public_of("static_i").bytes);                           // s
    write(mix_dh(state, vector.secret("static_i"), static_r),     // ss
          vector.bytes("payload_1"));
    EXPECT_EQ(message, vector.hex("message_1"));

    message = to_hex(public_of("ephemeral_r").bytes);
    mix_ephemeral(state, public_of("ephemeral_r").bytes);                                // e
    EXPECT_TRUE(mix_dh(state, vector.secret("ephemeral_r"), public_of("ephemeral_i")));  // ee
    EXPECT_TRUE(mix_dh(state, vector.secret("ephemeral_r"), public_of("static_i")));     // se
    write(mix_preshared_key(state, vector.secret("psk")), vector.bytes("payload_2"));
    EXPECT_EQ(message, vector.hex("message_2"));

    const TransportKeys keys = derive_keys(state, true);
    for (unsigned n = 3; n <= 6; ++n) {
        const auto plain = vector.bytes("payload_" + std::to_string(n));
        std::vector<std::byte> sealed(plain.size() + crypto::kTagSize);
        crypto::seal_with_data(
            n % 2 == 1 ? keys.send : keys.receive, (n - 3) / 2, {}, plain, sealed);
        EXPECT_EQ(to_hex(sealed), vector.hex("message_" + std::to_string(n)));
    }
}

TEST(Noise, any_flipped_bit_of_an_initiation_is_refused) {
    Sides sides;
    sides.initiate();
    for (std::size_t at = 8; at < 116; ++at) {
        ByteArray<kInitiationSize> forged = sides.initiation;
        // The top bit of an X25519 coordinate is ignored, so flip the lowest.
        forged[at] ^= std::byte{1};
        ConsumedInitiation consumed;
        EXPECT_EQ(sides.consume(forged, consumed), DropReason::kHandshakeInvalid) << at;
    }
}

TEST(Noise, any_flipped_bit_of_a_response_is_refused_and_leaves_the_handshake_alone) {
    Sides sides;
    sides.initiate();
    ConsumedInitiation consumed;
    ASSERT_EQ(sides.consume(sides.initiation, consumed), DropReason::kNone);
    ByteArray<kResponseSize> response{};
    SeededRandom random{2};
    ASSERT_TRUE(create_response(sides.of_responder, random, consumed.state, response));
    for (std::size_t at = 12; at < 60; ++at) {
        ByteArray<kResponseSize> forged = response;
        forged[at] ^= std::byte{1};
        EXPECT_EQ(consume_response(sides.initiator, sides.of_initiator, forged, sides.state),
                  DropReason::kHandshakeInvalid)
            << at;
    }
    EXPECT_EQ(consume_response(sides.initiator, sides.of_initiator, response, sides.state),
              DropReason::kNone);
}

// ---- Points of low order: each DH by itself ---------------------------------------------------

/// A peer that knows every key of its own and mixes in whatever DH results suit it.
struct Cheat {
    HandshakeState state;

    ByteArray<kInitiationSize> initiation(const crypto::PublicKey& to,
                                          const crypto::PublicKey& ephemeral,
                                          ConstBytes es,
                                          const crypto::PublicKey& static_key,
                                          ConstBytes ss) {
        namespace field = layout::initiation;
        ByteArray<kInitiationSize> message{};
        start(state, bytes_of("WireGuard v1 zx2c4 Jason@zx2c4.com"), to);
        copy_bytes(ephemeral.bytes, Bytes{message}.subspan(field::kEphemeral, 32));
        mix_ephemeral(state, ephemeral.bytes);
        seal(mix_key(state, es), static_key.bytes, Bytes{message}.subspan(field::kStatic, 48));
        seal(mix_key(state, ss), Timestamp{}, Bytes{message}.subspan(field::kTimestamp, 28));
        return message;
    }
    /// To the initiation after which the chaining key and hash were `from`'s.
    ByteArray<kResponseSize> response(const HandshakeState& from,
                                      const crypto::PublicKey& ephemeral,
                                      ConstBytes ee,
                                      ConstBytes se) {
        namespace field = layout::response;
        ByteArray<kResponseSize> message{};
        state.chaining_key = from.chaining_key.clone();
        state.hash = from.hash;
        copy_bytes(ephemeral.bytes, Bytes{message}.subspan(field::kEphemeral, 32));
        mix_ephemeral(state, ephemeral.bytes);
        static_cast<void>(mix_key(state, ee));
        static_cast<void>(mix_key(state, se));
        seal(mix_preshared_key(state, {}), {}, Bytes{message}.subspan(field::kNothing, 16));
        return message;
    }

  private:
    void seal(const crypto::AeadKey& key, ConstBytes plain, Bytes out) {
        encrypt_and_hash(state, key, plain, out);
    }
};

class LowOrder : public ::testing::TestWithParam<const char*> {
  protected:
    [[nodiscard]] static Secret<32> dh(const Secret<32>& key, const crypto::PublicKey& other) {
        Secret<32> result;
        static_cast<void>(crypto::dh(key, other, result));  // zero for points of low order
        return result;
    }

    Sides sides{"open."};
    const crypto::PublicKey point{test::unhex_array<32>(GetParam())};
    SeededRandom random{3};
    const crypto::PrivateKey ephemeral = crypto::generate_private_key(random);
    const crypto::PublicKey ephemeral_public = crypto::public_key_of(ephemeral);
    const Secret<32> zero;
};

TEST_P(LowOrder, in_es_is_refused_by_both_sides) {
    Remote remote;
    sides.meet(remote, sides.initiator, sides.responder);  // ss is well
    remote.public_key = point;
    ByteArray<kInitiationSize> message{};
    EXPECT_FALSE(create_initiation(sides.initiator, remote, {}, random, sides.state, message));

    for (const bool honest : {true, false}) {
        const Secret<32> es = honest ? dh(ephemeral, sides.responder.public_key) : Secret<32>{};
        ConsumedInitiation consumed;
        const auto reason =
            sides.consume(Cheat{}.initiation(sides.responder.public_key,
                                             honest ? ephemeral_public : point,
                                             es.bytes(),
                                             sides.initiator.public_key,
                                             sides.of_responder.static_static.bytes()),
                          consumed);
        EXPECT_EQ(reason, honest ? DropReason::kNone : DropReason::kHandshakeInvalid);
    }
}

TEST_P(LowOrder, in_ss_is_refused_by_both_sides) {
    Remote remote;
    remote.usable = crypto::dh(sides.responder.private_key, point, remote.static_static);
    EXPECT_FALSE(remote.usable);
    remote.public_key = sides.responder.public_key;  // es is well
    ByteArray<kInitiationSize> message{};
    EXPECT_FALSE(create_initiation(sides.initiator, remote, {}, random, sides.state, message));

    message = Cheat{}.initiation(sides.responder.public_key,
                                 ephemeral_public,
                                 dh(ephemeral, sides.responder.public_key).bytes(),
                                 point,
                                 zero.bytes());
    ConsumedInitiation consumed;
    ASSERT_EQ(consume_initiation_static(sides.responder, message, consumed), DropReason::kNone);
    EXPECT_EQ(consumed.static_key, point);
    EXPECT_EQ(consume_initiation_timestamp(remote, message, consumed),
              DropReason::kHandshakeInvalid);
}

TEST_P(LowOrder, in_ee_or_se_is_never_answered) {
    HandshakeState state;
    state.remote_ephemeral = point;
    ByteArray<kResponseSize> message{};
    EXPECT_FALSE(create_response(sides.of_responder, random, state, message)) << "ee";
    state.remote_ephemeral = ephemeral_public;
    Remote remote;
    remote.public_key = point;
    EXPECT_FALSE(create_response(remote, random, state, message)) << "se";
    EXPECT_TRUE(create_response(sides.of_responder, random, state, message));
}

TEST_P(LowOrder, in_a_response_is_refused_and_leaves_the_handshake_alone) {
    sides.initiate();
    const auto forged = Cheat{}.response(sides.state, point, zero.bytes(), zero.bytes());
    EXPECT_EQ(consume_response(sides.initiator, sides.of_initiator, forged, sides.state),
              DropReason::kHandshakeInvalid);
    const auto honest =
        Cheat{}.response(sides.state,
                         ephemeral_public,
                         dh(sides.state.ephemeral_private, ephemeral_public).bytes(),
                         dh(sides.initiator.private_key, ephemeral_public).bytes());
    EXPECT_EQ(consume_response(sides.initiator, sides.of_initiator, honest, sides.state),
              DropReason::kNone);
}

INSTANTIATE_TEST_SUITE_P(,
                         LowOrder,
                         ::testing::ValuesIn(test::kLowOrderPoints),
                         [](const auto& each) { return "point_" + std::to_string(each.index); });

TEST(Cookies, a_mac2_agrees_with_an_independent_computation) {
    const NamedVectors vector{"wg_noise.txt", "psk."};
    const auto message = vector.bytes("initiation");
    EXPECT_EQ(crypto::blake2s_mac(vector.get<16>("cookie"),
                                  ConstBytes{message}.first(kInitiationSize - kMacSize)),
              vector.get<16>("mac2"));
}

}  // namespace
}  // namespace weft::wg

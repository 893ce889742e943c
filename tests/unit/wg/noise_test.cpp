// SPDX-License-Identifier: Apache-2.0
// The cryptography of the handshake against an independent computation (vectors/wg_noise.py), and
// its timestamps.
#include <deque>
#include <fstream>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include <weft/base/encoding.hpp>
#include <weft/wg/cookie.hpp>
#include <weft/wg/noise.hpp>

namespace weft::wg {
namespace {

using net::DropReason;

class Vector {
  public:
    Vector() {
        std::ifstream file{WEFT_VECTORS "/wg_noise.txt"};
        for (std::string name, value; file >> name >> value;) {
            values_[name] = value;
        }
    }
    template <std::size_t N>
    [[nodiscard]] ByteArray<N> get(const std::string& name) const {
        ByteArray<N> bytes;
        EXPECT_TRUE(from_hex(values_.at(name), bytes)) << name;
        return bytes;
    }
    [[nodiscard]] Secret<32> secret(const std::string& name) const {
        return Secret<32>{get<32>(name)};
    }

  private:
    std::map<std::string, std::string> values_;
};

/// Hands out the ephemeral keys of the vector.
class FixedRandom final : public RandomSource {
  public:
    explicit FixedRandom(const ByteArray<32>& bytes) : bytes_(bytes) {}
    void fill(Bytes out) override { copy_bytes(ConstBytes{bytes_}.first(out.size()), out); }

  private:
    ByteArray<32> bytes_;
};

struct Sides {
    Vector vector;
    Identity initiator, responder;
    Remote of_initiator, of_responder;  // what the initiator knows of the responder, and vice versa

    Sides() {
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
};

TEST(Noise, agrees_with_an_independent_computation_in_every_byte) {
    const Sides sides;
    const Vector& vector = sides.vector;
    FixedRandom random_i{vector.get<32>("ephemeral_i")};
    FixedRandom random_r{vector.get<32>("ephemeral_r")};

    HandshakeState state_i;
    state_i.local_index = Index{0x01020304};
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
    EXPECT_EQ(to_hex(ConstBytes{initiation}.first(132)),
              to_hex(vector.get<132>("initiation_with_mac1")));

    ConsumedInitiation consumed;
    ASSERT_EQ(consume_initiation_static(sides.responder, initiation, consumed), DropReason::kNone);
    EXPECT_EQ(consumed.static_key, sides.initiator.public_key);
    ASSERT_EQ(consume_initiation_timestamp(sides.of_responder, initiation, consumed),
              DropReason::kNone);
    EXPECT_EQ(consumed.timestamp, vector.get<12>("timestamp"));

    consumed.state.local_index = Index{0xA0B0C0D0};
    ByteArray<kResponseSize> response{};
    ASSERT_TRUE(create_response(sides.of_responder, random_r, consumed.state, response));
    EXPECT_EQ(to_hex(ConstBytes{response}.first(60)), to_hex(vector.get<60>("response")));

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
}

TEST(Noise, any_flipped_bit_of_an_initiation_is_refused) {
    const Sides sides;
    SeededRandom random{1};
    HandshakeState state;
    ByteArray<kInitiationSize> initiation{};
    ASSERT_TRUE(create_initiation(
        sides.initiator, sides.of_initiator, to_timestamp({}), random, state, initiation));
    for (std::size_t at = 8; at < 116; ++at) {
        ByteArray<kInitiationSize> forged = initiation;
        // The top bit of an X25519 coordinate is ignored, so flip the lowest.
        forged[at] ^= std::byte{1};
        ConsumedInitiation consumed;
        const bool opened =
            consume_initiation_static(sides.responder, forged, consumed) == DropReason::kNone &&
            consume_initiation_timestamp(sides.of_responder, forged, consumed) == DropReason::kNone;
        EXPECT_FALSE(opened) << at;
    }
}

TEST(Noise, any_flipped_bit_of_a_response_is_refused_and_leaves_the_handshake_alone) {
    const Sides sides;
    SeededRandom random{2};
    HandshakeState state;
    ByteArray<kInitiationSize> initiation{};
    ASSERT_TRUE(create_initiation(
        sides.initiator, sides.of_initiator, to_timestamp({}), random, state, initiation));
    ConsumedInitiation consumed;
    ASSERT_EQ(consume_initiation_static(sides.responder, initiation, consumed), DropReason::kNone);
    ASSERT_EQ(consume_initiation_timestamp(sides.of_responder, initiation, consumed),
              DropReason::kNone);
    ByteArray<kResponseSize> response{};
    ASSERT_TRUE(create_response(sides.of_responder, random, consumed.state, response));
    for (std::size_t at = 12; at < 60; ++at) {
        ByteArray<kResponseSize> forged = response;
        forged[at] ^= std::byte{1};
        EXPECT_NE(consume_response(sides.initiator, sides.of_initiator, forged, state),
                  DropReason::kNone)
            << at;
    }
    EXPECT_EQ(consume_response(sides.initiator, sides.of_initiator, response, state),
              DropReason::kNone);
}

TEST(Noise, low_order_ephemerals_are_refused_on_either_side) {
    const Sides sides;
    SeededRandom random{3};
    HandshakeState state;
    ByteArray<kInitiationSize> initiation{};
    ASSERT_TRUE(create_initiation(
        sides.initiator, sides.of_initiator, to_timestamp({}), random, state, initiation));
    for (const std::byte first : {std::byte{0}, std::byte{1}}) {  // points of order 1 and 4
        ByteArray<kInitiationSize> forged = initiation;
        std::fill(forged.begin() + 8, forged.begin() + 40, std::byte{0});
        forged[8] = first;
        ConsumedInitiation consumed;
        EXPECT_EQ(consume_initiation_static(sides.responder, forged, consumed),
                  DropReason::kHandshakeInvalid);
        ByteArray<kResponseSize> response{};
        response[12] = first;
        EXPECT_EQ(consume_response(sides.initiator, sides.of_initiator, response, state),
                  DropReason::kHandshakeInvalid);
    }
}

TEST(Cookies, a_mac2_agrees_with_an_independent_computation) {
    const Vector vector;
    const auto message = vector.get<132>("initiation_with_mac1");
    EXPECT_EQ(crypto::blake2s_mac(vector.get<16>("cookie"), message), vector.get<16>("mac2"));
}

// ---- Timestamps -------------------------------------------------------------------------------

TEST(Timestamps, are_tai64n_with_coarse_nanoseconds) {
    const WallTime at{std::chrono::seconds{1'700'000'000} + std::chrono::nanoseconds{33'600'000}};
    EXPECT_EQ(to_hex(to_timestamp(at)), "400000006553f10a02000000");
    EXPECT_EQ(to_hex(to_timestamp(WallTime{-1ns})), "40000000000000093b000000");
}

TEST(Timestamps, grow_by_a_tick_and_stay_valid_over_the_end_of_a_second) {
    Timestamp last = to_timestamp(WallTime{std::chrono::seconds{5}});
    for (int i = 0; i < 200; ++i) {
        const Timestamp next = next_tick(last);
        EXPECT_GT(next, last);
        const std::uint32_t nanoseconds = load_be32(next.data() + 8);
        EXPECT_LT(nanoseconds, 1'000'000'000U);
        EXPECT_EQ(nanoseconds % (1U << 24), 0U);
        last = next;
    }
    EXPECT_EQ(load_be64(last.data()), 0x400000000000000aU + 5 + 200 / 60);
}

}  // namespace
}  // namespace weft::wg

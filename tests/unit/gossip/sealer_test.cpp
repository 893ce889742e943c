// SPDX-License-Identifier: Apache-2.0
// Sealed datagrams: who can open them, and that nothing of them can be changed.
#include <set>

#include <gtest/gtest.h>

#include "gossip_world.hpp"
#include "hex.hpp"
#include "low_order_points.hpp"

namespace weft::test {
namespace {

using gossip::Sealer;

/// A node's sealer and the key that others know of it.
struct Party {
    explicit Party(std::uint32_t number, std::uint32_t network_number = 1)
        : id(node_id(number)),
          key(crypto::public_key_of(private_key(number))),
          random(number),
          sealer(network(network_number), random) {
        sealer.set_own(id, private_key(number));
    }
    Buffer seal(const Party& to, ConstBytes plaintext, ConstBytes prefix = {}) {
        return sealer.seal(prefix, to.id, to.key, plaintext);
    }
    identity::NodeId id;
    crypto::PublicKey key;
    SeededRandom random;
    Sealer sealer;
};

constexpr std::string_view kText = "it is thundering in the north";

bool opens(Party& by, const Party& from, ConstBytes sealed, ConstBytes prefix = {}) {
    const auto plaintext = by.sealer.open(prefix, sealed, from.key);
    return plaintext && std::ranges::equal(*plaintext, bytes_of(kText));
}

TEST(Sealer, seals_for_one_receiver) {
    Party a{1};
    Party b{2};
    Party c{3};
    const Buffer sealed = a.seal(b, bytes_of(kText));
    EXPECT_EQ(sealed.size(), gossip::kSealedHeadSize + kText.size() + crypto::kTagSize);
    EXPECT_EQ(sealed[0], std::byte{0x10});
    EXPECT_EQ(Sealer::sender_of(sealed), a.id);
    EXPECT_TRUE(opens(b, a, sealed));
    EXPECT_TRUE(opens(b, a, sealed));  // sealed datagrams have no state
    EXPECT_FALSE(opens(c, a, sealed));
    EXPECT_FALSE(opens(b, c, sealed));
}

TEST(Sealer, a_reflected_datagram_is_nobodys) {
    Party a{1};
    Party b{2};
    Buffer sealed = a.seal(b, bytes_of(kText));
    // The pair's key is the same both ways; the names are not.
    EXPECT_FALSE(opens(a, b, sealed));
    copy_bytes(b.id.bytes, Bytes{sealed}.subspan(2));
    EXPECT_FALSE(opens(a, b, sealed));
}

TEST(Sealer, another_receiver_with_the_same_key_cannot_open_it) {
    Party a{1};
    Party b{2};
    Party impostor{2};
    impostor.sealer.set_own(node_id(9), private_key(2));
    EXPECT_FALSE(opens(impostor, a, a.seal(b, bytes_of(kText))));
}

TEST(Sealer, networks_with_the_same_keys_do_not_understand_each_other) {
    Party a{1, 1};
    Party b{2, 2};
    EXPECT_FALSE(opens(b, a, a.seal(b, bytes_of(kText))));
}

TEST(Sealer, every_changed_bit_is_noticed) {
    Party a{1};
    Party b{2};
    const Buffer sealed = a.seal(b, bytes_of(kText));
    for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
        Buffer changed = sealed;
        changed[bit / 8] ^= std::byte{1} << (bit % 8);
        EXPECT_FALSE(opens(b, a, changed)) << "bit " << bit;
    }
}

TEST(Sealer, every_truncation_and_every_byte_more_is_noticed) {
    Party a{1};
    Party b{2};
    Buffer sealed = a.seal(b, bytes_of(kText));
    for (std::size_t size = 0; size < sealed.size(); ++size) {
        EXPECT_FALSE(b.sealer.open({}, ConstBytes{sealed}.first(size), a.key)) << size;
    }
    sealed.push_back({});
    EXPECT_FALSE(b.sealer.open({}, sealed, a.key));
}

TEST(Sealer, what_stands_before_it_is_sealed_as_well) {
    Party a{1};
    Party b{2};
    const Buffer prefix(37, std::byte{7});
    const Buffer datagram = a.seal(b, bytes_of(kText), prefix);
    ASSERT_TRUE(std::equal(prefix.begin(), prefix.end(), datagram.begin()));
    const ConstBytes sealed = ConstBytes{datagram}.subspan(prefix.size());
    EXPECT_TRUE(opens(b, a, sealed, prefix));
    EXPECT_FALSE(opens(b, a, sealed));
    for (std::size_t i = 0; i < prefix.size(); ++i) {
        Buffer changed = prefix;
        changed[i] ^= std::byte{1};
        EXPECT_FALSE(opens(b, a, sealed, changed)) << i;
    }
    // A byte cannot move from the prefix to the head.
    EXPECT_FALSE(opens(b, a, sealed, ConstBytes{prefix}.first(prefix.size() - 1)));
}

TEST(Sealer, never_uses_a_nonce_twice) {
    Party a{1};
    Party b{2};
    std::set<gossip::Echo> echoes;
    for (int i = 0; i < 1'000; ++i) {
        echoes.insert(Sealer::echo_of(a.seal(b, {})));
    }
    EXPECT_EQ(echoes.size(), 1'000U);
}

TEST(Sealer, a_key_of_low_order_seals_and_opens_nothing) {
    Party a{1};
    for (const char* point : kLowOrderPoints) {
        const crypto::PublicKey key{unhex_array<32>(point)};
        EXPECT_TRUE(a.sealer.seal({}, node_id(2), key, bytes_of(kText)).empty());
        Buffer sealed(100);
        EXPECT_FALSE(a.sealer.open({}, sealed, key));
    }
}

TEST(Sealer, follows_keys_that_change) {
    Party a{1};
    Party b{2};
    ASSERT_TRUE(opens(b, a, a.seal(b, bytes_of(kText))));
    a.sealer.set_own(a.id, private_key(3));
    const Buffer renewed = a.seal(b, bytes_of(kText));
    EXPECT_FALSE(opens(b, a, renewed));
    a.key = crypto::public_key_of(private_key(3));
    EXPECT_TRUE(opens(b, a, renewed));
    EXPECT_TRUE(opens(a, b, b.seal(a, bytes_of(kText))));
    b.sealer.forget(a.id);
    EXPECT_TRUE(opens(b, a, renewed));
}

TEST(Sealer, the_most_that_a_datagram_holds_is_1200_bytes) {
    Party a{1};
    Party b{2};
    const Buffer plaintext(gossip::kPlaintextMax);
    EXPECT_EQ(a.seal(b, plaintext).size(), gossip::kDatagramSizeMax);
    EXPECT_LE(gossip::kDatagramSizeMax, 1'200U);
}

}  // namespace
}  // namespace weft::test

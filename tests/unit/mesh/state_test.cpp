// SPDX-License-Identifier: Apache-2.0
// State files: what is kept is read back, whatever is damaged is an error that names the file.
#include <gtest/gtest.h>

#include <weft/mesh/state.hpp>

#include "memory_storage.hpp"
#include "seed.hpp"

namespace weft::mesh::kept {
namespace {

NetworkState some_network(RandomSource& random) {
    NetworkState network;
    random.fill(network.first_root.bytes);
    network.blocks = {25, 60};
    network.pools = {*net::Prefix::parse("10.16.0.0/12"), *net::Prefix::parse("fd01:2:3::/48")};
    network.certificate.resize(300);
    random.fill(network.certificate);
    identity::Seed& seed = network.seeds.emplace_back();
    random.fill(seed.node.bytes);
    random.fill(seed.gossip_key.bytes);
    seed.endpoint = *net::Endpoint::parse("[2001:db8::1]:51840");
    network.root = RootKey{3, identity::SigningKey::generate(random)};
    return network;
}

TEST(MeshState, nothing_is_kept_at_first) {
    test::MemoryStorage storage;
    State state{storage};
    EXPECT_FALSE(state.node_keys().value());
    EXPECT_FALSE(state.network().value());
    EXPECT_FALSE(state.trust().value());
    EXPECT_FALSE(state.members().value());
    EXPECT_FALSE(state.issuer_keys().value());
    EXPECT_FALSE(state.epoch().value());
    EXPECT_FALSE(state.time().value());
    EXPECT_TRUE(state.forget());
}

TEST(MeshState, reads_back_what_was_kept) {
    SeededRandom random{test::seed()};
    test::MemoryStorage storage;
    State state{storage};
    const NodeKeys keys = NodeKeys::generate(random);
    ASSERT_TRUE(state.keep(keys));
    const auto keys_back = state.node_keys().value();
    ASSERT_TRUE(keys_back);
    EXPECT_EQ(keys_back->identity.verify_key(), keys.identity.verify_key());
    EXPECT_TRUE(keys_back->wireguard == keys.wireguard);
    EXPECT_TRUE(keys_back->gossip == keys.gossip);

    const NetworkState network = some_network(random);
    ASSERT_TRUE(state.keep(network));
    const auto back = state.network().value();
    ASSERT_TRUE(back);
    EXPECT_EQ(back->first_root, network.first_root);
    EXPECT_EQ(back->blocks.v4, 25);
    EXPECT_EQ(back->blocks.v6, 60);
    EXPECT_EQ(back->pools, network.pools);
    EXPECT_EQ(back->certificate, network.certificate);
    ASSERT_EQ(back->seeds.size(), 1U);
    EXPECT_EQ(back->seeds[0].node, network.seeds[0].node);
    EXPECT_EQ(back->seeds[0].gossip_key, network.seeds[0].gossip_key);
    EXPECT_EQ(back->seeds[0].endpoint, network.seeds[0].endpoint);
    ASSERT_TRUE(back->root);
    EXPECT_EQ(back->root->number, 3U);
    EXPECT_EQ(back->root->key.verify_key(), network.root->key.verify_key());

    std::vector<KnownMember> members(3);
    for (KnownMember& member : members) {
        member.certificate.resize(random.below(400U));
        member.record.resize(random.below(600U));
        random.fill(member.certificate);
        random.fill(member.record);
    }
    ASSERT_TRUE(state.keep(members));
    const auto members_back = state.members().value();
    ASSERT_TRUE(members_back);
    ASSERT_EQ(members_back->size(), 3U);
    EXPECT_EQ(members_back->at(2).record, members[2].record);
    EXPECT_EQ(members_back->at(0).certificate, members[0].certificate);

    const IssuerKeys issuer{
        7, identity::SigningKey::generate(random), crypto::generate_private_key(random)};
    ASSERT_TRUE(state.keep(issuer));
    EXPECT_EQ(state.issuer_keys().value()->number, 7U);
    EXPECT_TRUE(state.issuer_keys().value()->sealing == issuer.sealing);

    ASSERT_TRUE(state.keep_epoch(1'800'000'000));
    ASSERT_TRUE(state.keep_time(1'700'000'000));
    EXPECT_EQ(state.epoch().value(), 1'800'000'000U);
    EXPECT_EQ(state.time().value(), 1'700'000'000U);
}

TEST(MeshState, damage_anywhere_is_an_error_that_names_the_file) {
    SeededRandom random{test::seed()};
    test::MemoryStorage storage;
    State state{storage};
    ASSERT_TRUE(state.keep(some_network(random)));
    const auto whole = storage.files.at("network");
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto content = whole;
        content[i] ^= static_cast<std::byte>(1U << random.below(8U));
        storage.files["network"] = content;
        const auto read = state.network();
        ASSERT_FALSE(read) << "byte " << i;
        EXPECT_NE(read.error().cause.find("network"), std::string::npos);
        EXPECT_FALSE(read.error().remedy.empty());
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
        storage.files["network"].assign(whole.begin(),
                                        whole.begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_FALSE(state.network()) << size << " bytes";
    }
}

TEST(MeshState, one_file_does_not_pass_for_another) {
    SeededRandom random{test::seed()};
    test::MemoryStorage storage;
    State state{storage};
    ASSERT_TRUE(state.keep(NodeKeys::generate(random)));
    storage.files["issuer.key"] = storage.files["node.key"];
    EXPECT_FALSE(state.issuer_keys());
}

TEST(MeshState, forgets_its_membership_first) {
    SeededRandom random{test::seed()};
    test::MemoryStorage storage;
    State state{storage};
    ASSERT_TRUE(state.keep(NodeKeys::generate(random)));
    ASSERT_TRUE(state.keep(some_network(random)));
    storage.writes_max = storage.writes + 1;
    EXPECT_FALSE(state.forget());
    EXPECT_FALSE(state.network().value());
    EXPECT_TRUE(state.node_keys().value());
    storage.writes_max = ~std::size_t{0};
    EXPECT_TRUE(state.forget());
    EXPECT_FALSE(state.node_keys().value());
    EXPECT_TRUE(storage.files.empty());
}

}  // namespace
}  // namespace weft::mesh::kept

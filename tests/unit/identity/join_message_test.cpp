// SPDX-License-Identifier: Apache-2.0
// Join requests and replies: what arrives is what was sent, to the right one and unchanged, or
// nothing.
#include <weft/identity/join_message.hpp>

#include "statements.hpp"

namespace weft::test {
namespace {

using identity::JoinReply;
using identity::JoinRequest;

constexpr std::uint8_t kTokenSeed = 7;
constexpr std::uint8_t kIssuerSealing = 6;
constexpr std::uint8_t kReplySeed = 8;

JoinRequest request() {
    JoinRequest request;
    request.token = unhex_array<8>("0102030405060708");
    request.token_key = signing_key(kTokenSeed).verify_key();
    request.time = kNow;
    request.identity_key = signing_key(kNodeSeed).verify_key();
    request.wireguard_key = public_key(4);
    request.gossip_key = public_key(5);
    request.name = "board-1";
    request.reply_key = public_key(kReplySeed);
    return request;
}
JoinRequest renewal() {
    JoinRequest renewal = request();
    renewal.token = {};
    renewal.token_key = {};
    renewal.serial = certificate().serial;
    return renewal;
}
void expect_same(const JoinRequest& one, const JoinRequest& other) {
    EXPECT_EQ(one.token, other.token);
    EXPECT_EQ(one.token_key, other.token_key);
    EXPECT_EQ(one.time, other.time);
    EXPECT_EQ(one.identity_key, other.identity_key);
    EXPECT_EQ(one.wireguard_key, other.wireguard_key);
    EXPECT_EQ(one.gossip_key, other.gossip_key);
    EXPECT_EQ(one.name, other.name);
    EXPECT_EQ(one.serial, other.serial);
    EXPECT_EQ(one.reply_key, other.reply_key);
}

struct Joining : testing::Test {
    SeededRandom random{1};
    identity::SigningKey token_key = signing_key(kTokenSeed);
    identity::SigningKey identity_key = signing_key(kNodeSeed);

    Buffer seal(const JoinRequest& request) {
        return seal_join_request(request,
                                 network(),
                                 request.is_renewal() ? nullptr : &token_key,
                                 identity_key,
                                 public_key(kIssuerSealing),
                                 random);
    }
    static Result<JoinRequest> open(ConstBytes sealed) {
        return identity::open_join_request(sealed, network(), private_key(kIssuerSealing));
    }
    Buffer seal(const JoinReply& reply) {
        return seal_join_reply(reply, public_key(kReplySeed), private_key(kIssuerSealing), random);
    }
    static Result<JoinReply> open_reply(ConstBytes sealed) {
        return identity::open_join_reply(
            sealed, private_key(kReplySeed), public_key(kIssuerSealing));
    }
};

TEST_F(Joining, requests_and_renewals_arrive_as_they_were) {
    expect_same(*open(seal(request())), request());
    expect_same(*open(seal(renewal())), renewal());
    EXPECT_FALSE(open(seal(request()))->is_renewal());
    EXPECT_TRUE(open(seal(renewal()))->is_renewal());
}

TEST_F(Joining, requests_are_of_one_size_and_tell_nothing_twice) {
    JoinRequest short_one = request();
    short_one.name.clear();
    JoinRequest long_one = request();
    long_one.name = std::string(63, 'a');
    for (const JoinRequest& one : {short_one, long_one, request(), renewal()}) {
        const Buffer first = seal(one);
        EXPECT_EQ(first.size(), identity::kJoinRequestSize);
        EXPECT_NE(to_hex(first).substr(0, 64), to_hex(seal(one)).substr(0, 64));
        expect_same(*open(first), one);
    }
}

TEST_F(Joining, requests_are_repeatable_with_their_random_source) {
    SeededRandom one{5};
    SeededRandom same{5};
    const auto seal_with = [&](RandomSource& source) {
        return seal_join_request(
            request(), network(), &token_key, identity_key, public_key(kIssuerSealing), source);
    };
    EXPECT_EQ(seal_with(one), seal_with(same));
    SeededRandom other{6};
    EXPECT_NE(seal_with(one), seal_with(other));
}

TEST_F(Joining, a_request_that_was_changed_or_cut_is_refused) {
    const Buffer sealed = seal(request());
    for (std::size_t at = 0; at < sealed.size(); at += at < 64 ? 1 : 7) {
        Buffer changed = sealed;
        changed[at] ^= std::byte{0x20};
        EXPECT_FALSE(open(changed)) << at;
        EXPECT_FALSE(open(ConstBytes{sealed}.first(at))) << at;
    }
    Buffer longer = sealed;
    longer.push_back({});
    EXPECT_FALSE(open(longer));
}

TEST_F(Joining, a_request_is_for_one_issuer_of_one_network) {
    const Buffer sealed = seal(request());
    const identity::NetworkId foreign{};
    EXPECT_FALSE(identity::open_join_request(sealed, network(), private_key(99)));
    EXPECT_FALSE(identity::open_join_request(sealed, foreign, private_key(kIssuerSealing)));
}

TEST_F(Joining, an_ephemeral_key_of_low_order_is_refused) {
    for (const char* hex : {"00", "01"}) {
        Buffer sealed = seal(request());
        std::fill_n(sealed.begin(), 32, std::byte{});
        sealed[0] = unhex(hex)[0];
        EXPECT_FALSE(open(sealed));
    }
}

TEST_F(Joining, a_request_signed_by_another_key_is_not_even_sealed) {
    const identity::SigningKey other = signing_key(50);
    EXPECT_DEATH(static_cast<void>(seal_join_request(
                     request(), network(), &token_key, other, public_key(kIssuerSealing), random)),
                 "parse_request");
    EXPECT_DEATH(
        static_cast<void>(seal_join_request(
            request(), network(), &other, identity_key, public_key(kIssuerSealing), random)),
        "token_key");
}

// ---- Replies ------------------------------------------------------------------------------------

JoinReply granted() {
    JoinReply reply;
    reply.time = kNow + 3;
    reply.certificate = build(certificate(), signing_key(kIssuerSeed));
    reply.issuer_certificate = build(issuer_certificate(), signing_key(kRootSeed));
    reply.pools = {prefix("10.64.0.0/12"), prefix("fd00:1:2::/48")};
    reply.seeds = {{identity::NodeId{}, public_key(20), endpoint("192.0.2.1:51841")},
                   {identity::node_id_of(signing_key(5).verify_key()),
                    public_key(21),
                    endpoint("[2001:db8::1]:51841")}};
    return reply;
}

TEST_F(Joining, replies_arrive_as_they_were) {
    const JoinReply sent = granted();
    const auto got = open_reply(seal(sent));
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->status, sent.status);
    EXPECT_EQ(got->time, sent.time);
    EXPECT_EQ(got->certificate, sent.certificate);
    EXPECT_EQ(got->issuer_certificate, sent.issuer_certificate);
    EXPECT_EQ(got->pools, sent.pools);
    ASSERT_EQ(got->seeds.size(), 2U);
    EXPECT_EQ(got->seeds[1].node, sent.seeds[1].node);
    EXPECT_EQ(got->seeds[1].gossip_key, sent.seeds[1].gossip_key);
    EXPECT_EQ(got->seeds[1].endpoint, sent.seeds[1].endpoint);
}

TEST_F(Joining, every_refusal_arrives_with_its_detail) {
    for (std::uint8_t status = 1; status <= 9; ++status) {
        JoinReply reply;
        reply.status = static_cast<JoinReply::Status>(status);
        reply.time = kNow;
        reply.detail = status == 3 ? "board-7" : "";
        const auto got = open_reply(seal(reply));
        ASSERT_TRUE(got) << static_cast<int>(status);
        EXPECT_EQ(got->status, reply.status);
        EXPECT_EQ(got->detail, reply.detail);
        EXPECT_EQ(got->time, kNow);
    }
}

TEST_F(Joining, a_reply_is_never_longer_than_its_request) {
    JoinReply reply = granted();
    reply.detail = std::string(63, 'x');
    reply.certificate.resize(identity::kCertificateSizeMax);
    reply.issuer_certificate.resize(identity::kCertificateSizeMax);
    reply.seeds.assign(20, {identity::NodeId{}, public_key(20), endpoint("[2001:db8::1]:51841")});
    const Buffer sealed = seal(reply);
    EXPECT_LE(sealed.size(), identity::kJoinReplySizeMax);
    const auto got = open_reply(sealed);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->seeds.size(), 3U);  // 67 bytes each, of what the rest leaves

    JoinReply usual = granted();
    usual.seeds.assign(20, {identity::NodeId{}, public_key(20), endpoint("192.0.2.1:51841")});
    EXPECT_EQ(open_reply(seal(usual))->seeds.size(), identity::kJoinSeedsMax);
}

TEST_F(Joining, seeds_that_none_can_reach_are_left_out) {
    JoinReply reply = granted();
    reply.seeds.insert(
        reply.seeds.begin(),
        identity::Seed{identity::NodeId{}, crypto::PublicKey{}, endpoint("192.0.2.1:1")});
    reply.seeds.insert(reply.seeds.begin(),
                       identity::Seed{identity::NodeId{}, public_key(9), endpoint("[fe80::1]:1")});
    const auto got = open_reply(seal(reply));
    ASSERT_EQ(got->seeds.size(), 2U);
    EXPECT_EQ(got->seeds[0].gossip_key, public_key(20));
}

TEST_F(Joining, a_reply_that_was_changed_or_cut_is_refused) {
    const Buffer sealed = seal(granted());
    for (std::size_t at = 0; at < sealed.size(); at += at < 64 ? 1 : 5) {
        Buffer changed = sealed;
        changed[at] ^= std::byte{1};
        EXPECT_FALSE(open_reply(changed)) << at;
        EXPECT_FALSE(open_reply(ConstBytes{sealed}.first(at))) << at;
    }
    Buffer longer = sealed;
    longer.push_back({});
    EXPECT_FALSE(open_reply(longer));
    EXPECT_FALSE(open_reply(Buffer(identity::kJoinReplySizeMax + 1)));
}

TEST_F(Joining, a_reply_is_for_one_request_and_by_one_issuer) {
    const Buffer sealed = seal(granted());
    EXPECT_FALSE(identity::open_join_reply(sealed, private_key(99), public_key(kIssuerSealing)));
    EXPECT_FALSE(identity::open_join_reply(sealed, private_key(kReplySeed), public_key(99)));
    EXPECT_FALSE(identity::open_join_reply(sealed, private_key(kReplySeed), crypto::PublicKey{}));
    EXPECT_NE(sealed, seal(granted()));  // a nonce of its own for each
}

TEST_F(Joining, a_reply_that_contradicts_itself_is_not_made) {
    JoinReply refused = granted();
    refused.status = JoinReply::Status::kPoolFull;
    EXPECT_DEATH(static_cast<void>(seal(refused)), "parse_reply");
    JoinReply empty;
    EXPECT_DEATH(static_cast<void>(seal(empty)), "parse_reply");
    JoinReply control = granted();
    control.detail = "a\x1b[2J";
    EXPECT_DEATH(static_cast<void>(seal(control)), "parse_reply");
}

}  // namespace
}  // namespace weft::test

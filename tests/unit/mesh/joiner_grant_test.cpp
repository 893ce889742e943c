// SPDX-License-Identifier: Apache-2.0
// What the token's own issuer should never answer: each fault of a grant is noticed and named.
#include "joiner_world.hpp"

namespace weft::mesh::joining {
namespace {

/// What the issuer's answer is made of.
struct Made {
    identity::Certificate certificate;
    identity::IssuerCertificate issuer;
    identity::SigningKey certificate_signer = signing_key(2);
    identity::SigningKey issuer_signer = signing_key(1);
    std::vector<net::Prefix> pools{prefix("10.64.0.0/12"), prefix("fd00:1234:5678::/48")};
};

template <class Certificate>
void end_yesterday(Certificate& certificate) {
    certificate.not_before = kBirth - 2 * kDay;
    certificate.not_after = kBirth - kDay;
}

struct NotGood : Joining {
    void join_with(const std::function<void(Made&)>& change) {
        hub.answer_by([&](const identity::JoinRequest& request) {
            Made made{hub.certify(request), hub.certificate()};
            change(made);
            identity::JoinReply reply = hub.grant(build(made.certificate, made.certificate_signer),
                                                  build(made.issuer, made.issuer_signer));
            reply.pools = made.pools;
            return reply;
        });
        join(hub.token());
    }
};

TEST_F(NotGood, is_named) {
    join_with([](Made&) {});
    ASSERT_TRUE(granted()) << error().message();
    struct Row {
        const char* cause;
        std::function<void(Made&)> change;
    };
    const auto foreign = identity::network_id_of(signing_key(66).verify_key());
    const Row rows[] = {
        {"not for this machine: it certifies other keys",
         [](Made& m) { m.certificate.identity_key = signing_key(66).verify_key(); }},
        {"other keys", [](Made& m) { m.certificate.wireguard_key = public_key(66); }},
        {"other keys", [](Made& m) { m.certificate.gossip_key = public_key(66); }},
        {"another network", [&](Made& m) { m.issuer.network = foreign; }},
        {"another network", [&](Made& m) { m.certificate.network = foreign; }},
        {"another issuer", [](Made& m) { m.issuer.sealing_key = public_key(66); }},
        {"issuer's certificate that is not good: bad_signature",
         [](Made& m) { m.issuer_signer = signing_key(66); }},
        {"a certificate that is not good: bad_signature",
         [](Made& m) { m.certificate_signer = signing_key(66); }},
        {"unknown_issuer",
         [](Made& m) {
             m.certificate.issuer_number = 2;
             m.certificate.serial = (std::uint64_t{2} << 32U) + 1;
         }},
        {"outside_slice", [](Made& m) { m.certificate.blocks = {prefix("10.80.0.0/24")}; }},
        {"not good: expired", [](Made& m) { end_yesterday(m.certificate); }},
        {"not good: expired", [](Made& m) { end_yesterday(m.issuer); }},
        {"not good: not_yet_valid", [](Made& m) { m.certificate.not_before = kBirth + 301; }},
        {"names no pool", [](Made& m) { m.pools.clear(); }},
        {"two pools of one family",
         [](Made& m) {
             m.pools = {prefix("10.64.0.0/12"), prefix("10.80.0.0/12")};
         }},
        {"the block fd00:1234:5678:5::/64 outside its pools", [](Made& m) { m.pools.pop_back(); }},
        {"the block 10.64.5.0/24 outside its pools",
         [](Made& m) { m.pools[0] = prefix("10.64.5.0/25"); }},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.cause);
        join_with(row.change);
        expect_error(std::errc::bad_message, row.cause, "makes another");
    }
}

TEST_F(NotGood, cannot_be_read) {
    for (const bool is_issuers : {false, true}) {
        hub.answer_by([&](const identity::JoinRequest& request) {
            Buffer certificate = build(hub.certify(request), signing_key(2));
            Buffer its_issuer = hub.issuer_bytes;
            (is_issuers ? its_issuer : certificate)[0] ^= std::byte{1};
            return hub.grant(std::move(certificate), std::move(its_issuer));
        });
        join(hub.token());
        expect_error(std::errc::bad_message, "the issuer's answer cannot be read", "upgrade weft");
    }
}

/// Signed by a successor of the root, which nobody here has heard of.
TEST_F(NotGood, an_issuer_of_a_later_root_is_taken_on_the_sealed_word) {
    const auto later = [](Made& m) {
        m.issuer.root_number = 1;
        m.issuer_signer = signing_key(50);
    };
    join_with(later);
    ASSERT_TRUE(granted()) << error().message();
    EXPECT_EQ(grant().issuer.root_number, 1U);
    struct Row {
        const char* cause;
        std::function<void(Made&)> change;
    };
    const auto foreign = identity::network_id_of(signing_key(66).verify_key());
    const Row rows[] = {
        {"other keys", [](Made& m) { m.certificate.gossip_key = public_key(66); }},
        {"another network", [&](Made& m) { m.issuer.network = foreign; }},
        {"another issuer", [](Made& m) { m.issuer.sealing_key = public_key(66); }},
        {"bad_signature", [](Made& m) { m.certificate_signer = signing_key(66); }},
        {"unknown_issuer",
         [](Made& m) {
             m.certificate.issuer_number = 2;
             m.certificate.serial = (std::uint64_t{2} << 32U) + 1;
         }},
        {"outside_slice", [](Made& m) { m.certificate.blocks = {prefix("10.80.0.0/24")}; }},
        {"expired", [](Made& m) { end_yesterday(m.certificate); }},
        {"expired", [](Made& m) { end_yesterday(m.issuer); }},
        {"not_yet_valid", [](Made& m) { m.certificate.not_before = kBirth + 301; }},
        {"outside its pools", [](Made& m) { m.pools.pop_back(); }},
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(row.cause);
        join_with([&](Made& made) {
            later(made);
            row.change(made);
        });
        expect_error(std::errc::bad_message, row.cause, "makes another");
    }
}

}  // namespace
}  // namespace weft::mesh::joining

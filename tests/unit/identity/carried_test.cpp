// SPDX-License-Identifier: Apache-2.0
// Certificates by hand: the request's and the grant's words, there and back, and what a copy lacks.
#include <weft/identity/carried.hpp>

#include "statements.hpp"

namespace weft::identity {
namespace {

struct Carried : testing::Test {
    Carried() {
        grant.root = test::signing_key(4).verify_key();
        grant.reply.time = 1'800'000'000;
        grant.reply.certificate.assign(200, std::byte{1});
        grant.reply.issuer_certificate.assign(220, std::byte{2});
        grant.reply.pools = {*net::Prefix::parse("10.16.0.0/12")};
        grant.reply.seeds = {{node_id_of(test::signing_key(5).verify_key()),
                              test::public_key(6),
                              *net::Endpoint::parse("192.0.2.1:51840")}};
    }
    CertificateRequest request{
        test::signing_key(1).verify_key(), test::public_key(2), test::public_key(3), "web-1"};
    CarriedGrant grant;
};

TEST_F(Carried, words_are_there_and_back) {
    const std::string asked = to_text(request, test::signing_key(1));
    EXPECT_EQ(asked.find_first_of(" \n"), std::string::npos);
    const auto parsed = parse_certificate_request(" " + asked + "\n");
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, request);

    const auto given = parse_carried_grant(to_text(grant) + "\n");
    ASSERT_TRUE(given) << given.error().message();
    EXPECT_EQ(given->root, grant.root);
    EXPECT_EQ(given->reply.time, grant.reply.time);
    EXPECT_EQ(given->reply.certificate, grant.reply.certificate);
    EXPECT_EQ(given->reply.issuer_certificate, grant.reply.issuer_certificate);
    EXPECT_EQ(given->reply.pools, grant.reply.pools);
    ASSERT_EQ(given->reply.seeds.size(), 1U);
    EXPECT_EQ(given->reply.seeds[0].endpoint, grant.reply.seeds[0].endpoint);
}

TEST_F(Carried, any_change_and_any_prefix_is_noticed) {
    const std::string asked = to_text(request, test::signing_key(1));
    const std::string given = to_text(grant);
    for (const std::string& text : {asked, given}) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            std::string changed = text;
            changed[i] = changed[i] == 'A' ? 'B' : 'A';
            for (const std::string& wrong : {changed, text.substr(0, i)}) {
                EXPECT_FALSE(parse_certificate_request(wrong)) << i;
                EXPECT_FALSE(parse_carried_grant(wrong)) << i;
            }
        }
    }
}

TEST_F(Carried, what_is_wrong_is_told_apart) {
    const auto cause = [](const std::string& text) {
        return parse_certificate_request(text).error().cause + "; " +
               parse_carried_grant(text).error().cause;
    };
    EXPECT_EQ(
        cause("weft1_AAAA"),
        "this is not a request for a certificate: those begin with `weftreq1_`; this is not a "
        "certificate: those begin with `weftcert1_`");
    EXPECT_NE(cause("weftreq2_AAAA").find("another version"), std::string::npos);
    EXPECT_NE(cause("weftcert2_AAAA").find("another version"), std::string::npos);
    EXPECT_NE(cause("weftreq1_").find("cut short"), std::string::npos);
    EXPECT_NE(cause("weftcert1_AAAA").find("cut short"), std::string::npos);
    request.name = "No Name";
    EXPECT_FALSE(parse_certificate_request(to_text(request, test::signing_key(1))));
}

}  // namespace
}  // namespace weft::identity

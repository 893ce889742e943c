// SPDX-License-Identifier: Apache-2.0
// A member's request to issue: there and back, and what a copy can lack.
#include <weft/identity/issuer_request.hpp>

#include "statements.hpp"

namespace weft::identity {
namespace {

struct IssuerRequestText : testing::Test {
    IssuerRequest request{test::network(),
                          test::signing_key(1).verify_key(),
                          test::signing_key(2).verify_key(),
                          test::public_key(3),
                          "web-1"};
    std::string text = to_text(request, test::signing_key(1));
};

TEST_F(IssuerRequestText, there_and_back) {
    const auto parsed = parse_issuer_request(" " + text + "\n");
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, request);
    EXPECT_LT(text.size(), 320U);
    EXPECT_EQ(text.find_first_of(" \n"), std::string::npos);
}

TEST_F(IssuerRequestText, what_is_wrong_is_told_apart) {
    const auto cause = [](const std::string& wrong) {
        return parse_issuer_request(wrong).error().cause;
    };
    EXPECT_NE(cause("").find("not an issuer's request"), std::string::npos);
    EXPECT_NE(cause("weft1_AAAA").find("not an issuer's request"), std::string::npos);
    EXPECT_NE(cause("weftissuer2_AAAA").find("another version"), std::string::npos);
    EXPECT_NE(cause("weftissuer1_").find("cut short"), std::string::npos);
    EXPECT_NE(cause(std::string(600, 'A').replace(0, 12, "weftissuer1_")).find("cut short"),
              std::string::npos);
}

TEST_F(IssuerRequestText, any_change_and_any_prefix_is_noticed) {
    for (std::size_t i = 12; i < text.size(); ++i) {
        std::string changed = text;
        changed[i] = changed[i] == 'B' ? 'C' : 'B';
        EXPECT_FALSE(parse_issuer_request(changed)) << i;
        EXPECT_FALSE(parse_issuer_request(text.substr(0, i))) << i;
    }
    EXPECT_FALSE(parse_issuer_request(text + "A"));
}

TEST_F(IssuerRequestText, a_name_that_none_can_have_is_refused) {
    request.name = "No Name";
    const auto parsed = parse_issuer_request(to_text(request, test::signing_key(1)));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().cause.find("cut short"), std::string::npos);
}

}  // namespace
}  // namespace weft::identity

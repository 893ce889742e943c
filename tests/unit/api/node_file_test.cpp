// SPDX-License-Identifier: Apache-2.0
// node.json: what the daemon writes is read back the same; what it would never write is refused.
#include <gtest/gtest.h>

#include <weft/api/node_file.hpp>

#include "temp_directory.hpp"

namespace weft::api {
namespace {

NodeFile ready_node() {
    NodeFile node;
    node.ready = true;
    node.network_id = "00112233445566778899aabbccddeeff";
    node.node = "a";
    node.interface = "weft0";
    node.mtu = 1420;
    node.gso_max_segs = 44;
    node.blocks = {*net::Prefix::parse("10.44.0.0/24"), *net::Prefix::parse("fd44::/64")};
    node.pools = {*net::Prefix::parse("10.44.0.0/16"), *net::Prefix::parse("fd44::/48")};
    node.gateway4 = net::IpAddress::parse("10.44.0.1");
    node.gateway6 = net::IpAddress::parse("fd44::1");
    node.boot_id = "4d4747dd-8689-47a8-bc15-6f8bdec4e436";
    node.written_ms = 1'795'966'834'493;
    return node;
}

std::string changed(const std::string& from, const std::string& to) {
    std::string text = to_json(ready_node());
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(NodeFile, reads_what_it_writes) {
    const auto node = parse_node_file(to_json(ready_node()));
    ASSERT_TRUE(node) << node.error().message();
    EXPECT_EQ(*node, ready_node());
    NodeFile stopped;
    stopped.reason = "weftd has stopped";
    const auto again = parse_node_file(to_json(stopped));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again, stopped);
}

TEST(NodeFile, has_its_form_for_good) {
    EXPECT_EQ(to_json(ready_node()),
              R"({"schema":1,"ready":true,"reason":"",)"
              R"("network_id":"00112233445566778899aabbccddeeff","node":"a","interface":"weft0",)"
              R"("mtu":1420,"gso_max_segs":44,"blocks":["10.44.0.0/24","fd44::/64"],)"
              R"("pools":["10.44.0.0/16","fd44::/48"],"gateway4":"10.44.0.1","gateway6":"fd44::1",)"
              R"("boot_id":"4d4747dd-8689-47a8-bc15-6f8bdec4e436","written_ms":1795966834493})");
}

TEST(NodeFile, fields_of_later_versions_are_ignored_and_later_schemas_are_not) {
    EXPECT_TRUE(parse_node_file(changed("\"ready\"", R"("new":[1],"ready")")));
    EXPECT_TRUE(parse_node_file(changed(R"("gso_max_segs":44,)", "")));
    const auto later = parse_node_file(changed("\"schema\":1", "\"schema\":2"));
    ASSERT_FALSE(later);
    EXPECT_EQ(later.error().code, std::errc::protocol_error);
}

TEST(NodeFile, hostile_values_of_a_ready_node_are_refused) {
    const std::vector<std::pair<std::string, std::string>> changes{
        {"\"weft0\"", "\"../weft0\""},
        {"\"weft0\"", "\"a-name-of-17-char\""},
        {"1420", "100"},
        {"1420", "70000"},
        {"1420", "4294967296"},
        {"[\"10.44.0.0/24\"", "[\"0.0.0.0/0\""},
        {"[\"10.44.0.0/24\"", "[\"192.168.0.0/24\""},
        {"[\"10.44.0.0/24\"", "[\"10.44.0.1/24\""},
        {"[\"10.44.0.0/24\"", "[7"},
        {"\"10.44.0.1\"", "\"10.44.1.1\""},
        {"\"10.44.0.1\"", "\"fd44::1\""},
        {"\"gateway4\":\"10.44.0.1\"", "\"gateway4\":null"},
        {"\"gateway6\":\"fd44::1\"", "\"gateway6\":null"},
        {"\"a\"", "\"a\\u001b[2J\""},
        {"\"ready\":true", "\"ready\":1"},
        {"\"boot_id\"", "\"bootid\""}};
    for (const auto& [from, to] : changes) {
        const auto node = parse_node_file(changed(from, to));
        ASSERT_FALSE(node) << to;
        EXPECT_FALSE(node.error().cause.empty());
    }
    std::string blocks = "[\"10.44.0.0/24\"";
    for (int i = 0; i < 100; ++i) {
        blocks += ",\"10.44.0.0/24\"";
    }
    EXPECT_FALSE(parse_node_file(changed("[\"10.44.0.0/24\"", blocks)));
}

TEST(NodeFile, only_a_regular_file_of_its_size_is_read) {
    const test::TempDirectory temp;
    temp.write("node.json", to_json(ready_node()));
    EXPECT_TRUE(read_node_file(temp / "node.json"));
    std::filesystem::create_symlink(temp / "node.json", temp / "link");
    EXPECT_FALSE(read_node_file(temp / "link"));
    EXPECT_FALSE(read_node_file(temp.path()));
    temp.write("large", std::string(kNodeFileMax + 1, ' '));
    EXPECT_EQ(read_node_file(temp / "large").error().code, std::errc::file_too_large);
    EXPECT_EQ(read_node_file(temp / "none").error().code, std::errc::no_such_file_or_directory);
    temp.write("broken", "{");
    EXPECT_NE(read_node_file(temp / "broken").error().cause.find("broken"), std::string::npos);
}

}  // namespace
}  // namespace weft::api

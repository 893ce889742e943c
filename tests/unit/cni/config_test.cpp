// SPDX-License-Identifier: Apache-2.0
// What runtimes send: environment, CNI_ARGS, network configurations with the runtimes' own keys.
#include "config.hpp"

#include <gtest/gtest.h>

#include "environment.hpp"

namespace weft::cni {
namespace {

std::string network(const std::string& more = {}) {
    return R"({"cniVersion":"1.0.0","name":"weft","type":"weft-cni")" + more + "}";
}

Config parsed(const std::string& text) {
    const auto config = parse_config(text);
    EXPECT_TRUE(config) << (config ? "" : config.error().cause);
    return config ? *config : Config{};
}

Code code_of(const std::string& text) {
    const auto config = parse_config(text);
    EXPECT_FALSE(config) << text;
    return config ? Code::kInternal : config.error().code;
}

TEST(Config, DefaultsAndOwnKeys) {
    const Config usual = parsed(network());
    EXPECT_EQ(usual.version, Version::k100);
    EXPECT_EQ(usual.name, "weft");
    EXPECT_EQ(usual.node_file, "/run/weft/node.json");
    EXPECT_EQ(usual.state_dir, "/var/lib/weft-cni");
    EXPECT_EQ(usual.mtu, 0U);
    EXPECT_FALSE(usual.previous || usual.dns || usual.valid);
    const Config own =
        parsed(network(R"(,"nodeFile":"/a","stateDir":"/b","mtu":1300,"ipam":{},"other":[1])"));
    EXPECT_EQ(own.node_file, "/a");
    EXPECT_EQ(own.state_dir, "/b");
    EXPECT_EQ(own.mtu, 1300U);
}

TEST(Config, WhatIsWrongHasItsCode) {
    EXPECT_EQ(code_of(""), Code::kDecode);
    EXPECT_EQ(code_of("[]"), Code::kDecode);
    EXPECT_EQ(code_of(std::string(100, '[')), Code::kDecode);
    EXPECT_EQ(code_of(R"({"name":"weft"})"), Code::kIncompatibleVersion);
    EXPECT_EQ(code_of(R"({"cniVersion":"0.2.0","name":"weft"})"), Code::kIncompatibleVersion);
    EXPECT_EQ(code_of(R"({"cniVersion":"1.0.0"})"), Code::kBadConfig);
    EXPECT_EQ(code_of(R"({"cniVersion":"1.0.0","name":"a b"})"), Code::kBadConfig);
    for (const char* more : {R"(,"mtu":-1)",
                             R"(,"mtu":"x")",
                             R"(,"mtu":70000)",
                             R"(,"nodeFile":"run")",
                             R"(,"stateDir":7)",
                             R"(,"runtimeConfig":[])",
                             R"(,"runtimeConfig":{"ips":"10.44.0.7"})",
                             R"(,"runtimeConfig":{"ips":["x"]})",
                             R"(,"runtimeConfig":{"mac":"01:00:00:00:00:01"})",
                             R"(,"prevResult":7)",
                             R"(,"cni.dev/valid-attachments":{})",
                             R"(,"cni.dev/valid-attachments":[{"ifname":"eth0"}])"}) {
        EXPECT_EQ(code_of(network(more)), Code::kBadConfig) << more;
    }
}

TEST(Config, WhatEndsContainersNeedsLittleOfIt) {
    EXPECT_EQ(extent_of("DEL"), Extent::kEnding);
    EXPECT_EQ(extent_of("GC"), Extent::kEnding);
    EXPECT_EQ(extent_of("ADD"), Extent::kWhole);
    const auto config = parse_config(
        network(R"(,"mtu":"x","nodeFile":7,"runtimeConfig":[],"args":7,"prevResult":7,"dns":7,)"
                R"("stateDir":"/b","cni.dev/valid-attachments":[])"),
        Extent::kEnding);
    ASSERT_TRUE(config) << config.error().cause;
    EXPECT_EQ(config->state_dir, "/b");
    EXPECT_TRUE(config->valid);
    EXPECT_FALSE(parse_config(network(R"(,"stateDir":"b")"), Extent::kEnding));
}

TEST(Config, WishesByCapabilityInAnySpelling) {
    for (const char* more :
         {R"(,"runtimeConfig":{"ips":["10.44.0.7/24"],"mac":"02:00:00:00:00:0a"})",
          R"(,"runtimeConfig":{"IPs":["10.44.0.7"],"Mac":"02:00:00:00:00:0A"})",
          R"(,"args":{"cni":{"ips":["10.44.0.7"],"mac":"02:00:00:00:00:0a"}})"}) {
        const Config config = parsed(network(more));
        ASSERT_EQ(config.wishes.addresses.size(), 1U) << more;
        EXPECT_EQ(config.wishes.addresses[0].to_string(), "10.44.0.7");
        ASSERT_TRUE(config.wishes.mac);
        EXPECT_EQ(mac_text(*config.wishes.mac), "02:00:00:00:00:0a");
    }
}

TEST(Config, AttachmentsUnderBothKeysNullAndEmpty) {
    EXPECT_FALSE(parsed(network()).valid);
    for (const char* more : {R"(,"cni.dev/valid-attachments":[])",
                             R"(,"cni.dev/valid-attachments":null)",
                             R"(,"cni.dev/attachments":null)"}) {
        const Config config = parsed(network(more));
        ASSERT_TRUE(config.valid) << more;
        EXPECT_TRUE(config.valid->empty());
    }
    const Config both =
        parsed(network(R"(,"cni.dev/attachments":[{"containerID":"a","ifname":"eth0"}],)"
                       R"("cni.dev/valid-attachments":[{"containerID":"b","ifname":"eth1"}])"));
    ASSERT_TRUE(both.valid);
    EXPECT_EQ(both.valid->size(), 2U);
}

TEST(Config, VersionOfAnything) {
    EXPECT_EQ(version_of(R"({"cniVersion":"0.4.0"})"), Version::k040);
    EXPECT_EQ(version_of("{"), kNewest);
    EXPECT_EQ(version_of(R"({"cniVersion":7})"), kNewest);
}

TEST(Args, KnownKeysAndIgnoreUnknown) {
    const auto wishes =
        parse_args("IgnoreUnknown=1;K8S_POD_NAME=a;IP=10.44.0.7,fd44::7/64;MAC=02:00:00:00:00:01");
    ASSERT_TRUE(wishes);
    ASSERT_EQ(wishes->addresses.size(), 2U);
    EXPECT_EQ(wishes->addresses[1].to_string(), "fd44::7");
    EXPECT_TRUE(wishes->mac);
    EXPECT_TRUE(parse_args(""));
    EXPECT_TRUE(parse_args(";;"));
    EXPECT_TRUE(parse_args("K8S_POD_NAME=a;IgnoreUnknown=true"));
    for (const char* bad :
         {"K8S_POD_NAME=a", "IP=x", "MAC=02:00:00:00:00", "IgnoreUnknown=0;A=b"}) {
        const auto refused = parse_args(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, Code::kBadEnvironment);
    }
}

TEST(Environment, IdentifiersAndInterfaceNames) {
    for (const char* good : {"a", "0A_.-", "c1"}) {
        EXPECT_TRUE(is_identifier(good)) << good;
    }
    for (const std::string& bad : {std::string{},
                                   std::string{".a"},
                                   std::string{"a/b"},
                                   std::string{"a b"},
                                   std::string(256, 'a')}) {
        EXPECT_FALSE(is_identifier(bad)) << bad;
    }
    EXPECT_TRUE(is_interface_name("eth0.100"));
    for (const char* bad : {"", ".", "..", "a/b", "a:b", "a b", "sixteen-letters-", "a\n"}) {
        EXPECT_FALSE(is_interface_name(bad)) << bad;
    }
    Environment environment{"ADD", "c1", "/run/netns/c1", "eth0", ""};
    EXPECT_TRUE(check_environment(environment, true));
    environment.netns.clear();
    EXPECT_FALSE(check_environment(environment, true));
    EXPECT_TRUE(check_environment(environment, false));
}

}  // namespace
}  // namespace weft::cni

// SPDX-License-Identifier: Apache-2.0
// Results in the words of each version, as golden texts; results before ours; failures; undo.
#include "result.hpp"

#include <gtest/gtest.h>

#include "undo.hpp"

namespace weft::cni {
namespace {

Attached attached() {
    const auto v4 = *net::Prefix::parse("10.44.0.7/32");
    const auto v6 = *net::Prefix::parse("fd44::7/128");
    const auto gateway4 = *net::IpAddress::parse("10.44.0.1");
    const auto gateway6 = *net::IpAddress::parse("fe80::1");
    return {
        {{"wv0123456789ab", "02:00:00:00:00:01", 1420, {}},
         {"eth0", "02:00:00:00:00:02", 1420, "/run/netns/a"}},
        {{v4, gateway4, 1}, {v6, gateway6, 1}},
        {{*net::Prefix::parse("0.0.0.0/0"), gateway4}, {*net::Prefix::parse("::/0"), gateway6}}};
}

Config of(Version version) {
    Config config;
    config.version = version;
    config.name = "weft";
    return config;
}

constexpr std::string_view kRoutes =
    R"("routes":[{"dst":"0.0.0.0/0","gw":"10.44.0.1"},{"dst":"::/0","gw":"fe80::1"}],"dns":{}})";
constexpr std::string_view kPlain =
    R"("interfaces":[{"name":"wv0123456789ab","mac":"02:00:00:00:00:01"},)"
    R"({"name":"eth0","mac":"02:00:00:00:00:02","sandbox":"/run/netns/a"}],)";
constexpr std::string_view kWithVersions =
    R"("ips":[{"version":"4","interface":1,"address":"10.44.0.7/32","gateway":"10.44.0.1"},)"
    R"({"version":"6","interface":1,"address":"fd44::7/128","gateway":"fe80::1"}],)";
constexpr std::string_view kWithout =
    R"("ips":[{"interface":1,"address":"10.44.0.7/32","gateway":"10.44.0.1"},)"
    R"({"interface":1,"address":"fd44::7/128","gateway":"fe80::1"}],)";

std::string golden(std::string_view version, std::string_view interfaces, std::string_view ips) {
    return R"({"cniVersion":")" + std::string{version} + "\"," + std::string{interfaces} +
           std::string{ips} + std::string{kRoutes};
}

TEST(Result, InTheWordsOfEachVersion) {
    EXPECT_EQ(result_json(attached(), of(Version::k031)), golden("0.3.1", kPlain, kWithVersions));
    EXPECT_EQ(result_json(attached(), of(Version::k040)), golden("0.4.0", kPlain, kWithVersions));
    EXPECT_EQ(result_json(attached(), of(Version::k100)), golden("1.0.0", kPlain, kWithout));
    const std::string with_mtu =
        R"("interfaces":[{"name":"wv0123456789ab","mac":"02:00:00:00:00:01","mtu":1420},)"
        R"({"name":"eth0","mac":"02:00:00:00:00:02","mtu":1420,"sandbox":"/run/netns/a"}],)";
    EXPECT_EQ(result_json(attached(), of(Version::k110)), golden("1.1.0", with_mtu, kWithout));
}

TEST(Result, IsAppendedToTheOneBeforeIt) {
    Config config = of(Version::k100);
    config.previous =
        boost::json::parse(R"({"interfaces":[{"name":"lo"}],"ips":[{"address":"10.0.0.1/8"}],)"
                           R"("dns":{"domain":"example"}})")
            .get_object();
    const auto result = boost::json::parse(result_json(attached(), config)).get_object();
    EXPECT_EQ(result.at("interfaces").as_array().size(), 3U);
    ASSERT_EQ(result.at("ips").as_array().size(), 3U);
    EXPECT_EQ(result.at("ips").as_array()[1].at("interface").to_number<int>(), 2);
    EXPECT_EQ(result.at("dns").at("domain").as_string(), "example");
    config.dns = boost::json::object{{"domain", "own"}};
    EXPECT_NE(result_json(attached(), config).find(R"("dns":{"domain":"own"})"), std::string::npos);
}

TEST(Previous, IsReadOfEveryVersion) {
    for (const Version version : {Version::k040, Version::k100, Version::k110}) {
        const auto result = boost::json::parse(result_json(attached(), of(version))).get_object();
        const auto previous = read_previous(result, "eth0", "/run/netns/a");
        ASSERT_TRUE(previous) << previous.error().cause;
        EXPECT_EQ(previous->mac, "02:00:00:00:00:02");
        ASSERT_EQ(previous->addresses.size(), 2U);
        EXPECT_EQ(previous->addresses[0].to_string(), "10.44.0.7");
        EXPECT_FALSE(read_previous(result, "eth1", "/run/netns/a"));
        EXPECT_FALSE(read_previous(result, "eth0", "/run/netns/b"));
    }
    for (const char* text : {"{}", R"({"interfaces":7})", R"({"interfaces":[7]})"}) {
        EXPECT_FALSE(read_previous(boost::json::parse(text).get_object(), "eth0", "")) << text;
    }
}

TEST(Failure, HasCauseAndRemedy) {
    EXPECT_EQ(failure_json({Code::kExhausted, "full", "wait"}, Version::k040),
              R"x({"cniVersion":"0.4.0","code":100,"msg":"full","details":"full (wait)"})x");
    EXPECT_EQ(failure_json({Code::kIo, "broken"}, Version::k110),
              R"({"cniVersion":"1.1.0","code":5,"msg":"broken","details":"broken"})");
    EXPECT_EQ(versions_json(Version::k100),
              R"({"cniVersion":"1.0.0","supportedVersions":["0.3.1","0.4.0","1.0.0","1.1.0"]})");
}

TEST(Undo, RunsInReverseUnlessDismissed) {
    std::string order;
    {
        UndoStack undo;
        undo.push([&] { order += "a"; });
        undo.push([&] { order += "b"; });
    }
    EXPECT_EQ(order, "ba");
    {
        UndoStack undo;
        undo.push([&] { order += "c"; });
        undo.dismiss();
    }
    EXPECT_EQ(order, "ba");
}

}  // namespace
}  // namespace weft::cni

// SPDX-License-Identifier: Apache-2.0
// The page's files are in the program as they are in the sources, and what the page is told: all
// that the status says but keys, and text of any kind in it stays text.
#include "page_routes.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace weft::server {
namespace {

const std::filesystem::path kPageSources =
    std::filesystem::path{WEFT_VECTORS} / "../../src/server/page";

std::string page_source(const std::string& name) {
    std::ifstream file{kPageSources / name};
    EXPECT_TRUE(file) << name;
    return {std::istreambuf_iterator<char>{file}, {}};
}

TEST(PageFiles, AreThoseOfTheSources) {
    std::size_t number = 0;
    for (const auto& entry : std::filesystem::directory_iterator{kPageSources}) {
        const std::string name = entry.path().filename();
        const PageFile* const file = find_page_file(name == "index.html" ? "/" : "/page/" + name);
        ASSERT_NE(file, nullptr) << name;
        EXPECT_EQ(file->content, page_source(name)) << name;
        ++number;
    }
    EXPECT_EQ(page_files().size(), number);
}

TEST(PageFiles, NameNothingThatIsElsewhere) {
    for (const PageFile& file : page_files()) {
        std::string text{file.content};
        for (std::size_t at; (at = text.find("http://www.w3.org/")) != std::string::npos;) {
            text.erase(at, 7);  // names of XML, which nobody fetches
        }
        EXPECT_EQ(text.find("://"), std::string::npos) << file.path;
        EXPECT_EQ(text.find("url("), std::string::npos) << file.path;
    }
}

constexpr WallTime kPageNow{std::chrono::milliseconds{1'795'176'000'007}};

api::Status mesh_status() {
    api::Status status;
    status.verdict = "healthy";
    status.node.name = "a";
    status.node.public_key = "KEY-A";
    api::PeerStatus peer;
    peer.name = "<script>\"\n";
    peer.public_key = "KEY-B";
    peer.rtt_us = 180;
    status.peers.push_back(peer);
    status.problems.push_back({"peer_silent", "warning", peer.name, "cause", "remedy"});
    return status;
}

TEST(MeshJson, IsTheStatusWithoutKeysAndTheEvents) {
    const std::string text = mesh_json(
        mesh_status(),
        {{kPageNow, LogLevel::kWarn, "peer_silent", {{"peer", "<b>"}, {"cause", "x\"y"}}, 3}},
        kPageNow);
    EXPECT_EQ(text.find("KEY-"), std::string::npos);
    const boost::json::value mesh = boost::json::parse(text);
    EXPECT_EQ(mesh.at("now_ms").to_number<std::int64_t>(), 1'795'176'000'007);
    EXPECT_EQ(mesh.at("node").at("name").as_string(), "a");
    const boost::json::value& peer = mesh.at("peers").as_array().at(0);
    EXPECT_EQ(peer.at("name").as_string(), "<script>\"\n");
    EXPECT_EQ(peer.at("rtt_us").to_number<int>(), 180);
    EXPECT_FALSE(peer.as_object().contains("public_key"));
    EXPECT_EQ(mesh.at("problems").as_array().at(0).at("remedy").as_string(), "remedy");
    const boost::json::value& event = mesh.at("events").as_array().at(0);
    EXPECT_EQ(event.at("time_ms").to_number<std::int64_t>(), 1'795'176'000'007);
    EXPECT_EQ(event.at("level").as_string(), "warn");
    EXPECT_EQ(event.at("event").as_string(), "peer_silent");
    EXPECT_EQ(event.at("fields").at("cause").as_string(), "x\"y");
    EXPECT_EQ(event.at("suppressed").to_number<int>(), 3);
}

TEST(EventsJson, IsTheEventsWithTheVersionOfTheApi) {
    const boost::json::value answer =
        boost::json::parse(events_json({{kPageNow, LogLevel::kWarn, "peer_silent", {}, 0}}));
    EXPECT_EQ(answer.at("api").as_string(), api::kApiVersion);
    EXPECT_EQ(answer.at("events").as_array().at(0).at("event").as_string(), "peer_silent");
    EXPECT_TRUE(boost::json::parse(events_json({})).at("events").as_array().empty());
}

}  // namespace
}  // namespace weft::server

// SPDX-License-Identifier: Apache-2.0
// What one run keeps of its sessions, and what the next one makes of it.
#include "live_peers.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "counting_log.hpp"
#include "state_file.hpp"
#include "temp_directory.hpp"

namespace weft::control {
namespace {

using std::chrono::seconds;

PeerSample sample(unsigned number, std::string_view endpoint, bool live) {
    PeerSample peer;
    peer.public_key[0] = static_cast<std::byte>(number);
    peer.endpoint = net::Endpoint::parse(endpoint);
    peer.session_live = live;
    return peer;
}

class LivePeersTest : public ::testing::Test {
  protected:
    [[nodiscard]] std::filesystem::path path() const { return root_ / "state/weft0.peers"; }
    [[nodiscard]] std::vector<LivePeers::Peer> next_run() { return LivePeers{path(), log_}.load(); }

    test::TempDirectory root_;
    test::CountingLog log_;
    Time now_{seconds{1000}};
};

TEST_F(LivePeersTest, KeepsThoseWithASessionAndWhereTheyAre) {
    LivePeers peers{path(), log_};
    EXPECT_TRUE(peers.load().empty());
    peers.keep({sample(1, "192.0.2.1:51840", true),
                sample(2, "192.0.2.2:51840", false),
                sample(3, "[2001:db8::3]:1", true)},
               now_);
    const auto found = next_run();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].public_key, sample(1, "", true).public_key);
    EXPECT_EQ(found[0].endpoint.to_string(), "192.0.2.1:51840");
    EXPECT_EQ(found[1].endpoint.to_string(), "[2001:db8::3]:1");
    EXPECT_EQ(std::filesystem::status(path()).permissions(), std::filesystem::perms{0600});
    EXPECT_TRUE(log_.events.empty());
}

TEST_F(LivePeersTest, WritesTheFirstChangeAtOnceAndLaterOnesAfterAWhile) {
    LivePeers peers{path(), log_};
    peers.keep({sample(1, "192.0.2.1:1", true)}, now_);
    peers.keep({sample(1, "192.0.2.1:2", true)}, now_ + seconds{1});
    EXPECT_EQ(next_run().at(0).endpoint.port, 1);
    peers.keep({sample(1, "192.0.2.1:2", true)}, now_ + LivePeers::kWriteEvery);
    EXPECT_EQ(next_run().at(0).endpoint.port, 2);
}

TEST_F(LivePeersTest, WhatHasNotChangedIsNotWrittenAgain) {
    LivePeers peers{path(), log_};
    peers.keep({sample(1, "192.0.2.1:1", true)}, now_);
    std::filesystem::remove(path());
    peers.keep({sample(1, "192.0.2.1:1", true)}, now_ + seconds{100});
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(LivePeersTest, LeavesOutLinesItDoesNotUnderstand) {
    std::filesystem::create_directories(path().parent_path());
    const std::string key = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    std::ofstream{path()} << "\n"
                          << key << "\n"
                          << key << " nonsense\n"
                          << key << " 192.0.2.1:0\n"
                          << key.substr(1) << " 192.0.2.1:1\n"
                          << key << " 192.0.2.1:1\n"
                          << key << " 192.0.2.2:";  // torn
    const auto found = next_run();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].endpoint.to_string(), "192.0.2.1:1");
}

TEST_F(LivePeersTest, TellsOnceThatItCannotWrite) {
    std::ofstream{root_ / "state"} << "a file in the directory's place";
    LivePeers peers{path(), log_};
    for (int i = 0; i < 3; ++i) {
        peers.keep({sample(1, "192.0.2.1:1", true)}, now_ + i * LivePeers::kWriteEvery);
    }
    EXPECT_EQ(log_.events, (std::map<std::string, int>{{"live_peers_not_kept", 1}}));
}

TEST_F(LivePeersTest, FollowsNoLinkAndReadsNothingWithoutEnd) {
    std::filesystem::create_directories(path().parent_path());
    std::filesystem::create_symlink("/dev/zero", path());
    EXPECT_TRUE(next_run().empty());
    EXPECT_EQ(log_.events, (std::map<std::string, int>{{"live_peers_unusable", 1}}));
    EXPECT_EQ(read_state_file("/dev/zero", 1000).error().code, std::errc::file_too_large);
}

}  // namespace
}  // namespace weft::control

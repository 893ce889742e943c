// SPDX-License-Identifier: Apache-2.0
// Sockets with a name: live ones are respected, stale ones replaced, ours removed.
#include "unix_listener.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace weft::server {
namespace {

class UnixListenerTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (std::filesystem::temp_directory_path() / "weft-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
        path_ = directory_ / "run" / "weftd.sock";
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    /// A name as a daemon leaves it that was killed.
    void make_dead_socket() {
        const UniqueFd dead{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        const sockaddr_un address = this->address();
        ASSERT_EQ(bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    sockaddr_un address() {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path_.native().copy(address.sun_path, sizeof address.sun_path - 1);
        return address;
    }

    std::filesystem::path directory_;
    std::filesystem::path path_;
};

TEST_F(UnixListenerTest, MakesAndRemovesItsName) {
    {
        const auto listener =
            std::make_unique<Result<UnixListener>>(UnixListener::open({path_, 0600, {}}));
        ASSERT_TRUE(listener);
        struct stat found {};
        ASSERT_EQ(stat(path_.c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777, 0600U);
        ASSERT_EQ(stat(path_.parent_path().c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777, 0755U);
    }
    EXPECT_TRUE(std::filesystem::is_empty(path_.parent_path()));
}

TEST_F(UnixListenerTest, WhatLooksDeadWhileAnotherStartsIsLeftAlone) {
    std::filesystem::create_directory(path_.parent_path());
    make_dead_socket();  // or bound a moment ago, and not yet listening
    const std::string lock = path_.string() + ".lock";
    UniqueFd other{::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
    ASSERT_EQ(flock(other.get(), LOCK_EX), 0);
    const auto refused = UnixListener::open({path_, 0600, {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::address_in_use);
    EXPECT_TRUE(std::filesystem::exists(path_));
    other.reset();
    EXPECT_TRUE(UnixListener::open({path_, 0600, {}}));
}

TEST_F(UnixListenerTest, TheLockIsHeldAsLongAsTheSocketIsThere) {
    const auto listener = UnixListener::open({path_, 0600, {}});
    ASSERT_TRUE(listener);
    const std::string lock = path_.string() + ".lock";
    const UniqueFd other{::open(lock.c_str(), O_RDWR | O_CLOEXEC)};
    ASSERT_TRUE(other.valid());
    EXPECT_NE(flock(other.get(), LOCK_EX | LOCK_NB), 0);
}

TEST_F(UnixListenerTest, AKilledDaemonsLockIsNoObstacle) {
    std::filesystem::create_directory(path_.parent_path());
    make_dead_socket();
    std::ofstream{path_.string() + ".lock"} << "";
    EXPECT_TRUE(UnixListener::open({path_, 0600, {}}));
    EXPECT_TRUE(std::filesystem::is_empty(path_.parent_path()));
}

TEST_F(UnixListenerTest, RefusesWhereSomeoneListens) {
    const auto first = UnixListener::open({path_, 0600, {}});
    ASSERT_TRUE(first);
    const auto second = UnixListener::open({path_, 0600, {}});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, std::errc::address_in_use);
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, ReplacesADeadSocketAndNothingElse) {
    std::filesystem::create_directory(path_.parent_path());
    make_dead_socket();
    EXPECT_TRUE(UnixListener::open({path_, 0600, {}}));
    std::ofstream{path_} << "a file";
    EXPECT_FALSE(UnixListener::open({path_, 0600, {}}));
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, LeavesANameThatIsNoLongerItsOwn) {
    {
        const auto listener =
            std::make_unique<Result<UnixListener>>(UnixListener::open({path_, 0600, {}}));
        ASSERT_TRUE(listener);
        std::filesystem::remove(path_);
        std::ofstream{path_} << "another's";
    }
    EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixListenerTest, RefusesPathsThatDoNotFit) {
    EXPECT_FALSE(UnixListener::open({directory_ / std::string(120, 'x'), 0600, {}}));
    EXPECT_FALSE(UnixListener::open({"", 0600, {}}));
}

TEST_F(UnixListenerTest, KnowsWhoIsThere) {
    std::array<int, 2> pair{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data()), 0);
    const UniqueFd one{pair[0]};
    const UniqueFd two{pair[1]};
    EXPECT_EQ(peer_uid(one.get()), getuid());
    EXPECT_FALSE(peer_uid(-1));
    EXPECT_FALSE(find_group("no-such-group-of-weft"));
    EXPECT_FALSE(find_group(""));
}

}  // namespace
}  // namespace weft::server

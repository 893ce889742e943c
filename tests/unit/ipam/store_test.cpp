// SPDX-License-Identifier: Apache-2.0
// The ledger's files: what was committed is there after a kill at any moment, a torn tail is cut
// off, links and strangers' files are refused, a full journal becomes a snapshot, and two processes
// wait for each other.
#include <csignal>
#include <set>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/ipam/store.hpp>

#include "temp_directory.hpp"

namespace weft::ipam {
namespace {

using test::TempDirectory;

constexpr UnixMs kNow = 1'800'000'000'000;
constexpr std::chrono::milliseconds kPatience{2000};
constexpr std::chrono::milliseconds kNoPatience{10};

net::IpAddress nth(unsigned n) {
    const ByteArray<4> bytes{std::byte{10},
                             std::byte{44},
                             static_cast<std::byte>(n >> 8U),
                             static_cast<std::byte>(n & 0xFFU)};
    return net::IpAddress{bytes};
}

Event reservation(unsigned n) {
    const Attachment who{"c" + std::to_string(n), "eth0"};
    return Reserved{who, {"weft", link_name(who), "boot", kNow, {nth(n)}}};
}
Event release(unsigned n) {
    return Released{{"c" + std::to_string(n), "eth0"}, kNow};
}

Result<> commit(const std::filesystem::path& directory, const std::vector<Event>& events) {
    Result<Store> store = Store::open(directory, kPatience);
    if (!store) {
        return store.error();
    }
    return store->commit(events, kNow);
}

std::set<std::string> containers(const std::filesystem::path& directory) {
    const Result<Store> store = Store::open(directory, kPatience);
    std::set<std::string> names;
    EXPECT_TRUE(store) << (store ? "" : store.error().message());
    if (store) {
        for (const auto& [attachment, lease] : store->ledger().leases()) {
            names.insert(attachment.container);
        }
    }
    return names;
}

TEST(Store, MakesItsDirectoryAndKeepsWhatIsCommitted) {
    const TempDirectory temp;
    const auto directory = temp / "cni";
    ASSERT_TRUE(commit(directory, {reservation(2), reservation(3)}));
    ASSERT_TRUE(commit(directory, {release(2)}));
    EXPECT_EQ(containers(directory), std::set<std::string>{"c3"});
    const auto journal = read(directory);
    ASSERT_TRUE(journal);
    EXPECT_EQ(journal->events.size(), 3U);
    struct stat about {};
    ASSERT_EQ(::stat(directory.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777U, 0750U & ~0U);
    ASSERT_EQ(::stat((directory / "journal").c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 07777U, 0640U);
}

TEST(Store, ReadingWhatIsNotThereMakesNothing) {
    const TempDirectory temp;
    const auto journal = read(temp / "cni");
    ASSERT_TRUE(journal);
    EXPECT_TRUE(journal->events.empty());
    EXPECT_FALSE(std::filesystem::exists(temp / "cni"));
}

TEST(Store, CutOffAtEveryByteItGoesOn) {
    const TempDirectory temp;
    const auto directory = temp / "cni";
    ASSERT_TRUE(commit(directory, {reservation(2)}));
    const auto before = std::filesystem::file_size(directory / "journal");
    ASSERT_TRUE(commit(directory, {reservation(3)}));
    const auto after = std::filesystem::file_size(directory / "journal");
    for (auto size = before; size < after; ++size) {
        std::filesystem::resize_file(directory / "journal", size);
        EXPECT_EQ(containers(directory), std::set<std::string>{"c2"}) << size;
        ASSERT_TRUE(commit(directory, {reservation(3)})) << size;
        EXPECT_EQ(containers(directory), (std::set<std::string>{"c2", "c3"})) << size;
    }
}

TEST(Store, DamageInTheMiddleIsTold) {
    const TempDirectory temp;
    const auto directory = temp / "cni";
    ASSERT_TRUE(commit(directory, {reservation(2), reservation(3)}));
    {
        std::fstream file{directory / "journal", std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(6);
        file.put('!');
    }
    const auto store = Store::open(directory, kPatience);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, std::errc::bad_message);
    EXPECT_NE(store.error().cause.find("record 1"), std::string::npos);
    EXPECT_NE(store.error().remedy.find("journal"), std::string::npos);
    std::filesystem::rename(directory / "journal", directory / "journal.bad");
    EXPECT_TRUE(commit(directory, {reservation(4)}));
}

TEST(Store, FollowsNoLinkAndTakesNoStrangersFile) {
    const TempDirectory temp;
    const auto victim = temp.write("victim", "precious");
    for (const char* name : {"journal", "lock"}) {
        const auto directory = temp / (std::string{"planted-"} + name);
        std::filesystem::create_directory(directory);
        std::filesystem::permissions(directory, std::filesystem::perms{0750});
        std::filesystem::create_symlink(victim, directory / name);
        const auto store = Store::open(directory, kPatience);
        ASSERT_FALSE(store) << name;
        EXPECT_EQ(store.error().code, std::errc::operation_not_permitted);
        EXPECT_FALSE(store.error().remedy.empty());
        std::filesystem::remove(directory / name);
        std::filesystem::create_hard_link(victim, directory / name);
        EXPECT_FALSE(Store::open(directory, kPatience)) << name;
    }
    std::filesystem::create_directory(temp / "real");
    std::filesystem::create_directory_symlink(temp / "real", temp / "link");
    EXPECT_FALSE(Store::open(temp / "link", kPatience));
    std::filesystem::create_directory(temp / "open");
    std::filesystem::permissions(temp / "open", std::filesystem::perms{0777});
    EXPECT_FALSE(Store::open(temp / "open", kPatience));
    EXPECT_EQ(std::filesystem::file_size(victim), 8U);
}

TEST(Store, AFullJournalBecomesASnapshot) {
    const TempDirectory temp;
    const auto directory = temp / "cni";
    temp.write("cni/journal.new", "what a crash left");
    std::filesystem::permissions(directory, std::filesystem::perms{0750});
    for (unsigned round = 0; round < 30; ++round) {
        std::vector<Event> events;
        for (unsigned i = 0; i < 50; ++i) {
            events.push_back(reservation(round * 50 + i));
            events.push_back(release(round * 50 + i));
        }
        events.push_back(reservation(60'000));
        ASSERT_TRUE(commit(directory, events));
    }
    EXPECT_LT(std::filesystem::file_size(directory / "journal"), 150'000U);
    EXPECT_FALSE(std::filesystem::exists(directory / "journal.new"));
    const auto store = Store::open(directory, kPatience);
    ASSERT_TRUE(store);
    EXPECT_EQ(store->ledger().leases().size(), 1U);
    EXPECT_TRUE(store->ledger().is_resting(nth(7), kNow + 1));
}

TEST(Store, OneWritesAtATime) {
    const TempDirectory temp;
    const auto first = Store::open(temp / "cni", kPatience);
    ASSERT_TRUE(first);
    const auto second = Store::open(temp / "cni", kNoPatience);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, std::errc::timed_out);
}

/// What a limit on the file's size leaves of a write is what a full disk leaves of it.
TEST(Store, AWriteThatFailsHalfWayLeavesNothing) {
    const TempDirectory temp;
    const auto directory = temp / "cni";
    ASSERT_TRUE(commit(directory, {reservation(2)}));
    const auto before = std::filesystem::file_size(directory / "journal");
    rlimit usual{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit tight{before + 20, usual.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
    const Result<> failed = commit(directory, {reservation(3)});
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
    std::signal(SIGXFSZ, SIG_DFL);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, std::errc::file_too_large);
    EXPECT_EQ(std::filesystem::file_size(directory / "journal"), before);
    ASSERT_TRUE(commit(directory, {reservation(4)}));
    EXPECT_EQ(containers(directory), (std::set<std::string>{"c2", "c4"}));
}

/// A process commits and says so, one by one; killed at any moment, all that it said is there.
TEST(Store, WhatWasAcknowledgedSurvivesAKill) {
    const TempDirectory temp;
    const auto directory = temp / "cni";
    unsigned begin = 0;
    std::set<std::string> acknowledged;
    for (int kill_after_us = 0; kill_after_us < 20'000; kill_after_us += 1'000) {
        int ends[2] = {-1, -1};
        ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            for (unsigned n = begin;; ++n) {
                if (!commit(directory, {reservation(n)}) ||
                    ::write(ends[1], &n, sizeof n) != sizeof n) {
                    ::_exit(1);
                }
            }
        }
        ::close(ends[1]);
        ::usleep(static_cast<useconds_t>(kill_after_us));
        ::kill(child, SIGKILL);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status));
        unsigned said = 0;
        while (::read(ends[0], &said, sizeof said) == sizeof said) {
            acknowledged.insert("c" + std::to_string(said));
            begin = said + 1;
        }
        ::close(ends[0]);
        const std::set<std::string> there = containers(directory);
        for (const std::string& name : acknowledged) {
            ASSERT_TRUE(there.contains(name)) << name;
        }
        // The one that it did not come to acknowledge may be there; nothing else is.
        ASSERT_LE(there.size(), acknowledged.size() + 1);
        if (there.size() == acknowledged.size() + 1) {
            ASSERT_TRUE(commit(directory, {Dropped{{"c" + std::to_string(begin), "eth0"}}}));
        }
    }
}

}  // namespace
}  // namespace weft::ipam

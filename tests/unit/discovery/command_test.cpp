// SPDX-License-Identifier: Apache-2.0
// Programs of every kind: those that end well, fail, hang, chatter, leave others behind; and what
// they see of the daemon.
#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <weft/base/clock.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/discovery/command.hpp>
#include <weft/sys/wake_fd.hpp>

#include "temp_directory.hpp"

namespace weft::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class CommandTest : public ::testing::Test {
  protected:
    Result<std::string> run_script(const std::string& script) {
        command_.arguments = {"/bin/sh", "-c", script};
        return run(command_, stop_.fd());
    }
    std::string cause_of(const std::string& script) {
        const auto output = run_script(script);
        return output ? "" : output.error().cause;
    }

    sys::WakeFd stop_;
    Command command_{{}, seconds{10}, 1 << 20, "no-such-user"};
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(CommandTest, OutputIsReturnedWholeAndStderrIsNot) {
    const auto output = run_script("echo one; echo two >&2; head -c 300000 /dev/zero | tr '\\0' x");
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_EQ(output->size(), 300004U);
    EXPECT_EQ(output->substr(0, 5), "one\nx");
}

TEST_F(CommandTest, ArgumentsReachItAsTheyAre) {
    command_.arguments = {"/bin/echo", "a b", "$HOME; `id`", ""};
    const auto output = run(command_, stop_.fd());
    ASSERT_TRUE(output);
    EXPECT_EQ(*output, "a b $HOME; `id` \n");
}

TEST_F(CommandTest, AFailureIsToldWithTheLastLineOfStderr) {
    const std::string cause =
        cause_of("echo '{}'; echo first >&2; printf 'the\\033[1m token\\n\\n' >&2; exit 3");
    EXPECT_EQ(cause, "/bin/sh failed with exit code 3: the?[1m token");
    EXPECT_EQ(cause_of("exit 1"), "/bin/sh failed with exit code 1");
    EXPECT_EQ(cause_of("kill -TERM $$"), "/bin/sh was killed by signal 15");
    const std::string chatter =
        cause_of("head -c 1000000 /dev/zero | tr '\\0' y >&2; echo >&2; echo end >&2; exit 1");
    EXPECT_EQ(chatter, "/bin/sh failed with exit code 1: end");
}

TEST_F(CommandTest, WhatCannotBeRunIsToldAtOnce) {
    command_.arguments = {"/no/such/program"};
    const auto missing = run(command_, stop_.fd());
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, std::errc::no_such_file_or_directory);
    EXPECT_FALSE(missing.error().remedy.empty());
    const test::TempDirectory directory;
    command_.arguments = {directory.write("plain", "text").string()};
    const auto plain = run(command_, stop_.fd());
    ASSERT_FALSE(plain);
    EXPECT_EQ(plain.error().code, std::errc::permission_denied);
}

TEST_F(CommandTest, AtItsLimitTheWholeGroupIsKilled) {
    const test::TempDirectory directory;
    const std::string file = (directory / "alive").string();
    command_.limit = milliseconds{300};
    const Time started = BootClock::now();
    const std::string cause =
        cause_of("(sleep 2; : >" + file + ") & echo waiting >&2; trap '' TERM; sleep 60; echo {}");
    EXPECT_TRUE(has(cause, "did not end within")) << cause;
    EXPECT_TRUE(has(cause, "waiting")) << cause;
    EXPECT_LT(BootClock::now() - started, seconds{5});
    std::this_thread::sleep_for(milliseconds{2200});
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(CommandTest, WhatItLeavesRunningIsNotWaitedForAndKilled) {
    const test::TempDirectory directory;
    const std::string file = (directory / "alive").string();
    const Time started = BootClock::now();
    const auto output = run_script("(sleep 2; : >" + file + ") & echo done");
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_EQ(*output, "done\n");
    EXPECT_LT(BootClock::now() - started, milliseconds{1900});
    std::this_thread::sleep_for(milliseconds{2300});
    EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(CommandTest, EndlessOutputEndsAtItsBound) {
    command_.output_max = 100'000;
    const Time started = BootClock::now();
    EXPECT_TRUE(has(cause_of("exec yes"), "printed more than 100000 bytes"));
    EXPECT_TRUE(has(cause_of("head -c 100001 /dev/zero"), "printed more"));
    EXPECT_EQ(run_script("head -c 100000 /dev/zero").value().size(), 100'000U);
    EXPECT_LT(BootClock::now() - started, seconds{5});
}

TEST_F(CommandTest, AStopEndsItAtOnce) {
    const Time started = BootClock::now();
    std::thread other{[this] {
        std::this_thread::sleep_for(milliseconds{100});
        stop_.wake();
    }};
    const auto output = run_script("sleep 60");
    other.join();
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, std::errc::operation_canceled);
    EXPECT_LT(BootClock::now() - started, seconds{5});
}

TEST_F(CommandTest, NothingOfTheDaemonIsInherited) {
    const test::ScopedVariable secret{"SCW_SECRET_KEY", "secret"};
    const test::ScopedVariable proxy{"https_proxy", "http://proxy.example:3128"};
    const UniqueFd null{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    const UniqueFd leaked{::fcntl(null.get(), F_DUPFD, 50)};  // without O_CLOEXEC
    const auto previous = std::signal(SIGPIPE, SIG_IGN);
    const auto output = run_script(
        "env; pwd; readlink /proc/self/fd/0; echo fds $(ls /proc/$$/fd | grep ..); grep -E "
        "'^(NoNewPrivs|SigIgn|SigBlk|CapAmb):' /proc/self/status; ps -o pgid= -p $$ | tr -d ' '; "
        "echo $$");
    std::signal(SIGPIPE, previous);
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_FALSE(has(*output, "secret")) << *output;
    EXPECT_TRUE(has(*output, "https_proxy=http://proxy.example:3128\n")) << *output;
    EXPECT_TRUE(has(*output, "\n/\n/dev/null\n")) << *output;
    EXPECT_TRUE(has(*output, "fds\n")) << *output;  // none beyond those of the shell itself
    EXPECT_TRUE(has(*output, "NoNewPrivs:\t1\n")) << *output;
    EXPECT_TRUE(has(*output, "SigIgn:\t0000000000000000\n")) << *output;
    EXPECT_TRUE(has(*output, "SigBlk:\t0000000000000000\n")) << *output;
    EXPECT_TRUE(has(*output, "CapAmb:\t0000000000000000\n")) << *output;
    const std::size_t group = output->rfind('\n', output->size() - 2);
    const std::string pid = output->substr(group + 1);
    EXPECT_TRUE(has(*output, "\n" + pid + pid)) << *output;
}

TEST_F(CommandTest, ARootWhoMayNotChangeTheUserIsTold) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "not root";
    }
    command_.user = "nobody";
    command_.arguments = {"/bin/echo", "x"};
    Result<std::string> output = invalid("not run");
    std::thread other{[&] {  // capabilities are a thread's
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
        ASSERT_EQ(::syscall(SYS_capset, &header, none.data()), 0);
        output = run(command_, stop_.fd());
    }};
    other.join();
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().code, std::errc::operation_not_permitted);
    EXPECT_TRUE(has(output.error().remedy, "CAP_SETUID")) << output.error().message();
}

TEST_F(CommandTest, RootWithoutThatUserKeepsNoCapability) {
    const auto output = run_script("grep -E '^Cap(Inh|Prm|Eff|Amb):' /proc/self/status");
    ASSERT_TRUE(output) << output.error().message();
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
        EXPECT_TRUE(has(*output, std::string{set} + ":\t0000000000000000\n")) << *output;
    }
}

TEST_F(CommandTest, WhereUsersCannotBeLookedUpNothingIsRun) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "not root";
    }
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    int last = 0;
    {  // as many as it needs itself, so that there is none for /etc/passwd
        std::array<UniqueFd, 7> own;
        for (UniqueFd& fd : own) {
            fd = UniqueFd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
            last = fd.get();
        }
    }
    const rlimit few{static_cast<rlim_t>(last) + 1, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const auto output = run_script("echo x");
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(output);
    EXPECT_TRUE(has(output.error().cause, "look up the user")) << output.error().message();
}

TEST_F(CommandTest, WhoseEndNobodyKnowsHasFailed) {
    const auto previous = std::signal(SIGCHLD, SIG_IGN);
    const auto output = run_script("echo x");
    std::signal(SIGCHLD, previous);
    ASSERT_FALSE(output);
    EXPECT_TRUE(has(output.error().cause, "wait for a program")) << output.error().message();
}

TEST_F(CommandTest, RunsAsAnotherUserWhereThereIsOneAndWeAreRoot) {
    if (::geteuid() != 0) {
        GTEST_SKIP() << "not root";
    }
    command_.user = "nobody";
    const auto output = run_script("id -u; id -G; grep ^CapEff: /proc/self/status");
    ASSERT_TRUE(output) << output.error().message();
    EXPECT_EQ(*output, "65534\n65534\nCapEff:\t0000000000000000\n");
}

}  // namespace
}  // namespace weft::discovery

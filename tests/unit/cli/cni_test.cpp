// SPDX-License-Identifier: Apache-2.0
// weft cni install and uninstall, and what weft ipam tells of the ledger, in directories of the
// test's own.
#include <gtest/gtest.h>

#include <weft/api/node_file.hpp>
#include <weft/base/boot_id.hpp>
#include <weft/ipam/store.hpp>

#include "command_line.hpp"
#include "temp_directory.hpp"

namespace weft::cli {
namespace {

using test::Outcome;
using test::weft;

class Cni : public ::testing::Test {
  protected:
    void SetUp() override {
        temp_.write("weft-cni", "the plugin");
        temp_.write("weft.toml", "[node]\nname = \"a\"\n");
    }
    void say(bool ready, const std::string& reason = {}) const {
        api::NodeFile node;
        node.ready = ready;
        node.reason = reason;
        node.interface = "weft0";
        node.mtu = 1420;
        node.pools = node.blocks = {*net::Prefix::parse("10.44.0.0/24")};
        node.gateway4 = net::IpAddress::parse("10.44.0.1");
        temp_.write("run/node.json", api::to_json(node));
    }
    [[nodiscard]] Outcome run(std::vector<std::string> arguments) const {
        const test::ScopedVariable run_dir{"WEFT_RUN_DIR", temp_ / "run"};
        const test::ScopedVariable config{"WEFT_CONFIG", temp_ / "weft.toml"};
        for (const char* option : {"--conf-dir", "--bin-dir"}) {
            arguments.emplace_back(option);
            arguments.push_back(temp_ / (option + 2));
        }
        return weft(arguments);
    }
    [[nodiscard]] Outcome install(const std::vector<std::string>& more = {}) const {
        std::vector<std::string> arguments{
            "cni", "install", "--binary", temp_ / "weft-cni", "--state-dir", temp_ / "state"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return run(arguments);
    }
    [[nodiscard]] bool there(const std::string& file) const {
        return std::filesystem::exists(temp_ / file);
    }

    test::TempDirectory temp_;
};

TEST_F(Cni, installs_binary_ledger_and_network_and_takes_them_back) {
    say(true);
    for (int i = 0; i < 2; ++i) {
        const Outcome outcome = install();
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    }
    std::ifstream file{temp_ / "conf-dir/10-weft.conflist"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(text,
              R"({"cniVersion":"1.0.0","name":"weft","plugins":[{"type":"weft-cni","nodeFile":")" +
                  (temp_ / "run/node.json").string() + R"(","stateDir":")" +
                  (temp_ / "state").string() + R"(","capabilities":{"ips":true,"mac":true}}]})" +
                  "\n");
    EXPECT_TRUE(there("state"));
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(temp_ / "bin-dir/weft-cni").permissions(), perms{0755});
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(run({"cni", "uninstall"}).exit_code, 0);
    }
    EXPECT_FALSE(there("conf-dir/10-weft.conflist") || there("bin-dir/weft-cni"));
    EXPECT_TRUE(there("state"));
}

TEST_F(Cni, the_network_waits_until_the_node_is_ready) {
    say(false, "it is in no network");
    const Outcome outcome = install();
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_NE(outcome.err.find("it is in no network"), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find("--wait-ready"), std::string::npos) << outcome.err;
    EXPECT_TRUE(there("bin-dir/weft-cni"));
    EXPECT_FALSE(there("conf-dir/10-weft.conflist"));
    EXPECT_EQ(install({"--wait-ready", "--timeout", "1"}).exit_code, 5);
}

TEST_F(Cni, portmap_is_in_the_chain_where_it_is_installed) {
    say(true);
    temp_.write("bin-dir/portmap", "another plugin");
    ASSERT_EQ(install().exit_code, 0);
    std::ifstream file{temp_ / "conf-dir/10-weft.conflist"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_NE(text.find(R"({"type":"portmap","capabilities":{"portMappings":true}}]})"),
              std::string::npos);
}

TEST_F(Cni, the_ledgers_directory_is_absolute_and_the_plugins_own) {
    say(true);
    const Outcome relative =
        run({"cni", "install", "--binary", temp_ / "weft-cni", "--state-dir", "state"});
    EXPECT_EQ(relative.exit_code, 1);
    EXPECT_NE(relative.err.find("absolute"), std::string::npos) << relative.err;
    using std::filesystem::perms;
    temp_.write("state/precious", "of somebody else");
    const perms before = std::filesystem::status(temp_ / "state").permissions();
    const Outcome foreign = install();
    EXPECT_EQ(foreign.exit_code, 1);
    EXPECT_NE(foreign.err.find("something else in it"), std::string::npos) << foreign.err;
    EXPECT_EQ(std::filesystem::status(temp_ / "state").permissions(), before);
    EXPECT_FALSE(there("bin-dir/weft-cni") || there("conf-dir/10-weft.conflist"));
    std::filesystem::remove(temp_ / "state/precious");
    temp_.write("state/lock", "");
    std::filesystem::permissions(temp_ / "state", perms{0700});
    ASSERT_EQ(install().exit_code, 0);
    EXPECT_EQ(std::filesystem::status(temp_ / "state").permissions(), perms{0750});
}

TEST_F(Cni, the_network_is_json_whatever_a_directory_is_called) {
    say(true);
    const std::string odd = temp_ / "odd\"\\name";
    ASSERT_EQ(run({"cni", "install", "--binary", temp_ / "weft-cni", "--state-dir", odd}).exit_code,
              0);
    std::ifstream file{temp_ / "conf-dir/10-weft.conflist"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_NE(text.find(R"(odd\"\\name",)"), std::string::npos) << text;
}

TEST_F(Cni, the_binary_that_is_in_its_place_stays) {
    say(true);
    temp_.write("bin-dir/weft-cni", "the plugin");
    const auto written = std::filesystem::last_write_time(temp_ / "bin-dir/weft-cni");
    ASSERT_EQ(run({"cni",
                   "install",
                   "--binary",
                   temp_ / "bin-dir/weft-cni",
                   "--state-dir",
                   temp_ / "state"})
                  .exit_code,
              0);
    EXPECT_EQ(std::filesystem::last_write_time(temp_ / "bin-dir/weft-cni"), written);
}

TEST_F(Cni, the_log_tells_what_the_ledger_holds) {
    auto store = ipam::Store::open(temp_ / "state", std::chrono::milliseconds{100});
    ASSERT_TRUE(store);
    const ipam::Attachment who{"c1", "eth0"};
    const ipam::Lease lease{
        "weft", ipam::link_name(who), "boot", 1'000, {*net::IpAddress::parse("10.44.0.2")}};
    ASSERT_TRUE(store->commit(
        std::vector<ipam::Event>{ipam::Reserved{who, lease}, ipam::Released{who, 2'000}}, 2'000));
    const Outcome log = weft({"ipam", "log", "--json", "--state-dir", temp_ / "state"});
    EXPECT_EQ(log.exit_code, 0);
    EXPECT_EQ(log.out,
              R"({"api":"weft/v1","events":[{"event":"reserved","at_ms":1000,"container":"c1",)"
              R"("interface":"eth0","addresses":["10.44.0.2"]},{"event":"released","at_ms":2000,)"
              R"("container":"c1","interface":"eth0","addresses":[]}]})"
              "\n");
    temp_.write("state/journal", "damage of more than a crash leaves" + std::string(100'000, 'x'));
    const Outcome damaged = weft({"ipam", "log", "--state-dir", temp_ / "state"});
    EXPECT_EQ(damaged.exit_code, 1);
    EXPECT_NE(damaged.err.find("move the file 'journal' away"), std::string::npos) << damaged.err;
}

}  // namespace
}  // namespace weft::cli

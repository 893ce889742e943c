// SPDX-License-Identifier: Apache-2.0
// weft check --offline: no daemon is asked, and what is wrong is named with its remedy.
#include <cstdlib>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <weft/api/check.hpp>

#include "command_line.hpp"
#include "temp_directory.hpp"

namespace weft::test {
namespace {

class OfflineCheck : public testing::Test {
  protected:
    void SetUp() override {
        ::unsetenv("WEFT_ISA");
        ::setenv("WEFT_STATE_DIR", state().c_str(), 1);
    }
    void TearDown() override { ::unsetenv("WEFT_STATE_DIR"); }

    [[nodiscard]] std::string state() const { return (directory_.path() / "state").string(); }
    /// With that weft.toml.
    Outcome check(const std::string& config, const std::string& option = "--offline") {
        const std::string file = directory_.write("weft.toml", config).string();
        return weft({"--config", file, "check", "--offline", option});
    }
    /// Of the one named `name`.
    api::Check one(const std::string& config, const std::string& name) {
        const auto checks = api::parse_checks(check(config, "--json").out);
        for (const api::Check& each : checks ? *checks : std::vector<api::Check>{}) {
            if (each.name == name) {
                return each;
            }
        }
        return {};
    }

    TempDirectory directory_;
};

TEST_F(OfflineCheck, looks_at_this_machine_alone) {
    const Outcome outcome = check("");
    EXPECT_TRUE(outcome.exit_code == 0 || outcome.exit_code == 4) << outcome.exit_code;
    EXPECT_EQ(outcome.err, "");
    for (const char* name : {"configuration", "cipher", "tun", "state", "ip_forward"}) {
        EXPECT_NE(outcome.out.find(name), std::string::npos) << name;
    }
    EXPECT_EQ(one("", "configuration").state, "ok");
    EXPECT_EQ(one("", "cipher").state, "ok");
    EXPECT_EQ(one("", "state").state, "ok");
}

TEST_F(OfflineCheck, tells_of_a_bad_configuration) {
    const Outcome outcome = check("[node]\nmtuu = 1\n");
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_NE(outcome.out.find("did you mean 'mtu'"), std::string::npos) << outcome.out;
    EXPECT_EQ(one("[node]\nmtuu = 1\n", "configuration").state, "error");
}

TEST_F(OfflineCheck, tells_of_a_cipher_that_this_processor_has_not) {
    const api::Check cipher = one("[node]\nisa = \"abacus\"\n", "cipher");
    EXPECT_EQ(cipher.state, "error");
    EXPECT_NE(cipher.detail.find("abacus"), std::string::npos) << cipher.detail;
}

TEST_F(OfflineCheck, tells_of_keys_that_others_can_read) {
    ASSERT_EQ(::mkdir(state().c_str(), 0700), 0);
    EXPECT_EQ(one("", "state").state, "ok");
    ASSERT_EQ(::chmod(state().c_str(), 0750), 0);
    EXPECT_EQ(one("", "state").state, "error");
    EXPECT_EQ(one("", "state").remedy, "chmod 700 " + state());
}

}  // namespace
}  // namespace weft::test

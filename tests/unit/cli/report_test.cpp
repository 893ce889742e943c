// SPDX-License-Identifier: Apache-2.0
// A report has nothing secret in it, whatever the files that it is made of say.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "command_line.hpp"
#include "report_parts.hpp"

namespace weft::test {
namespace {

using cli::redact;

const std::string kPublic = "Hn1XLTXZvVyL8Zt7cJmCrbHVPLBw0VmEa2hIUJ5rwE0=";
const std::string kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

TEST(Report, LeavesOutWhatMayBeAKeyOrAToken) {
    const std::string hex(64, 'a');
    for (const std::string& secret : {kPrivate,
                                      hex,
                                      std::string{"weft1_AbC-d_9"},
                                      std::string{"weftcert1_xyz"},
                                      std::string{"weftreq1_xyz"},
                                      "/dev/" + kPrivate}) {
        for (const auto& [before, after] :
             {std::pair{"", ""}, std::pair{"token=", "\n"}, std::pair{"\"", "\","}}) {
            const std::string text = before + secret + after;
            EXPECT_EQ(redact(text, {kPublic}).find(secret), std::string::npos) << text;
        }
    }
}

TEST(Report, KeepsWhatIsKnownToBePublicAndAllElse) {
    const std::string text = "peer " + kPublic +
                             " weft0 10.44.1.0/24 fd44::1 2001:db8::1 journal-1_ weft-cni weft1\n"
                             "id 0123456789abcdef0123456789abcdef = 'ä' \n\x01";
    EXPECT_EQ(redact(text, {kPublic}), text);
    EXPECT_EQ(redact("", {}), "");
}

TEST(Report, IsATarThatTarReads) {
    const auto file = std::filesystem::temp_directory_path() / "weft-report-test.tar";
    std::filesystem::remove(file);
    std::ofstream{file, std::ios::binary}
        << cli::build_tar("d", {{"a.txt", "", "one\n"}, {"b.txt", "", std::string(512, 'x')}}, 1);
    EXPECT_EQ(
        std::system(
            ("tar tf " + file.string() + " | tr '\\n' ' ' | grep -qx 'd/a.txt d/b.txt '").c_str()),
        0);
    EXPECT_EQ(std::system(("[ \"$(tar xOf " + file.string() + " d/a.txt)\" = one ]").c_str()), 0);
    std::filesystem::remove(file);
}

TEST(Report, IsWrittenWithoutADaemonForItsOwnerAloneAndNeverOverSomething) {
    const auto file = std::filesystem::temp_directory_path() / "weft-report-test.out";
    std::filesystem::remove(file);
    const auto report = [&] {
        return weft({"report", "--output", file.string(), "--socket", "/nowhere/weftd.sock"});
    };
    const Outcome first = report();
    EXPECT_EQ(first.exit_code, 0) << first.err;
    for (const char* name : {"status.json", "weft.toml", "nft.txt", "log.txt"}) {
        EXPECT_NE(first.out.find(name), std::string::npos) << name;
    }
    EXPECT_NE(first.out.find("metrics.txt"), std::string::npos) << "the usual configuration";
    struct stat about {};
    ASSERT_EQ(::stat(file.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    EXPECT_EQ(report().exit_code, 1);
    std::filesystem::remove(file);
}

TEST(Report, GoesToStdoutAsItIs) {
    const Outcome outcome = weft({"report", "--stdout", "--socket", "/nowhere/weftd.sock"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out.size() % 512, 0U);
    EXPECT_EQ(outcome.out.substr(257, 5), "ustar");
    EXPECT_NE(outcome.err.find("status.json"), std::string::npos);
    EXPECT_EQ(weft({"report", "--stdout", "--output", "x"}).exit_code, 2);
}

}  // namespace
}  // namespace weft::test

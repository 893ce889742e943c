// SPDX-License-Identifier: Apache-2.0
// weft node rotate, cert, root and issuer: what the daemon is asked, what is printed and where,
// exit codes; that an export's file is the owner's and overwrites none, and that no passphrase is
// ever printed.
#include <fstream>
#include <sstream>

#include <stdlib.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include <weft/api/network.hpp>
#include <weft/api/network_keys.hpp>

#include "command_line.hpp"
#include "temp_directory.hpp"

namespace weft::cli {
namespace {

using test::against;
using test::body_of;
using test::FakeDaemon;
using test::kNow;
using test::ok;
using test::Outcome;
using test::refusal;
using test::request_line;
using test::weft;

const std::string kPassphrase = "correct horse battery";
const std::string kText = "weft-root 1 0123456789abcdef0123456789abcdef\nAAAA\n";
constexpr std::int64_t kDayMs = 86'400'000;

api::IssuerStatus issuer(std::uint32_t number, const std::string& name) {
    return {number, name, {"10.44.0.0/17", "fd44::/49"}, kNow + 3000 * kDayMs, false, false};
}

api::CertificateStatus certificate() {
    api::CertificateStatus b;
    b.network = "0123456789abcdef0123456789abcdef";
    b.name = "b";
    b.id = "00112233445566778899aabbccddeeff";
    b.serial = 4'294'967'297;
    b.generation = 2;
    b.blocks = {"10.44.1.0/24", "fd44:0:0:1::/64"};
    b.not_before_ms = kNow - 3 * kDayMs;
    b.not_after_ms = kNow + 360 * kDayMs;
    b.identity_key = "keyI";
    b.public_key = "keyW";
    b.gossip_key = "keyG";
    b.issuer = issuer(1, "a");
    return b;
}

TEST(WeftRotate, says_whether_it_is_done) {
    FakeDaemon daemon{{ok(api::to_json(api::RotationReply{"b", false, "keyW", 3})),
                       ok(api::to_json(api::RotationReply{"b", true, "keyW", 2})),
                       refusal()}};
    Outcome outcome = against(daemon, {"node", "rotate"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "b has new keys: public key keyW, generation 3\n");
    outcome = against(daemon, {"node", "rotate"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "new keys are made, and the issuer is asked to certify them; until it has, those of "
              "before stay in use (weft cert show)\n");
    outcome = against(daemon, {"node", "rotate"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "weft: cause (remedy)\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "POST /v1/rotate");
    EXPECT_EQ(body_of(daemon.requests().at(0)), "{}");
}

TEST(WeftCert, by_hand_is_a_word_on_stdout_each) {
    const std::string word = ok(api::to_json(api::CertificateWord{"weftcert1_BBBB"}));
    api::NetworkReply network;
    network.network = "0123456789abcdef0123456789abcdef";
    network.name = "c";
    network.blocks = {"10.44.2.0/24"};
    FakeDaemon daemon{{word, word, word, ok(api::to_json(network))}};
    Outcome outcome = against(daemon, {"cert", "request", "--name", "c"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "weftcert1_BBBB\n");
    outcome = against(
        daemon, {"cert", "sign", "-", "--ephemeral", "--route", "192.0.2.0/24"}, "weftreq1_AA\n");
    EXPECT_EQ(outcome.exit_code, 0);
    outcome = against(daemon, {"node", "adopt", "b", "weftreq1_AA"});
    EXPECT_EQ(outcome.exit_code, 0);
    outcome = against(daemon, {"cert", "install", "weftcert1_BBBB"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "network 0123456789abcdef0123456789abcdef: this node is c with 10.44.2.0/24\n");
    const auto requests = daemon.requests();
    EXPECT_EQ(request_line(requests.at(0)), "POST /v1/certificate/request");
    EXPECT_EQ(body_of(requests.at(0)), R"({"name":"c"})");
    EXPECT_EQ(
        body_of(requests.at(1)),
        R"({"request":"weftreq1_AA","name":"","replace":"","ephemeral":true,"routed":["192.0.2.0/24"]})");
    EXPECT_EQ(body_of(requests.at(2)),
              R"({"request":"weftreq1_AA","name":"","replace":"b","ephemeral":false,"routed":[]})");
    EXPECT_EQ(request_line(requests.at(3)), "POST /v1/certificate/install");
    for (const std::vector<std::string>& wrong : {std::vector<std::string>{"cert", "sign"},
                                                  {"cert", "sign", "weft1_AAAA"},
                                                  {"node", "adopt", "b", "weftcert1_AA"},
                                                  {"cert", "install", "weftreq1_AA"}}) {
        EXPECT_EQ(against(word, wrong).exit_code, 2) << wrong.back();
    }
}

TEST(WeftCert, show_tells_all_of_it) {
    const std::string body = api::to_json(certificate());
    FakeDaemon daemon{ok(body)};
    const Outcome outcome = against(daemon, {"cert", "show"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "network          0123456789abcdef0123456789abcdef\n"
              "name             b\n"
              "id               00112233445566778899aabbccddeeff\n"
              "serial           4294967297\n"
              "generation       2\n"
              "blocks           10.44.1.0/24, fd44:0:0:1::/64\n"
              "routed           –\n"
              "begins           3 d ago\n"
              "ends             in 360 d\n"
              "identity key     keyI\n"
              "public key       keyW\n"
              "gossip key       keyG\n"
              "issuer           1 on a\n"
              "issuer's slices  10.44.0.0/17, fd44::/49\n"
              "issuer ends      in 3000 d\n"
              "under way        –\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "GET /v1/certificate");
    EXPECT_EQ(against(daemon, {"cert", "show", "--json"}).out, body + "\n");
}

TEST(WeftCert, show_tells_what_is_under_way) {
    const auto last_line = [](const api::CertificateStatus& certificate) {
        std::string out = against(ok(api::to_json(certificate)), {"cert", "show"}).out;
        out.pop_back();
        return out.substr(out.rfind('\n') + 1);
    };
    api::CertificateStatus b = certificate();
    b.renewing = true;
    EXPECT_TRUE(last_line(b).starts_with("under way        a renewal is asked for"))
        << last_line(b);
    b.rotating = true;
    EXPECT_TRUE(last_line(b).starts_with("under way        new keys wait")) << last_line(b);
    b.ephemeral = true;
    b.issuer.self = true;
    b.issuer.revoked = true;
    const std::string out = against(ok(api::to_json(b)), {"cert", "show"}).out;
    EXPECT_NE(out.find("b (ephemeral)\n"), std::string::npos) << out;
    EXPECT_NE(out.find("1 on a (this node), revoked\n"), std::string::npos) << out;
}

class WeftRoot : public testing::Test {
  protected:
    WeftRoot() { ::unsetenv("WEFT_PASSPHRASE"); }
    WeftRoot(const WeftRoot&) = delete;
    WeftRoot& operator=(const WeftRoot&) = delete;
    ~WeftRoot() override { ::unsetenv("WEFT_PASSPHRASE"); }

    static std::string text_of(const std::filesystem::path& file) {
        std::ostringstream text;
        text << std::ifstream{file}.rdbuf();
        return text.str();
    }
    [[nodiscard]] std::string passphrase() const {
        return directory_.write("passphrase", kPassphrase + "\n").string();
    }

    test::TempDirectory directory_;
    FakeDaemon exporter_{ok(api::to_json(api::RootText{kText}))};
};

TEST_F(WeftRoot, export_goes_to_stdout) {
    const Outcome outcome =
        against(exporter_, {"root", "export", "--passphrase-file", passphrase()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, kText);
    EXPECT_EQ(outcome.err, "");
    ASSERT_EQ(exporter_.requests().size(), 1U);
    EXPECT_EQ(request_line(exporter_.requests()[0]), "POST /v1/root/export");
    EXPECT_EQ(body_of(exporter_.requests()[0]), api::to_json(api::RootExportRequest{kPassphrase}));
}

TEST_F(WeftRoot, export_writes_a_file_of_the_owner_alone) {
    const std::string file = (directory_ / "root.txt").string();
    ::setenv("WEFT_PASSPHRASE", kPassphrase.c_str(), 1);
    const Outcome outcome = against(exporter_, {"root", "export", "--out", file});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find(file), std::string::npos);
    EXPECT_EQ(outcome.err.find(kPassphrase), std::string::npos);
    EXPECT_EQ(text_of(file), kText);
    struct stat found {};
    ASSERT_EQ(::stat(file.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
}

TEST_F(WeftRoot, export_overwrites_nothing) {
    const std::string file = directory_.write("root.txt", "mine").string();
    const std::string link = (directory_ / "link").string();
    std::filesystem::create_symlink(directory_ / "elsewhere", link);
    for (const std::string& there : {file, link}) {
        const Outcome outcome = against(
            exporter_, {"root", "export", "--out", there, "--passphrase-file", passphrase()});
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_TRUE(outcome.err.starts_with("weft: " + there + " is there already")) << outcome.err;
    }
    EXPECT_EQ(text_of(file), "mine");
    EXPECT_FALSE(std::filesystem::exists(directory_ / "elsewhere"));
    EXPECT_TRUE(exporter_.requests().empty());
}

TEST_F(WeftRoot, export_leaves_no_file_where_it_failed) {
    const std::string file = (directory_ / "root.txt").string();
    const FakeDaemon daemon{refusal()};
    const Outcome outcome =
        against(daemon, {"root", "export", "--out", file, "--passphrase-file", passphrase()});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "weft: cause (remedy)\n");
    EXPECT_FALSE(std::filesystem::exists(file));
    EXPECT_EQ(
        against(exporter_,
                {"root", "export", "--out", "/nonexistent/x", "--passphrase-file", passphrase()})
            .exit_code,
        1);
}

TEST_F(WeftRoot, a_passphrase_file_has_one_line) {
    for (const std::string& text : {std::string{}, std::string{"\n"}, std::string{"a\nb\n"}}) {
        const std::string file = directory_.write("p", text).string();
        const Outcome outcome = against(exporter_, {"root", "export", "--passphrase-file", file});
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_TRUE(outcome.err.ends_with("(a passphrase is one line)\n")) << outcome.err;
    }
    const std::string large = directory_.write("p", std::string(2000, 'p')).string();
    for (const std::string& file : {large, std::string{"/nonexistent"}}) {
        EXPECT_EQ(against(exporter_, {"root", "export", "--passphrase-file", file}).exit_code, 1);
    }
    EXPECT_TRUE(exporter_.requests().empty());
    const std::string spaces = directory_.write("p", " two  words \r\n").string();
    static_cast<void>(against(exporter_, {"root", "export", "--passphrase-file", spaces}));
    EXPECT_EQ(body_of(exporter_.requests().at(0)),
              api::to_json(api::RootExportRequest{" two  words "}));
}

TEST_F(WeftRoot, import_hands_the_text_on) {
    FakeDaemon daemon{{ok("{}"), ok("{}"), refusal()}};
    const std::string file = directory_.write("root.txt", kText).string();
    Outcome outcome = against(daemon, {"root", "import", file, "--passphrase-file", passphrase()});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out,
              "the root's key is on this node until weftd ends, or weft root remove --yes\n");
    outcome = against(daemon, {"root", "import", "-", "--passphrase-file", passphrase()}, kText);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    for (const std::string& request : daemon.requests()) {
        EXPECT_EQ(request_line(request), "POST /v1/root/import");
        EXPECT_EQ(body_of(request), api::to_json(api::RootImportRequest{kText, kPassphrase}));
    }
    outcome = against(daemon, {"root", "import", file, "--passphrase-file", passphrase()});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "weft: cause (remedy)\n");
}

TEST_F(WeftRoot, import_wants_a_text_of_bounded_size) {
    const std::string large(10'000, 'x');
    const std::string file = directory_.write("large", large).string();
    ::setenv("WEFT_PASSPHRASE", kPassphrase.c_str(), 1);
    EXPECT_EQ(weft({"root", "import", file}).exit_code, 1);
    EXPECT_EQ(weft({"root", "import", "-"}, large).exit_code, 1);
    EXPECT_EQ(weft({"root", "import", "/nonexistent"}).exit_code, 1);
    EXPECT_EQ(weft({"root", "import"}).exit_code, 2);
}

TEST_F(WeftRoot, remove_does_nothing_without_yes) {
    FakeDaemon daemon{ok("{}")};
    Outcome outcome = against(daemon, {"root", "remove"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(
        outcome.err.ends_with("(weft root export --out FILE first, then weft root remove --yes)\n"))
        << outcome.err;
    EXPECT_TRUE(daemon.requests().empty());
    outcome = against(daemon, {"root", "remove", "--yes"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "the root's key is not on this node any more\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "DELETE /v1/root");
}

TEST(WeftIssuer, a_request_is_alone_on_stdout) {
    FakeDaemon daemon{ok(api::to_json(api::IssuerWord{"weftissuer1_AbC"}))};
    const Outcome outcome = against(daemon, {"issuer", "request"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "weftissuer1_AbC\n");
    EXPECT_EQ(outcome.err, "on the node that has the root's key: weft issuer add WORD\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "POST /v1/issuers/request");
}

TEST(WeftIssuer, add_names_what_it_made) {
    FakeDaemon daemon{ok(api::to_json(issuer(2, "b")))};
    const Outcome outcome = against(daemon, {"issuer", "add", "weftissuer1_AbC-_"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "issuer 2 is b, with 10.44.0.0/17, fd44::/49\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "POST /v1/issuers");
    EXPECT_EQ(body_of(daemon.requests().at(0)),
              api::to_json(api::IssuerRequest{"weftissuer1_AbC-_"}));
    for (const std::string& word : {std::string{},
                                    std::string{"weft1_x"},
                                    std::string{"weftissuer1_a b"},
                                    "weftissuer1_" + std::string(2000, 'x')}) {
        EXPECT_EQ(against(daemon, {"issuer", "add", word}).exit_code, 2) << word;
    }
    EXPECT_EQ(daemon.requests().size(), 1U);
    EXPECT_EQ(against(refusal(), {"issuer", "add", "weftissuer1_AbC"}).err,
              "weft: cause (remedy)\n");
}

TEST(WeftIssuer, list_is_a_table) {
    api::IssuerStatus own = issuer(1, "a");
    own.self = true;
    api::IssuerStatus gone = issuer(2, "b\x1b");
    gone.revoked = true;
    const std::string body = api::to_json(std::vector{own, gone});
    const Outcome outcome = against(ok(body), {"issuer", "list"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "NUMBER  NAME  SLICES                   ENDS       NOTE\n"
              "1       a     10.44.0.0/17, fd44::/49  in 3000 d  self\n"
              "2       b?    10.44.0.0/17, fd44::/49  in 3000 d  revoked\n");
    EXPECT_EQ(against(ok(body), {"issuer", "list", "--json"}).out, body + "\n");
}

TEST(WeftIssuer, alone_does_nothing_without_yes) {
    FakeDaemon daemon{ok("{}")};
    Outcome outcome = against(daemon, {"issuer", "alone"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(outcome.err.ends_with("weft issuer alone --yes)\n")) << outcome.err;
    EXPECT_TRUE(daemon.requests().empty());
    outcome = against(daemon, {"issuer", "alone", "--yes"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "this node issues without waiting for another member\n");
}

TEST(WeftIssuer, revoke_does_nothing_without_yes) {
    FakeDaemon daemon{ok("{}")};
    Outcome outcome = against(daemon, {"issuer", "revoke", "2"});
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_TRUE(outcome.err.ends_with("(to do so: weft issuer revoke 2 --yes)\n")) << outcome.err;
    for (const char* name : {"", ".", "..", "../nodes/b", "b c", "b?x", "b%2f"}) {
        EXPECT_EQ(against(daemon, {"issuer", "revoke", name, "--yes"}).exit_code, 2) << name;
    }
    EXPECT_TRUE(daemon.requests().empty());
    outcome = against(daemon, {"issuer", "revoke", "b", "--yes"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "issuer b is revoked\n");
    EXPECT_EQ(request_line(daemon.requests().at(0)), "DELETE /v1/issuers/b");
}

TEST(WeftKeys, every_command_has_help_with_an_example) {
    for (const std::vector<std::string>& command : {std::vector<std::string>{"node", "rotate"},
                                                    {"cert", "show"},
                                                    {"root", "export"},
                                                    {"root", "import"},
                                                    {"root", "remove"},
                                                    {"issuer", "request"},
                                                    {"issuer", "add"},
                                                    {"issuer", "list"},
                                                    {"issuer", "revoke"}}) {
        std::vector<std::string> arguments = command;
        arguments.emplace_back("--help");
        const Outcome outcome = weft(arguments);
        EXPECT_EQ(outcome.exit_code, 0);
        const std::string example = "\n  weft " + command[0] + " " + command[1];
        EXPECT_NE(outcome.out.find(example), std::string::npos) << outcome.out;
    }
}

TEST(WeftKeys, wrong_usage_exits_2) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"root"},
                                                      {"issuer"},
                                                      {"cert"},
                                                      {"issuer", "add"},
                                                      {"issuer", "revoke"},
                                                      {"root", "export", "file"},
                                                      {"node", "rotate", "b"}}) {
        const Outcome outcome = weft(arguments);
        EXPECT_EQ(outcome.exit_code, 2);
        EXPECT_TRUE(outcome.err.ends_with(" (weft --help)\n")) << outcome.err;
    }
}

TEST(WeftKeys, an_answer_that_cannot_be_read_is_told) {
    ::setenv("WEFT_PASSPHRASE", kPassphrase.c_str(), 1);
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"node", "rotate"},
                                                      {"cert", "show"},
                                                      {"root", "export"},
                                                      {"issuer", "request"},
                                                      {"issuer", "add", "weftissuer1_x"},
                                                      {"issuer", "list"}}) {
        const Outcome outcome = against(ok("{}"), arguments);
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_EQ(outcome.err, "weft: the JSON field 'api' is missing\n");
    }
    ::unsetenv("WEFT_PASSPHRASE");
}

}  // namespace
}  // namespace weft::cli

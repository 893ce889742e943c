// SPDX-License-Identifier: Apache-2.0
// Whole commands: arguments in; output, messages and exit code out. The daemon is a thread that
// answers fixed bytes.
#include <fstream>
#include <sstream>

#include <stdlib.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include <weft/api/check.hpp>
#include <weft/api/status.hpp>
#include <weft/cli/main.hpp>

#include "../api/fake_daemon.hpp"
#include "command_line.hpp"
#include "temp_directory.hpp"

namespace weft::cli {
namespace {

using test::against;
using test::kNow;
using test::Outcome;
using test::weft;

api::Status example() {
    api::Status status;
    status.version = "0.1.0";
    status.verdict = "healthy";
    status.node.name = "node-a";
    status.node.listen_port = 51840;
    status.node.blocks = {"10.44.0.0/24"};
    api::PeerStatus b;
    b.name = "node-b";
    b.origin = "static";
    b.endpoint = "203.0.113.11:51840";
    b.allowed_ips = {"10.44.1.0/24", "fd44:0:0:1::/64"};
    b.session = "up";
    b.rtt_us = 412;
    b.loss_ppm = 12'345;
    b.last_handshake_ms = kNow - 12'000;
    b.rx_bytes = 1'288'490'189;
    b.tx_bytes = 830ULL << 20;
    api::PeerStatus c;
    c.name = "node-c";
    c.origin = "static";
    c.allowed_ips = {"10.44.2.0/24"};
    c.session = "none";
    status.peers = {b, c};
    status.drops = {{"auth_failed", 0}, {"no_route", 3}, {"unknown_type", 1}};
    return status;
}

api::Status degraded() {
    api::Status status = example();
    status.verdict = "degraded";
    status.problems = {{"peer_silent", "error", "node-c", "5 handshakes, no reply", "weft ping c"},
                       {"no_uso", "warning", "weft0", "the kernel has no USO", ""}};
    return status;
}

TEST(WeftStatus, prints_a_verdict_and_a_table) {
    const Outcome outcome = against(test::http("200 OK", api::to_json(example())), {"status"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out,
              "weft 0.1.0 · node-a · healthy (1/2 peers up, 0 problems)\n"
              "  NAME    BLOCK            ENDPOINT            SESSION  RTT      LOSS   HANDSHAKE  "
              "RX       TX\n"
              "* node-a  10.44.0.0/24     :51840              self     –        –      –          "
              "–        –\n"
              "  node-b  10.44.1.0/24 +1  203.0.113.11:51840  up       0.41 ms  1.2 %  12 s ago   "
              "1.2 GiB  830 MiB\n"
              "  node-c  10.44.2.0/24     –                   none     –        –      never      "
              "0 B      0 B\n"
              "  dropped: no_route 3, unknown_type 1\n");
}

TEST(WeftStatus, says_that_workers_share_the_cipher) {
    api::Status status = example();
    status.isa_chosen = "portable";
    status.shared_batches = 1200;
    const Outcome outcome = against(test::http("200 OK", api::to_json(status)), {"status"});
    EXPECT_NE(outcome.out.find("\n  shared by workers: 1200 batches of cipher portable\n"),
              std::string::npos)
        << outcome.out;
}

TEST(WeftStatus, prints_problems_and_exits_4_when_degraded) {
    const Outcome outcome = against(test::http("200 OK", api::to_json(degraded())), {"status"});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_NE(outcome.out.find("· degraded (1/2 peers up, 2 problems)\n"), std::string::npos);
    EXPECT_TRUE(
        outcome.out.ends_with("! node-c: 5 handshakes, no reply – try: weft ping c\n"
                              "! weft0: the kernel has no USO\n"))
        << outcome.out;
}

TEST(WeftStatus, advice_is_shown_and_counts_as_no_problem) {
    api::Status status = example();
    status.problems = {{"root_on_this_node", "info", "node-a", "the key lies here", "weft root"}};
    const Outcome outcome = against(test::http("200 OK", api::to_json(status)), {"status"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_NE(outcome.out.find("· healthy (1/2 peers up, 0 problems)\n"), std::string::npos);
    EXPECT_TRUE(outcome.out.ends_with("! node-a: the key lies here – try: weft root\n"))
        << outcome.out;
}

TEST(WeftStatus, points_to_the_socket_that_weftd_has_where_the_files_name_another) {
    const test::FakeDaemon daemon{test::http("200 OK", api::to_json(example()))};
    const std::filesystem::path directory = daemon.socket().parent_path();
    const std::filesystem::path file = directory / "weft.toml";
    std::ofstream{file} << "[api]\nsocket = \"" << (directory / "other.sock").string() << "\"\n";
    ::setenv("WEFT_CONFIG", file.c_str(), 1);
    ::setenv("WEFT_RUN_DIR", directory.c_str(), 1);
    const Outcome outcome = weft({"status"});
    ::unsetenv("WEFT_CONFIG");
    ::unsetenv("WEFT_RUN_DIR");
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_NE(outcome.err.find("a weftd answers at " + daemon.socket().string()), std::string::npos)
        << outcome.err;
}

TEST(WeftStatus, is_coloured_when_wanted) {
    const test::FakeDaemon daemon{test::http("200 OK", api::to_json(degraded()))};
    const Outcome outcome = weft({"--socket", daemon.socket().string(), "status"}, {}, true);
    EXPECT_NE(outcome.out.find("\x1b[33mdegraded\x1b[0m"), std::string::npos);
    EXPECT_NE(outcome.out.find("\x1b[31m! node-c:\x1b[0m 5 handshakes"), std::string::npos);
}

TEST(WeftStatus, json_is_the_daemons_own) {
    const std::string body = api::to_json(degraded());
    const Outcome outcome = against(test::http("200 OK", body), {"status", "--json"});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_EQ(outcome.out, body + "\n");
}

TEST(WeftStatus, exits_3_when_the_daemon_is_not_running) {
    const Outcome outcome = weft({"status", "--socket", "/nonexistent/weftd.sock"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err,
              "weft: weftd is not running: no socket at /nonexistent/weftd.sock (start it: "
              "weftd, or weftd --config FILE)\n");
}

TEST(WeftStatus, tells_an_answer_that_it_cannot_read) {
    const Outcome outcome = against(test::http("200 OK", "{}"), {"status"});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.err, "weft: the JSON field 'api' is missing\n");
}

TEST(WeftStatus, turns_http_errors_into_exit_codes) {
    const std::string error = api::error_to_json("x", invalid("cause", "remedy"));
    for (const auto& [status, code] : {std::pair{"403 Forbidden", 6},
                                       std::pair{"404 Not Found", 1},
                                       std::pair{"500 Oops", 1},
                                       std::pair{"504 Gateway Timeout", 5}}) {
        const Outcome outcome = against(test::http(status, error), {"status"});
        EXPECT_EQ(outcome.exit_code, code) << status;
        EXPECT_EQ(outcome.err, "weft: cause (remedy)\n");
    }
}

TEST(WeftPeers, prints_the_peers_alone) {
    const std::string body = api::peers_to_json(example().peers);
    const Outcome outcome = against(test::http("200 OK", body), {"peers"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_TRUE(outcome.out.starts_with("  NAME    BLOCK ")) << outcome.out;
    EXPECT_EQ(outcome.out.find("node-a"), std::string::npos);
    EXPECT_EQ(against(test::http("200 OK", body), {"peers", "--json"}).out, body + "\n");
}

TEST(WeftPing, prints_a_line_for_each_echo_and_a_summary) {
    const api::PingReply reply{"b", "b", "10.44.1.1", "up", 3, 2, {210, std::nullopt, 191}};
    test::FakeDaemon daemon{test::http("200 OK", api::to_json(reply))};
    const Outcome outcome = weft({"--socket", daemon.socket().string(), "ping", "b", "-c", "3"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out,
              "reply from b (10.44.1.1): seq 1 time 0.21 ms\n"
              "no reply from b (10.44.1.1): seq 2\n"
              "reply from b (10.44.1.1): seq 3 time 0.19 ms\n"
              "3 sent, 2 received, 33 % lost, rtt min 0.19 ms, avg 0.20 ms, max 0.21 ms\n");
    ASSERT_EQ(daemon.requests().size(), 1U);
    EXPECT_TRUE(daemon.requests()[0].ends_with(
        R"({"target":"b","count":3,"interval_ms":200,"timeout_ms":2000})"));
}

TEST(WeftPing, exits_5_without_any_reply) {
    const api::PingReply reply{"b", "b", "10.44.1.1", "handshaking", 1, 0, {std::nullopt}};
    const Outcome outcome = against(test::http("200 OK", api::to_json(reply)),
                                    {"ping", "b", "-c", "1", "--timeout", "50"});
    EXPECT_EQ(outcome.exit_code, 5);
    EXPECT_EQ(outcome.out,
              "no reply from b (10.44.1.1): seq 1\n"
              "1 sent, 0 received, 100 % lost\n");
    EXPECT_EQ(outcome.err,
              "weft: no reply from b within 50 ms, tunnel session: handshaking (weft status)\n");
}

TEST(WeftKeys, derives_the_public_key_of_rfc_7748) {
    const Outcome outcome =
        weft({"pubkey"}, "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n");  // section 6.1, Alice
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n");
}

TEST(WeftKeys, generates_a_new_key_each_time) {
    const Outcome one = weft({"genkey"});
    const Outcome two = weft({"genkey"});
    EXPECT_EQ(one.out.size(), 45U);
    EXPECT_NE(one.out, two.out);
    EXPECT_EQ(weft({"pubkey"}, one.out).exit_code, 0);
}

TEST(WeftKeys, refuses_what_is_no_key) {
    for (const std::string& text : {std::string{}, std::string{"abc\n"}, std::string(1000, 'A')}) {
        const Outcome outcome = weft({"pubkey"}, text);
        EXPECT_EQ(outcome.exit_code, 1);
        EXPECT_EQ(outcome.out, "");
        EXPECT_TRUE(outcome.err.starts_with("weft: standard input does not hold a private key"));
    }
}

class WeftConfig : public testing::Test {
  protected:
    WeftConfig() { directory_.write("private.key", weft({"genkey"}).out); }

    std::string config(const std::string& text) {
        return directory_.write("weft.toml", text).string();
    }
    static std::string peer(const std::string& name, const std::string& prefix) {
        const std::string key = weft({"pubkey"}, weft({"genkey"}).out).out;
        return "[[peer]]\nname = \"" + name + "\"\npublic_key = \"" + key.substr(0, 44) +
               "\"\nallowed_ips = [" + prefix + "]\n";
    }

    test::TempDirectory directory_;
};

TEST_F(WeftConfig, check_counts_what_is_good) {
    const std::string file =
        config("[node]\nprivate_key_file = \"private.key\"\n" + peer("b", "\"10.44.1.0/24\"") +
               peer("c", "\"10.44.2.0/24\", \"fd44::/64\", \"10.9.0.1\""));
    EXPECT_EQ(weft({"config", "check", file}).out, "weft.toml: ok (2 peers, 4 prefixes)\n");
    EXPECT_EQ(weft({"config", "check", "--config", file}).exit_code, 0);
    EXPECT_EQ(weft({"--config", file, "config", "check"}).exit_code, 0);
}

TEST_F(WeftConfig, check_tells_what_is_bad) {
    const Outcome outcome = weft({"config", "check", config("[node]\nmtuu = 1\n")});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, "weft: weft.toml:2:1: unknown key 'node.mtuu', did you mean 'mtu'?\n");
}

TEST_F(WeftConfig, check_knows_the_instruction_sets_of_this_machine) {
    ::unsetenv("WEFT_ISA");  // which wins over files
    const Outcome outcome =
        weft({"config",
              "check",
              config("[node]\nprivate_key_file = \"private.key\"\nisa = \"abacus\"\n")});
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_TRUE(outcome.err.starts_with("weft: weft.toml:3:7: node.isa: ")) << outcome.err;
}

TEST_F(WeftConfig, show_prints_values_and_origins) {
    const std::string file = config("[node]\nprivate_key_file = \"private.key\"\nmtu = 1400\n");
    EXPECT_NE(weft({"config", "show", "--config", file}).out.find("\nmtu = 1400\n"),
              std::string::npos);
    EXPECT_NE(weft({"config", "show", "--origin", "--config", file})
                  .out.find("\nmtu = 1400  # weft.toml:3:7\n"),
              std::string::npos);
    const Outcome json = weft({"config", "show", "--json", "--config", file});
    EXPECT_NE(json.out.find("\"mtu\":1400"), std::string::npos);
    EXPECT_TRUE(json.out.ends_with("}}\n"));
}

TEST(Weft, completes_what_it_has) {
    const std::string bash = weft({"completion", "bash"}).out;
    EXPECT_NE(
        bash.find("'weft token') words='--config --help --socket --version create list revoke' ;;"),
        std::string::npos)
        << bash;
    const std::string zsh = weft({"completion", "zsh"}).out;
    EXPECT_TRUE(zsh.starts_with("#compdef weft\n"));
    EXPECT_NE(zsh.find("\n        'revoke:Withdraw a token; nodes that have joined with it stay'"),
              std::string::npos)
        << zsh;
    EXPECT_EQ(weft({"completion", "fish"}).exit_code, 2);
}

TEST(Weft, prints_its_version) {
    EXPECT_EQ(weft({"version"}).out, "weft " WEFT_VERSION "\n");
    EXPECT_EQ(weft({"--version"}).out, "weft " WEFT_VERSION "\n");
    EXPECT_EQ(weft({"version", "--json"}).out,
              "{\"api\":\"weft/v1\",\"version\":\"" WEFT_VERSION "\"}\n");
}

TEST(Weft, help_goes_to_stdout_and_has_examples) {
    const Outcome outcome = weft({"--help"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_NE(outcome.out.find("Examples:\n"), std::string::npos);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(weft({"ping", "--help"}).exit_code, 0);
}

TEST(Weft, exits_2_on_wrong_usage) {
    const std::vector<std::vector<std::string>> wrong{{},
                                                      {""},
                                                      {"statsu"},
                                                      {"config"},
                                                      {"ping"},
                                                      {"ping", "b", "-c", "0"},
                                                      {"ping", "b", "-c", "x"},
                                                      {"status", "--jsn"},
                                                      {"status", "more"},
                                                      {"genkey", "--json"}};
    for (const auto& arguments : wrong) {
        const Outcome outcome = weft(arguments);
        EXPECT_EQ(outcome.exit_code, 2);
        EXPECT_EQ(outcome.out, "");
        EXPECT_TRUE(outcome.err.starts_with("weft: ")) << outcome.err;
        EXPECT_TRUE(outcome.err.ends_with(" (weft --help)\n")) << outcome.err;
    }
    EXPECT_EQ(weft({"statsu"}).err, "weft: unknown command 'statsu' (weft --help)\n");
}

TEST(Weft, output_that_cannot_be_written_is_a_failure) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    out.setstate(std::ios::badbit);
    EXPECT_EQ(run({"version"}, Terminal{in, out, err, false, kNow}), 1);
    EXPECT_EQ(err.str(), "weft: cannot write to standard output\n");
}

/// What is wrong is named without a daemon, with its remedy.
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

    test::TempDirectory directory_;
};

TEST(PeerCheckCommand, asks_for_that_member_and_says_what_is_wrong) {
    test::FakeDaemon daemon{test::ok(api::to_json(std::vector<api::Check>{
        {"reach", "ok", "b answers", ""}, {"mtu", "warning", "1328 here", "node.mtu = 1328"}}))};
    const Outcome outcome = against(daemon, {"check", "--peer", "b"});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_EQ(test::request_line(daemon.requests().at(0)), "GET /v1/check/b");
    EXPECT_NE(outcome.out.find("! mtu    warning  1328 here – try: node.mtu = 1328\n"),
              std::string::npos)
        << outcome.out;
    EXPECT_EQ(weft({"check", "--peer", "../config"}).exit_code, 2);
    EXPECT_EQ(weft({"check", "--peer", "b", "--offline"}).exit_code, 2);
}

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

TEST_F(OfflineCheck, tells_of_an_interface_that_is_another_programs) {
    const api::Check taken = one("[node]\ninterface = \"lo\"\n", "interface");
    EXPECT_EQ(taken.state, "error");
    EXPECT_EQ(one("[node]\ninterface = \"weft-none\"\n", "interface").state, "ok");
}

TEST_F(OfflineCheck, is_what_check_shows_where_no_daemon_runs) {
    const std::string socket = (directory_.path() / "none.sock").string();
    const Outcome outcome = weft({"--socket", socket, "check"});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_NE(outcome.out.find("weftd is not running"), std::string::npos) << outcome.out;
    EXPECT_NE(outcome.out.find("cipher"), std::string::npos);
    EXPECT_EQ(outcome.err, "");
}

}  // namespace
}  // namespace weft::cli

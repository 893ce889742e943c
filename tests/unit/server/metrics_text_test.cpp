// SPDX-License-Identifier: Apache-2.0
// Metrics' text: every family with its HELP and TYPE is the one that is promised
// (vectors/metric_families.txt), values are status' own, and the number of series is bounded.
#include "metrics_text.hpp"

#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include <weft/base/clock.hpp>

#include "metric_families.hpp"

namespace weft::server {
namespace {

api::PeerStatus peer_called(const std::string& name) {
    api::PeerStatus peer;
    peer.name = name;
    peer.origin = "gossip";
    peer.session = "up";
    peer.last_handshake_ms = 1'800'000'000'500;
    peer.rx_bytes = 1;
    peer.tx_bytes = 18'446'744'073'709'551'615U;
    peer.rx_packets = 3;
    peer.tx_packets = 4;
    return peer;
}

/// Of a node that has something in every family.
MetricsInput full_input() {
    MetricsInput input;
    api::Status& status = input.status;
    status.version = "9.9.9";
    status.verdict = "healthy";
    status.node.mtu = 1420;
    status.isa_chosen = "avx2";
    status.workers = 4;
    status.peers = {peer_called("b")};
    status.drops = {{"auth_failed", 7}, {"firewall_guard_in", 8}};
    status.problems = {{"peer_silent", "warning", "b", "", ""},
                       {"peer_silent", "warning", "c", "", ""}};
    input.gossip.members = {{"alive", 3}, {"dead", 1}};
    input.gossip.counters = {{"bytes_in", 100}, {"over_budget", 5}, {"unopened", 2}};
    input.gossip.rejected = {{"bad_signature", 6}};
    input.certificate.emplace().not_after_ms = 1'800'000'000'000;
    input.ipam.stocks = {{"ipv4", {}, 24, 4096, 10, 2}};
    input.vitals.lag = {5, std::chrono::milliseconds{2}, std::chrono::milliseconds{1500}};
    input.vitals.guards_restored = 9;
    input.containers.requests.emplace()[0] = {7, 2, 2'500'000};
    input.containers.ledger = {.leases = 2, .addresses = {{net::Family::kIpv4, 253, 2, 1}}};
    input.process = {1.5, 4096, 8192, 20, 1024, 1.7e9};
    return input;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::size_t count_lines(const std::string& text, const std::string& start) {
    std::size_t count = 0;
    for (const std::string& line : lines_of(text)) {
        count += line.starts_with(start) ? 1U : 0U;
    }
    return count;
}

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(MetricsText, HasTheFamiliesThatArePromised) {
    std::string heads;
    for (const std::string& line : lines_of(metrics_text(full_input()))) {
        heads += line.starts_with("# ") ? line + "\n" : "";
    }
    std::ifstream file{std::string{WEFT_VECTORS} + "/metric_families.txt"};
    std::string promised;
    for (std::string line; std::getline(file, line);) {
        promised += line.starts_with("# HELP ") || line.starts_with("# TYPE ") ? line + "\n" : "";
    }
    EXPECT_EQ(heads, promised) << "what others may rely on: add families, never change one";
}

TEST(MetricsText, EachFamilyComesOnceWithItsSamplesBehindIt) {
    std::set<std::string> seen;
    std::string family;
    for (const std::string& line : lines_of(metrics_text(full_input()))) {
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            EXPECT_TRUE(seen.insert(family).second) << family;
        } else if (line.starts_with("# TYPE ")) {
            const bool grows = line == "# TYPE " + family + " counter";
            EXPECT_TRUE(grows || line == "# TYPE " + family + " gauge") << line;
            EXPECT_EQ(grows, family.ends_with("_total")) << family;
        } else {
            EXPECT_EQ(line.substr(0, line.find_first_of(" {")), family) << line;
        }
    }
}

TEST(MetricsText, SaysWhatStatusSays) {
    const std::string text = metrics_text(full_input());
    for (const char* const line : {
             R"(weft_build_info{version="9.9.9"} 1)",
             R"(weft_isa_info{isa="avx2"} 1)",
             R"(weft_healthy 1)",
             R"(weft_ready 1)",
             R"(weft_problems{code="peer_silent",severity="warning"} 2)",
             R"(weft_peers{origin="gossip"} 1)",
             R"(weft_peers{origin="static"} 0)",
             R"(weft_sessions{state="up"} 1)",
             R"(weft_peer_last_handshake_timestamp_seconds{peer="b"} 1800000000.5)",
             R"(weft_peer_received_bytes_total{peer="b"} 1)",
             R"(weft_peer_sent_bytes_total{peer="b"} 18446744073709551615)",
             R"(weft_dropped_packets_total{reason="auth_failed"} 7)",
             R"(weft_guard_dropped_packets_total{reason="guard_in"} 8)",
             R"(weft_guard_restorations_total 9)",
             R"(weft_members{state="alive"} 3)",
             R"(weft_gossip_received_bytes_total 100)",
             R"(weft_gossip_rejected_records_total{reason="bad_signature"} 6)",
             R"(weft_gossip_rejected_records_total{reason="over_budget"} 5)",
             R"(weft_gossip_refused_datagrams_total{reason="unopened"} 2)",
             R"(weft_certificate_not_after_timestamp_seconds 1800000000)",
             R"(weft_issuer_blocks{family="ipv4",state="free"} 4084)",
             R"(weft_ipam_ledger_readable 1)",
             R"(weft_ipam_addresses{family="ipv4",state="free"} 250)",
             R"(weft_cni_requests_total{verb="ADD",outcome="ok"} 5)",
             R"(weft_cni_requests_total{verb="ADD",outcome="failed"} 2)",
             R"(weft_cni_request_seconds_total{verb="ADD"} 2.5)",
             R"(weft_control_loop_lag_seconds_total 1.5)",
             R"(process_resident_memory_bytes 4096)",
         }) {
        EXPECT_TRUE(has_line(text, line)) << line << "\nin:\n" << text;
    }
    EXPECT_EQ(text.find("firewall_guard_in"), std::string::npos);
}

TEST(MetricsText, LeavesOutWhatIsNotKnown) {
    MetricsInput input = full_input();
    input.certificate.reset();
    input.containers.ledger.reset();
    input.ipam.stocks.clear();
    input.status.verdict = "degraded";
    input.status.peers[0].last_handshake_ms.reset();
    input.vitals.not_ready = "in no network";
    input.containers.requests.reset();
    const std::string text = metrics_text(input);
    EXPECT_EQ(text.find("weft_certificate"), std::string::npos);
    EXPECT_EQ(text.find("weft_issuer_blocks"), std::string::npos);
    EXPECT_EQ(text.find("weft_ipam_addresses"), std::string::npos);
    EXPECT_EQ(text.find("weft_cni"), std::string::npos);
    EXPECT_EQ(text.find("weft_peer_last_handshake"), std::string::npos);
    EXPECT_TRUE(has_line(text, "weft_ipam_ledger_readable 0"));
    EXPECT_TRUE(has_line(text, "weft_healthy 0"));
    EXPECT_TRUE(has_line(text, "weft_ready 0"));
}

TEST(MetricsText, NamesPeersUpToALimitAndSumsTheRest) {
    MetricsInput input = full_input();
    input.status.peers.clear();
    for (int i = 0; i < 1000; ++i) {
        input.status.peers.push_back(peer_called("node" + std::to_string(1000 + i)));
    }
    const std::string text = metrics_text(input);
    EXPECT_EQ(count_lines(text, "weft_peer_received_packets_total{"), kPeersNamed + 1);
    EXPECT_TRUE(has_line(text, R"(weft_peer_received_packets_total{peer="node1199"} 3)"));
    EXPECT_TRUE(has_line(text, R"x(weft_peer_received_packets_total{peer="(others)"} 2400)x"));
    EXPECT_TRUE(has_line(text, R"x(weft_peer_sessions{peer="(others)"} 800)x"));
    EXPECT_TRUE(has_line(text, R"(weft_sessions{state="up"} 1000)"));
}

TEST(MetricsText, PeersOfOneNameAreOneSeries) {
    MetricsInput input = full_input();
    input.status.peers = {peer_called("b"), peer_called("b")};
    const std::string text = metrics_text(input);
    EXPECT_TRUE(has_line(text, R"(weft_peer_received_packets_total{peer="b"} 6)"));
    EXPECT_EQ(count_lines(text, "weft_peer_received_packets_total{"), 1U);
}

TEST(MetricFamilies, EscapesLabelsAndHelp) {
    MetricFamilies families;
    families.gauge("a", "back\\slash \"quoted\"\nsecond line");
    families.add({{"b", "x\\y\"z\n"}, {"c", ""}}, 0.1);
    families.gauge("left_out", "It has no samples.");
    families.counter("d_total", "More.");
    families.add(std::uint64_t{5});
    EXPECT_EQ(families.take(),
              "# HELP a back\\\\slash \"quoted\"\\nsecond line\n# TYPE a gauge\n"
              "a{b=\"x\\\\y\\\"z\\n\",c=\"\"} 0.1\n"
              "# HELP d_total More.\n# TYPE d_total counter\nd_total 5\n");
}

TEST(ProcessUsage, TellsOfThisProcess) {
    const ProcessUsage usage = process_usage();
    EXPECT_GT(usage.resident_bytes.value_or(0), 1U << 20U);
    EXPECT_GE(usage.virtual_bytes.value_or(0), usage.resident_bytes.value_or(1));
    EXPECT_GE(usage.open_descriptors.value_or(0), 3U);
    EXPECT_GE(usage.descriptors_max.value_or(0), usage.open_descriptors.value_or(1));
    EXPECT_GT(usage.cpu_seconds, 0);
    const double now = std::chrono::duration<double>{wall_now().time_since_epoch()}.count();
    EXPECT_LE(usage.started_seconds.value_or(1e18), now + 1);
    EXPECT_GT(usage.started_seconds.value_or(0), now - 86'400);
}

}  // namespace
}  // namespace weft::server

// SPDX-License-Identifier: Apache-2.0
// See metrics_text.hpp: one function for each subject, families in the order in which they are
// shown.
#include "metrics_text.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "metric_families.hpp"

namespace weft::server {
namespace {

constexpr std::string_view kFirewallPrefix = "firewall_";  // of drops that nftables counts
constexpr double kMilliseconds = 1e3;
constexpr double kNanoseconds = 1e9;

std::uint64_t one_if(bool is_true) {
    return is_true ? 1 : 0;
}

double seconds(std::int64_t milliseconds) {
    return static_cast<double>(milliseconds) / kMilliseconds;
}

double seconds(std::chrono::nanoseconds time) {
    return static_cast<double>(time.count()) / kNanoseconds;
}

/// How many of each word there are; the words of `known` are told at 0 too.
template <std::size_t N, class Values, class Word>
void add_counts(MetricFamilies& out,
                std::string_view label,
                const std::array<std::string_view, N>& known,
                const Values& values,
                Word word_of) {
    std::map<std::string_view, std::uint64_t> counts;
    for (const std::string_view word : known) {
        counts[word] = 0;
    }
    for (const auto& value : values) {
        ++counts[word_of(value)];
    }
    for (const auto& [word, count] : counts) {
        out.add({{label, word}}, count);
    }
}

// ---- The node --------------------------------------------------------------------------------

void add_node(MetricFamilies& out, const api::Status& status, const control::Vitals& vitals) {
    out.gauge("weft_build_info", "1; its label is the version that runs.");
    out.add({{"version", status.version}}, std::uint64_t{1});
    out.gauge("weft_isa_info", "1; its label is the AEAD kernel in use.");
    out.add({{"isa", status.isa_chosen}}, std::uint64_t{1});
    out.gauge("weft_healthy", "Whether weft status says healthy: no problem but advice.");
    out.add(one_if(status.verdict == "healthy"));
    out.gauge("weft_ready", "Whether this node takes containers.");
    out.add(one_if(vitals.not_ready.empty()));
    out.gauge("weft_problems", "Problems in weft status, by code and severity.");
    std::map<std::pair<std::string, std::string>, std::uint64_t> problems;
    for (const api::Problem& problem : status.problems) {
        ++problems[{problem.code, problem.severity}];
    }
    for (const auto& [problem, count] : problems) {
        out.add({{"code", problem.first}, {"severity", problem.second}}, count);
    }
    out.gauge("weft_interface_mtu_bytes", "MTU of the overlay's interface.");
    out.add(std::uint64_t{status.node.mtu});
    out.gauge("weft_workers", "Threads that carry packets.");
    out.add(std::uint64_t{status.workers});
    out.gauge("weft_offload_enabled", "Whether a segmentation offload is in use.");
    out.add({{"offload", "tun_tso"}}, one_if(status.tun_tso));
    out.add({{"offload", "tun_uso"}}, one_if(status.tun_uso));
    out.add({{"offload", "udp_gro"}}, one_if(status.udp_gro));
    out.add({{"offload", "udp_gso"}}, one_if(status.udp_gso));
    out.counter("weft_shared_batches_total", "Batches that several workers sealed or opened.");
    out.add(status.shared_batches);
    out.counter("weft_control_loop_rounds_total", "Rounds of the control thread, one a second.");
    out.add(vitals.lag.rounds);
    out.counter("weft_control_loop_lag_seconds_total", "How late these rounds began, in all.");
    out.add(seconds(vitals.lag.total));
    out.gauge("weft_control_loop_last_lag_seconds", "How late the last round began.");
    out.add(seconds(vitals.lag.last));
}

// ---- Peers -----------------------------------------------------------------------------------

struct PeerSum {
    std::uint64_t sessions = 0;
    std::int64_t last_handshake_ms = 0;  // 0: none
    std::uint64_t rx_bytes = 0, rx_packets = 0, tx_bytes = 0, tx_packets = 0;
};

/// By name, the first kPeersNamed of them, and the rest as one. Two may have one name.
std::map<std::string, PeerSum> sum_peers(const std::vector<api::PeerStatus>& peers) {
    std::map<std::string, PeerSum> sums;
    for (const api::PeerStatus& peer : peers) {
        const bool has_place = sums.contains(peer.name) || sums.size() < kPeersNamed;
        PeerSum& sum = sums[has_place ? peer.name : kOtherPeers];
        sum.sessions += one_if(peer.session == "up");
        sum.last_handshake_ms = std::max(sum.last_handshake_ms, peer.last_handshake_ms.value_or(0));
        sum.rx_bytes += peer.rx_bytes;
        sum.rx_packets += peer.rx_packets;
        sum.tx_bytes += peer.tx_bytes;
        sum.tx_packets += peer.tx_packets;
    }
    return sums;
}

void add_peers(MetricFamilies& out, const std::vector<api::PeerStatus>& peers) {
    constexpr std::array<std::string_view, 3> kOrigins{"gossip", "static", "uapi"};
    constexpr std::array<std::string_view, 3> kSessions{"handshaking", "none", "up"};
    out.gauge("weft_peers", "Peers of the tunnel, by where they are from.");
    add_counts(out, "origin", kOrigins, peers, [](const auto& peer) -> std::string_view {
        return peer.origin;
    });
    out.gauge("weft_sessions", "Peers by the state of their session.");
    add_counts(out, "state", kSessions, peers, [](const auto& peer) -> std::string_view {
        return peer.session;
    });
    const std::map<std::string, PeerSum> sums = sum_peers(peers);
    out.gauge("weft_peer_sessions", "Sessions with the peer that are up.");
    for (const auto& [name, sum] : sums) {
        out.add({{"peer", name}}, sum.sessions);
    }
    out.gauge("weft_peer_last_handshake_timestamp_seconds",
              "When the last handshake with the peer was done; absent where there was none.");
    for (const auto& [name, sum] : sums) {
        if (sum.last_handshake_ms != 0) {
            out.add({{"peer", name}}, seconds(sum.last_handshake_ms));
        }
    }
    const auto add_each = [&](std::string_view name, const char* help, auto PeerSum::*count) {
        out.counter(name, help);
        for (const auto& [peer, sum] : sums) {
            out.add({{"peer", peer}}, sum.*count);
        }
    };
    add_each("weft_peer_received_bytes_total",
             "Bytes of WireGuard messages from the peer, as wg show counts them.",
             &PeerSum::rx_bytes);
    add_each("weft_peer_received_packets_total",
             "WireGuard messages from the peer.",
             &PeerSum::rx_packets);
    add_each("weft_peer_sent_bytes_total",
             "Bytes of WireGuard messages to the peer, as wg show counts them.",
             &PeerSum::tx_bytes);
    add_each(
        "weft_peer_sent_packets_total", "WireGuard messages to the peer.", &PeerSum::tx_packets);
}

// ---- Packets that went no further ------------------------------------------------------------

void add_drops(MetricFamilies& out, const api::Status& status, const control::Vitals& vitals) {
    out.counter("weft_dropped_packets_total", "Packets that the tunnel dropped, by reason.");
    for (const auto& [reason, count] : status.drops) {
        if (!reason.starts_with(kFirewallPrefix)) {
            out.add({{"reason", reason}}, count);
        }
    }
    out.counter("weft_guard_dropped_packets_total", "Packets that nftables dropped, by reason.");
    for (const auto& [reason, count] : status.drops) {
        if (reason.starts_with(kFirewallPrefix)) {
            out.add({{"reason", std::string_view{reason}.substr(kFirewallPrefix.size())}}, count);
        }
    }
    out.counter("weft_guard_restorations_total",
                "How often rules or routing that others had removed were put back.");
    out.add(vitals.guards_restored);
}

// ---- The network -----------------------------------------------------------------------------

std::uint64_t count_of(const api::GossipStatus::Counts& counts, const char* name) {
    const auto found = counts.find(name);
    return found != counts.end() ? found->second : 0;
}

void add_gossip(MetricFamilies& out, const api::GossipStatus& gossip) {
    struct Family {
        const char* counter;
        const char* name;
        const char* help;
    };
    constexpr std::array kFamilies = {
        Family{"datagrams_in", "weft_gossip_received_datagrams_total", "Gossip that came."},
        Family{"bytes_in", "weft_gossip_received_bytes_total", "Its bytes."},
        Family{"datagrams_out", "weft_gossip_sent_datagrams_total", "Gossip that was sent."},
        Family{"bytes_out", "weft_gossip_sent_bytes_total", "Its bytes."},
        Family{"suspicions", "weft_gossip_suspicions_total", "Members that became suspect."},
        Family{"deaths", "weft_gossip_deaths_total", "Members that were found dead."},
        Family{"refutations", "weft_gossip_refutations_total", "Suspicions of this node."},
        Family{"syncs", "weft_gossip_syncs_total", "Exchanges of what one side did not know."},
        Family{"older", "weft_gossip_older_records_total", "Records that told nothing new."},
    };
    out.gauge("weft_members", "Members of the network, this node among them, by state.");
    for (const auto& [state, count] : gossip.members) {
        out.add({{"state", state}}, count);
    }
    for (const Family& family : kFamilies) {
        out.counter(family.name, family.help);
        out.add(count_of(gossip.counters, family.counter));
    }
    out.counter("weft_gossip_refused_datagrams_total",
                "Datagrams of gossip that could not be opened, or were malformed.");
    for (const char* const reason : {"malformed", "unopened"}) {
        out.add({{"reason", reason}}, count_of(gossip.counters, reason));
    }
    out.counter("weft_gossip_rejected_records_total",
                "Records and other statements that were not taken, by reason.");
    auto rejected = gossip.rejected;
    for (const char* const reason : {"equivocated", "over_budget"}) {
        rejected[reason] = count_of(gossip.counters, reason);
    }
    for (const auto& [reason, count] : rejected) {
        out.add({{"reason", reason}}, count);
    }
}

void add_certificate(MetricFamilies& out, const api::CertificateStatus& certificate) {
    out.gauge("weft_certificate_not_before_timestamp_seconds", "When the certificate began.");
    out.add(seconds(certificate.not_before_ms));
    out.gauge("weft_certificate_not_after_timestamp_seconds", "When the certificate ends.");
    out.add(seconds(certificate.not_after_ms));
    out.gauge("weft_certificate_renewing", "Whether a new certificate is being asked for.");
    out.add(one_if(certificate.renewing));
}

// ---- Addresses -------------------------------------------------------------------------------

void add_issuer(MetricFamilies& out, const api::Ipam& ipam) {
    out.gauge("weft_issuer_blocks", "Blocks of this issuer's slices, by family and state.");
    for (const api::BlockStock& stock : ipam.stocks) {
        const std::uint64_t taken = stock.owned + stock.resting;
        const std::uint64_t free = stock.total > taken ? stock.total - taken : 0;
        out.add({{"family", stock.family}, {"state", "free"}}, free);
        out.add({{"family", stock.family}, {"state", "owned"}}, stock.owned);
        out.add({{"family", stock.family}, {"state", "resting"}}, stock.resting);
    }
}

void add_ledger(MetricFamilies& out, const std::optional<control::LedgerCount>& ledger) {
    out.gauge("weft_ipam_ledger_readable", "Whether the containers' ledger could be read.");
    out.add(one_if(ledger.has_value()));
    if (!ledger) {
        return;
    }
    out.gauge("weft_ipam_leases", "Interfaces of containers that have addresses.");
    out.add(ledger->leases);
    out.gauge("weft_ipam_addresses",
              "Addresses for containers in this node's blocks, by family and state.");
    for (const control::AddressCount& count : ledger->addresses) {
        const char* const family = count.family == net::Family::kIpv4 ? "ipv4" : "ipv6";
        const double taken = static_cast<double>(count.leased + count.resting);
        out.add({{"family", family}, {"state", "free"}}, std::max(0.0, count.assignable - taken));
        out.add({{"family", family}, {"state", "leased"}}, count.leased);
        out.add({{"family", family}, {"state", "resting"}}, count.resting);
    }
}

void add_container_requests(MetricFamilies& out, const ipam::RequestCounts& counts) {
    const auto for_each_verb = [&](const auto& add) {
        for (std::size_t i = 0; i < counts.size(); ++i) {
            add(ipam::kVerbNames[i], counts[i]);
        }
    };
    out.counter("weft_cni_requests_total",
                "What container runtimes have asked of weft-cni, by verb and outcome.");
    for_each_verb([&](const char* verb, const ipam::RequestCount& count) {
        const std::uint64_t failed = std::min(count.failed, count.done);
        out.add({{"verb", verb}, {"outcome", "failed"}}, failed);
        out.add({{"verb", verb}, {"outcome", "ok"}}, count.done - failed);
    });
    out.counter("weft_cni_request_seconds_total", "How long weft-cni took for all of them.");
    for_each_verb([&](const char* verb, const ipam::RequestCount& count) {
        const std::chrono::microseconds took{static_cast<std::int64_t>(count.microseconds)};
        out.add({{"verb", verb}}, seconds(took));
    });
}

// ---- The process -----------------------------------------------------------------------------

void add_process(MetricFamilies& out, const ProcessUsage& process) {
    const auto add_if = [&](const char* name, const char* help, const auto& value) {
        if (value) {
            out.gauge(name, help);
            out.add(*value);
        }
    };
    out.counter("process_cpu_seconds_total", "Time on processors, of all threads.");
    out.add(process.cpu_seconds);
    add_if("process_resident_memory_bytes", "Memory in use.", process.resident_bytes);
    add_if("process_virtual_memory_bytes", "Addresses in use.", process.virtual_bytes);
    add_if("process_open_fds", "Open file descriptors.", process.open_descriptors);
    add_if("process_max_fds", "How many there may be.", process.descriptors_max);
    add_if("process_start_time_seconds", "When the daemon was started.", process.started_seconds);
}

}  // namespace

std::string metrics_text(const MetricsInput& input) {
    MetricFamilies out;
    add_node(out, input.status, input.vitals);
    add_peers(out, input.status.peers);
    add_drops(out, input.status, input.vitals);
    add_gossip(out, input.gossip);
    if (input.certificate) {
        add_certificate(out, *input.certificate);
    }
    add_issuer(out, input.ipam);
    add_ledger(out, input.containers.ledger);
    if (input.containers.requests) {
        add_container_requests(out, *input.containers.requests);
    }
    add_process(out, input.process);
    return out.take();
}

}  // namespace weft::server

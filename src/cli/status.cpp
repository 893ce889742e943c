// SPDX-License-Identifier: Apache-2.0
// weft status, weft peers: a verdict, a table, what was dropped, and for each problem its cause and
// the next command to type.
#include <algorithm>
#include <ostream>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

using Row = std::vector<std::string>;

const Row kHeader{"  NAME", "BLOCK", "ENDPOINT", "SESSION", "RTT", "LOSS", "HANDSHAKE", "RX", "TX"};

Row peer_row(const api::PeerStatus& peer, std::int64_t now_ms) {
    return {"  " + peer.name,
            first_of(peer.blocks.empty() ? peer.allowed_ips : peer.blocks),
            peer.endpoint.value_or(std::string{kNothing}),
            peer.session,
            peer.rtt_us ? format_ms(*peer.rtt_us) : std::string{kNothing},
            peer.loss_ppm ? format_share(*peer.loss_ppm) : std::string{kNothing},
            format_age(peer.last_handshake_ms, now_ms),
            format_bytes(peer.rx_bytes),
            format_bytes(peer.tx_bytes)};
}

Row self_row(const api::NodeStatus& node) {
    const std::string nothing{kNothing};
    return {"* " + node.name,
            first_of(node.blocks),
            ":" + std::to_string(node.listen_port),
            "self",
            nothing,
            nothing,
            nothing,
            nothing,
            nothing};
}

void print_headline(const Context& context, const api::Status& status) {
    const auto up = std::count_if(status.peers.begin(), status.peers.end(), [](const auto& peer) {
        return peer.session == "up";
    });
    const Colour colour = status.verdict == "healthy" ? Colour::kGreen : Colour::kYellow;
    context.terminal.out << "weft " << status.version << " · " << status.node.name << " · "
                         << paint(status.verdict, colour, context.terminal.colour) << " (" << up
                         << "/" << format_count(status.peers.size(), "peer") << " up, "
                         << format_count(api::count_problems(status.problems), "problem") << ")\n";
}

void print_sharing(const Context& context, const api::Status& status) {
    if (status.shared_batches != 0) {
        context.terminal.out << "  shared by workers: "
                             << format_count(status.shared_batches, "batch") << " of cipher "
                             << status.isa_chosen << "\n";
    }
}

void print_drops(const Context& context, const api::Status& status) {
    std::string line;
    for (const auto& [reason, count] : status.drops) {
        if (count != 0) {
            line += (line.empty() ? "" : ", ") + reason + " " + std::to_string(count);
        }
    }
    if (!line.empty()) {
        context.terminal.out << "  dropped: " << line << "\n";
    }
}

Colour colour_of(const std::string& severity) {
    if (severity == "info") {
        return Colour::kPlain;
    }
    return severity == "error" ? Colour::kRed : Colour::kYellow;
}

void print_problems(const Context& context, const api::Status& status) {
    for (const api::Problem& problem : status.problems) {
        const Colour colour = colour_of(problem.severity);
        context.terminal.out << paint("! " + problem.subject + ":", colour, context.terminal.colour)
                             << " " << problem.cause
                             << (problem.remedy.empty() ? "" : " – try: " + problem.remedy) << "\n";
    }
}

}  // namespace

int show_status(const Context& context, bool json) {
    const Answer answer = ask(context, {"GET", "/v1/status"});
    if (answer.exit_code != kOk) {
        return answer.exit_code;
    }
    const auto status = api::parse_status(answer.body);
    if (!status) {
        return fail(context, status.error());
    }
    const int exit_code = status->verdict == "degraded" ? kDegraded : kOk;
    if (json) {
        context.terminal.out << answer.body << "\n";
        return exit_code;
    }
    print_headline(context, *status);
    std::vector<Row> rows{kHeader, self_row(status->node)};
    for (const api::PeerStatus& peer : status->peers) {
        rows.push_back(peer_row(peer, context.terminal.now_ms));
    }
    context.terminal.out << format_table(rows);
    print_sharing(context, *status);
    print_drops(context, *status);
    print_problems(context, *status);
    return exit_code;
}

int show_peers(const Context& context, bool json) {
    return ask_and_print(context,
                         {"GET", "/v1/peers"},
                         api::parse_peers,
                         json,
                         [&](const std::vector<api::PeerStatus>& peers) {
                             std::vector<Row> rows{kHeader};
                             for (const api::PeerStatus& peer : peers) {
                                 rows.push_back(peer_row(peer, context.terminal.now_ms));
                             }
                             context.terminal.out << format_table(rows);
                         });
}

}  // namespace weft::cli

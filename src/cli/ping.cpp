// SPDX-License-Identifier: Apache-2.0
// weft ping: the daemon sends the echoes through the tunnel, this prints what came back.
#include <algorithm>
#include <numeric>
#include <ostream>
#include <vector>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

void print_replies(std::ostream& out, const api::PingReply& reply) {
    for (std::size_t i = 0; i < reply.rtt_us.size(); ++i) {
        const auto& time = reply.rtt_us[i];
        const std::string number = "seq " + std::to_string(i + 1);
        const std::string who = reply.peer + " (" + reply.address + "): ";
        if (time) {
            out << "reply from " << who << number << " time " << format_ms(*time) << "\n";
        } else {
            out << "no reply from " << who << number << "\n";
        }
    }
}

void print_summary(std::ostream& out, const api::PingReply& reply) {
    const unsigned lost = reply.sent - std::min(reply.received, reply.sent);
    const unsigned percent = reply.sent == 0 ? 0 : (lost * 100 + reply.sent / 2) / reply.sent;
    out << reply.sent << " sent, " << reply.received << " received, " << percent << " % lost";
    std::vector<std::uint64_t> times;
    for (const auto& time : reply.rtt_us) {
        if (time) {
            times.push_back(*time);
        }
    }
    if (!times.empty()) {
        const auto [least, most] = std::minmax_element(times.begin(), times.end());
        const auto sum = std::accumulate(times.begin(), times.end(), std::uint64_t{0});
        out << ", rtt min " << format_ms(*least) << ", avg " << format_ms(sum / times.size())
            << ", max " << format_ms(*most);
    }
    out << "\n";
}

}  // namespace

int ping(const Context& context, const api::PingRequest& request, bool json) {
    constexpr std::chrono::milliseconds kSlack{5000};
    const auto wait = std::chrono::milliseconds{request.interval_ms} * request.count +
                      std::chrono::milliseconds{request.timeout_ms} + kSlack;
    const Answer answer = ask(context, {"POST", "/v1/ping", api::to_json(request), wait});
    if (answer.exit_code != kOk) {
        return answer.exit_code;
    }
    const auto reply = api::parse_ping_reply(answer.body);
    if (!reply) {
        return fail(context, reply.error());
    }
    if (json) {
        context.terminal.out << answer.body << "\n";
    } else {
        print_replies(context.terminal.out, *reply);
        print_summary(context.terminal.out, *reply);
    }
    if (reply->received > 0) {
        return kOk;
    }
    const std::string cause = "no reply from " + reply->peer + " within " +
                              std::to_string(request.timeout_ms) +
                              " ms, tunnel session: " + reply->session;
    return fail(
        context, Error{std::make_error_code(std::errc::timed_out), cause, "weft status"}, kTimeout);
}

}  // namespace weft::cli

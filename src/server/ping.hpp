// SPDX-License-Identifier: Apache-2.0
// Pings an overlay address through the interface: ICMP echo requests at an interval, answers with
// their round-trip times. Several at once do not mix (icmp_echo.hpp). Control thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/net/address.hpp>

namespace boost::asio {
class io_context;
}

namespace weft::server {

struct PingPlan {
    std::string interface;
    net::IpAddress address;
    unsigned count = 3;
    std::chrono::milliseconds interval{200};
    std::chrono::milliseconds timeout{2000};  // of each request
};

inline constexpr std::chrono::milliseconds kPingIntervalMin{10};
inline constexpr std::chrono::milliseconds kPingTotalMax{60'000};

/// How long the plan takes at most.
[[nodiscard]] inline std::chrono::milliseconds duration_of(const PingPlan& plan) {
    return plan.interval * (plan.count > 0 ? plan.count - 1 : 0) + plan.timeout;
}

/// Errors: a count, interval or total beyond the limits above.
[[nodiscard]] Result<> check_ping_plan(const PingPlan& plan);

struct PingResult {
    unsigned sent = 0;
    unsigned received = 0;
    std::vector<std::optional<std::uint64_t>> rtt_us;  // one for each request
};

/// Calls `done` once, later, from the loop; unless it fails at once.
Result<> start_ping(boost::asio::io_context& loop,
                    const PingPlan& plan,
                    std::function<void(const PingResult&)> done);

}  // namespace weft::server

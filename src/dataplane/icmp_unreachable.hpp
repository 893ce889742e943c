// SPDX-License-Identifier: Apache-2.0
// The answer to an inner sender whose packet has nowhere to go: ICMP host unreachable (RFC 792,
// RFC 1812 5.2.7.1) or ICMPv6 address unreachable (RFC 4443 3.1), as kernel WireGuard gives it.
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>
#include <weft/base/clock.hpp>
#include <weft/net/ip_view.hpp>

namespace weft::dataplane {

/// The largest answer: IPv6's minimum MTU (RFC 4443 2.4 c).
inline constexpr std::size_t kIcmpMax = 1280;

/// Builds the answer from `source` into `out` (kIcmpMax bytes) and returns its size; 0 where none
/// may be sent: to an ICMP error, a multicast destination, a later fragment, or from an unset
/// source.
[[nodiscard]] std::size_t build_icmp_unreachable(ConstBytes packet,
                                                 const net::IpView& ip,
                                                 const net::IpAddress& source,
                                                 Bytes out);

/// Answers are cheap to provoke: at most kPerSecond of them, kBurst at once, for each worker.
class IcmpBudget {
  public:
    static constexpr std::int64_t kPerSecond = 100;
    static constexpr std::int64_t kBurst = 50;

    [[nodiscard]] bool take(Time now) {
        constexpr Duration kCost = Duration{std::chrono::seconds{1}} / kPerSecond;
        full_at_ = std::max(full_at_, now);
        if (full_at_ - now > kCost * (kBurst - 1)) {
            return false;
        }
        full_at_ += kCost;
        return true;
    }

  private:
    Time full_at_{};  // when the bucket will be full again
};

}  // namespace weft::dataplane

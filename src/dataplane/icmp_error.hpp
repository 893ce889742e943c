// SPDX-License-Identifier: Apache-2.0
// The answer to an inner sender whose packet cannot go on: ICMP host unreachable (RFC 792, RFC 1812
// 5.2.7.1) or ICMPv6 address unreachable (RFC 4443 3.1), as kernel WireGuard gives it; and
// fragmentation needed (RFC 1191 4) or packet too big (RFC 4443 3.2).
#pragma once

#include <cstdint>

#include <weft/base/bytes.hpp>
#include <weft/base/clock.hpp>
#include <weft/net/ip_view.hpp>

namespace weft::dataplane {

/// The largest answer: IPv6's minimum MTU (RFC 4443 2.4 c).
inline constexpr std::size_t kIcmpMax = 1280;

/// Builds the answer from `source` into `out` (kIcmpMax bytes) and returns its size; 0 where none
/// may be sent: to an ICMP error, a sender or a destination that is not one host, a later fragment,
/// or from an unset source.
[[nodiscard]] std::size_t build_icmp_unreachable(ConstBytes packet,
                                                 const net::IpView& ip,
                                                 const net::IpAddress& source,
                                                 Bytes out);

/// The same for a packet larger than `mtu`. Only for one that may not be cut on its way
/// (must_stay_whole); to an IPv6 multicast destination too (RFC 4443 2.4 e.3), which has no other
/// way to learn its path MTU.
[[nodiscard]] std::size_t build_icmp_too_big(ConstBytes packet,
                                             const net::IpView& ip,
                                             std::uint32_t mtu,
                                             const net::IpAddress& source,
                                             Bytes out);

/// IPv4 with DF, or IPv6: a router that cannot carry it tells its sender instead.
[[nodiscard]] bool must_stay_whole(ConstBytes packet, const net::IpView& ip);

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

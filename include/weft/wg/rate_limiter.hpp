// SPDX-License-Identifier: Apache-2.0
// Token buckets per source, a /32 of IPv4 or a /64 of IPv6 (kernel ratelimiter.c): 20 handshakes a
// second, 5 at once. Asked only under load, for sources that proved their address by a cookie.
#pragma once

#include <cstdint>
#include <map>

#include <weft/base/clock.hpp>
#include <weft/net/address.hpp>
#include <weft/wg/constants.hpp>

namespace weft::wg {

class RateLimiter {
  public:
    /// Takes a token. False too when the table is full of other sources.
    [[nodiscard]] bool allow(const net::IpAddress& source, Time now);
    /// Forgets sources that have been quiet for a second; looks at most once a second.
    void collect(Time now);
    [[nodiscard]] std::size_t entries() const { return buckets_.size(); }

  private:
    struct Bucket {
        Time updated;
        Duration tokens{};  // time worth of tokens, at most the burst
    };
    std::map<net::IpAddress, Bucket> buckets_;  // a tree: no hash for a stranger to collide
    Time collected_{};
};

}  // namespace weft::wg

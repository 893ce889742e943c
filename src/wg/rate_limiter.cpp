// SPDX-License-Identifier: Apache-2.0
// Token buckets per source (kernel ratelimiter.c): the last question before a DH, under load and
// after mac2. Tokens are kept as the time it took to earn them. Handshake lane only.
#include <algorithm>

#include <weft/wg/rate_limiter.hpp>

namespace weft::wg {
namespace {

constexpr Duration kTokenCost = Duration{1s} / kRateLimitPerSecond;
constexpr Duration kTokensMax = kTokenCost * kRateLimitBurst;
constexpr Duration kForgetAfter = 1s;

/// One subscriber line: an IPv4 address, or an IPv6 /64.
net::IpAddress line_of(const net::IpAddress& source) {
    constexpr std::uint8_t kLineLength = 64;
    return source.is_v4() ? source : net::Prefix{source, kLineLength}.masked().address;
}

}  // namespace

bool RateLimiter::allow(const net::IpAddress& source, Time now) {
    const net::IpAddress line = line_of(source);
    const auto found = buckets_.find(line);
    if (found == buckets_.end()) {
        if (buckets_.size() >= kRateLimitEntriesMax) {
            collect(now);
        }
        if (buckets_.size() >= kRateLimitEntriesMax) {
            return false;
        }
        buckets_.emplace(line, Bucket{now, kTokensMax - kTokenCost});
        return true;
    }
    Bucket& bucket = found->second;
    bucket.tokens = std::min(kTokensMax, bucket.tokens + (now - bucket.updated));
    bucket.updated = now;
    if (bucket.tokens < kTokenCost) {
        return false;
    }
    bucket.tokens -= kTokenCost;
    return true;
}

void RateLimiter::collect(Time now) {
    if (now - collected_ < kForgetAfter) {
        return;
    }
    collected_ = now;
    std::erase_if(buckets_,
                  [&](const auto& entry) { return now - entry.second.updated > kForgetAfter; });
}

}  // namespace weft::wg

// SPDX-License-Identifier: Apache-2.0
// Every number of the protocol and every limit of this implementation, in two blocks.
// Sources: the WireGuard paper (ndss2017, section 6), the kernel's
// drivers/net/wireguard/messages.h, RFC 6479. Where they differ the kernel is the norm.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace weft::wg {

using namespace std::chrono_literals;

// ---- Specification ---------------------------------------------------------------------------
inline constexpr std::uint64_t kRekeyAfterMessages = 1ULL << 60;
inline constexpr std::uint32_t kWindowBits = 8192;  // RFC 6479 bitmap
inline constexpr std::uint32_t kWindowSize =
    kWindowBits - 64;  // usable: one word is always in transit
inline constexpr std::uint64_t kRejectAfterMessages = UINT64_MAX - kWindowSize - 1;
inline constexpr auto kRekeyAfterTime = 120s;
inline constexpr auto kRejectAfterTime = 180s;
inline constexpr auto kRekeyTimeout = 5s;
inline constexpr auto kRekeyTimeoutJitter = 333ms;  // upper end of U[0, ...)
inline constexpr auto kRekeyAttemptTime = 90s;
inline constexpr unsigned kMaxTimerHandshakes = 90 / 5;
inline constexpr auto kKeepaliveTimeout = 10s;
inline constexpr auto kNewHandshakeAfter = kKeepaliveTimeout + kRekeyTimeout;
inline constexpr auto kRekeyWhenReceivingAfter =
    kRejectAfterTime - kKeepaliveTimeout - kRekeyTimeout;
inline constexpr auto kZeroKeysAfter = 3 * kRejectAfterTime;
inline constexpr auto kCookieSecretMaxAge = 120s;
inline constexpr auto kCookieSecretLatency = 5s;
inline constexpr unsigned kInitiationsPerSecond = 50;  // of one peer, accepted
inline constexpr std::size_t kPaddingMultiple = 16;

// ---- Implementation --------------------------------------------------------------------------
inline constexpr std::size_t kStagedPacketsMax = 128;  // kernel MAX_STAGED_PACKETS
inline constexpr std::size_t kStagedBytesMax =
    std::size_t{256} * 1024;                        // super-packets count by their bytes too
inline constexpr std::size_t kLaneQueueMax = 4096;  // kernel MAX_QUEUED_INCOMING_HANDSHAKES
inline constexpr std::size_t kUnderLoadAt = kLaneQueueMax / 8;
inline constexpr auto kUnderLoadLatch = 1s;
/// A stranger is sent hardly another cookie meanwhile (answered_sources.hpp); less than
/// kRekeyTimeout, after which it knocks again.
inline constexpr auto kAnswerAgainAfter = 4s;
inline constexpr unsigned kRateLimitPerSecond = 20;  // handshakes of one /32 or /64 under load
inline constexpr unsigned kRateLimitBurst = 5;
inline constexpr std::size_t kRateLimitEntriesMax = 65536;
inline constexpr unsigned kWorkersMax = 15;        // worker bits of an index; 15 is the lane
inline constexpr std::size_t kPeersMax = 1 << 14;  // four indices for each in the table
/// The lane looks at each peer at least this often for timers that workers have armed; shorter than
/// the shortest of them (kKeepaliveTimeout), so none is ever late.
inline constexpr auto kTimerPollInterval = 5s;

}  // namespace weft::wg

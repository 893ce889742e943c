// SPDX-License-Identifier: Apache-2.0
// Why a packet went no further. One list feeds the enum, the names in status and metrics, and the
// counters; nothing on the packet path logs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::net {

// clang-format off
#define WEFT_DROP_REASONS(X)                                                                     \
    /* outbound */                                                                               \
    X(kInnerMalformed,       "inner_malformed")        /* not an IP packet, or a broken header */ \
    X(kNoRoute,              "no_route")               /* no peer has the destination */          \
    X(kNoEndpoint,           "no_endpoint")            /* the peer's endpoint is not known yet */ \
    X(kOffloadMalformed,     "offload_malformed")      /* vnet header contradicts the packet */   \
    X(kTooLarge,             "too_large")              /* larger than a datagram, or the path */  \
    X(kRoutingLoop,          "routing_loop")           /* our own message, to the same peer */    \
    X(kTunReadFailed,        "tun_read_failed")        /* the kernel could not hand it out */     \
    X(kStagedOverflow,       "staged_overflow")        /* oldest waiting packet gave way */       \
    X(kHandshakeFailed,      "handshake_failed")       /* waiting packets of a silent peer */     \
    X(kNonceExhausted,       "nonce_exhausted")        /* session reached its message limit */    \
    X(kSendFailed,           "send_failed")            /* the kernel refused the datagram */      \
    /* inbound */                                                                                \
    X(kUnknownType,          "unknown_type")           /* not a message of ours, or wrong size */ \
    X(kReceiveFailed,        "receive_failed")         /* an error of the UDP socket */           \
    X(kTruncated,            "truncated")              /* larger than any datagram we take */     \
    X(kUnknownIndex,         "unknown_index")          /* no session or handshake has it */       \
    X(kSessionExpired,       "session_expired")        /* keys older than REJECT_AFTER_TIME */    \
    X(kCounterRejected,      "counter_rejected")       /* replayed, or behind the window */       \
    X(kAuthFailed,           "auth_failed")            /* tag does not verify */                  \
    X(kWrongSource,          "wrong_source")           /* inner source is not this peer's */      \
    X(kTunWriteFailed,       "tun_write_failed")       /* the kernel refused the packet */        \
    /* handshake lane */                                                                         \
    X(kBadMac1,              "bad_mac1")                                                         \
    X(kUnknownPeer,          "unknown_peer")           /* static key is not configured */         \
    X(kHandshakeInvalid,     "handshake_invalid")      /* does not decrypt, or zero DH */         \
    X(kHandshakeReplayed,    "handshake_replayed")     /* timestamp not newer */                  \
    X(kHandshakeFlood,       "handshake_flood")        /* peer initiates too fast */              \
    X(kRateLimited,          "rate_limited")           /* source over its budget under load */    \
    X(kCookieRequired,       "cookie_required")        /* under load: answered with a cookie */   \
    X(kCookieInvalid,        "cookie_invalid")         /* cookie reply we did not ask for */      \
    X(kLaneOverflow,         "lane_overflow")          /* handshake queue is full */
// clang-format on

enum class DropReason : std::uint8_t {
    kNone = 0,
#define WEFT_DROP_ENUM(name, text) name,
    WEFT_DROP_REASONS(WEFT_DROP_ENUM)
#undef WEFT_DROP_ENUM
};

inline constexpr std::array kDropReasonNames = {std::string_view{"none"},
#define WEFT_DROP_NAME(name, text) std::string_view{text},
                                                WEFT_DROP_REASONS(WEFT_DROP_NAME)
#undef WEFT_DROP_NAME
};
inline constexpr std::size_t kDropReasonCount = kDropReasonNames.size();

[[nodiscard]] constexpr std::string_view name_of(DropReason reason) {
    return kDropReasonNames[static_cast<std::size_t>(reason)];
}

}  // namespace weft::net

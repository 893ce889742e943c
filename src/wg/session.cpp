// SPDX-License-Identifier: Apache-2.0
// Nonces of a session (WireGuard paper 5.4.6; kernel send.c). Outbound, once per train, any worker.
// A nonce used twice gives the key away, so the counter can neither be handed out twice nor wrap.
#include <weft/base/assert.hpp>
#include <weft/wg/session.hpp>

namespace weft::wg {

std::optional<std::uint64_t> NonceCounter::take(std::uint32_t count) {
    WEFT_DCHECK(count <= kBlockMax);
    std::uint64_t first = next();
    // Exchanged rather than added to: adds that fail, repeated, would carry the counter round.
    do {
        if (first > kRejectAfterMessages - count) {
            return std::nullopt;
        }
    } while (!next_.compare_exchange_weak(first, first + count, std::memory_order_relaxed));
    return first;
}

std::optional<std::uint64_t> Session::take_nonces(std::uint32_t count) {
    const std::optional<std::uint64_t> first = nonces_.take(count);
    if (!first) {
        invalidate_sending();
    }
    return first;
}

}  // namespace weft::wg

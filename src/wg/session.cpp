// SPDX-License-Identifier: Apache-2.0
// Nonces of a session (WireGuard paper 5.4.6; kernel send.c). Outbound, once per train, any worker.
// A nonce used twice gives the key away, so the counter can neither be handed out twice nor wrap.
#include <weft/base/assert.hpp>
#include <weft/wg/session.hpp>

namespace weft::wg {

std::optional<std::uint64_t> NonceCounter::take(std::uint32_t count) {
    WEFT_DCHECK(count <= kBlockMax);
    // Looked at before it is added to: failing adds, repeated, would carry the counter round.
    if (next() > kRejectAfterMessages - count) {
        return std::nullopt;
    }
    const std::uint64_t first = next_.fetch_add(count, std::memory_order_relaxed);
    // Other workers may have passed the same look.
    return first <= kRejectAfterMessages - count ? std::optional{first} : std::nullopt;
}

std::optional<std::uint64_t> Session::take_nonces(std::uint32_t count) {
    const std::optional<std::uint64_t> first = nonces_.take(count);
    if (!first) {
        invalidate_sending();
    }
    return first;
}

}  // namespace weft::wg

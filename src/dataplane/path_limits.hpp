// SPDX-License-Identifier: Apache-2.0
// What single messages a peer's path refused with EMSGSIZE, and so how large an inner packet to it
// may be for a while. Rare: weft sets no DF, so the kernel cuts outer packets that are too large;
// it refuses where it cannot (an IPsec policy on the way, for one). One worker's own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <weft/base/clock.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/wg/messages.hpp>

namespace weft::dataplane {

class PathLimits {
  public:
    static constexpr std::size_t kPeersMax = 16;
    /// Then a larger packet is tried again (RFC 1191 6.3: ten minutes).
    static constexpr std::chrono::minutes kLifetime{10};

    /// A message of `size` bytes to the peer was too large: remembers the next smaller step.
    void refused(const crypto::PublicKey& peer, std::size_t size, Time now) {
        const std::size_t inner = size - std::min(size, wg::kDataOverhead);
        const auto* const step =
            std::find_if(kSteps.begin(), kSteps.end() - 1, [&](std::uint32_t mtu) {
                return mtu + wg::padding_for(mtu, 0) < inner;  // `inner` is padded too
            });
        Entry& entry = entry_of(peer, now);
        const bool known = now < entry.until && entry.peer == peer;
        entry = {peer, known ? std::min(entry.inner_max, *step) : *step, now + kLifetime};
        last_until_ = std::max(last_until_, entry.until);
    }
    /// Bytes of the largest inner packet to try; UINT32_MAX where nothing is known.
    [[nodiscard]] std::uint32_t inner_max(const crypto::PublicKey& peer, Time now) const {
        if (now >= last_until_) {
            return UINT32_MAX;  // nearly always
        }
        for (const Entry& entry : entries_) {
            if (now < entry.until && entry.peer == peer) {
                return entry.inner_max;
            }
        }
        return UINT32_MAX;
    }

  private:
    struct Entry {
        crypto::PublicKey peer;
        std::uint32_t inner_max = 0;
        Time until{};
    };
    /// RFC 1191 7.1, and the sizes at which tunnels usually end.
    static constexpr std::array<std::uint32_t, 11> kSteps = {
        32000, 17914, 8166, 4352, 2002, 1492, 1420, 1380, 1280, 1006, 576};

    /// The peer's entry, or the one that ends first.
    Entry& entry_of(const crypto::PublicKey& peer, Time now) {
        Entry* found = entries_.data();
        for (Entry& entry : entries_) {
            if (now < entry.until && entry.peer == peer) {
                return entry;
            }
            if (entry.until < found->until) {
                found = &entry;
            }
        }
        return *found;
    }

    std::array<Entry, kPeersMax> entries_{};
    Time last_until_{};
};

}  // namespace weft::dataplane

// SPDX-License-Identifier: Apache-2.0
// The blocks of an issuer's slices: which one is given next. Never used before rested, longest
// rested first; a block comes back only kRest after a numbered revocation of its last owner, told
// by a clock that is trusted, and never by the clock alone. Pure; the ledger's owner.
//
//   never used  --take-->  owned  --rest-->  resting  --kRest of trusted time-->  given again
//                                    ^          |
//                                    +--take----+   (token create --replace: the next owner is
//                                    named)
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include <weft/identity/trust_store.hpp>
#include <weft/net/address.hpp>

namespace weft::issuer {

using identity::TimeView;
using identity::UnixSeconds;

/// Prefix lengths of blocks: 1 to 32 and 1 to 64.
struct BlockSizes {
    std::uint8_t v4 = 24;
    std::uint8_t v6 = 64;
};

class BlockPool {
  public:
    static constexpr UnixSeconds kRest = 86'400;
    /// A block that was given when blocks were larger counts as so many of today's, at most.
    static constexpr unsigned kWiderBitsMax = 12;

    /// Slices that are smaller than a block hold none.
    BlockPool(std::span<const net::Prefix> slices, BlockSizes sizes);

    /// Whether nodes get a block of this family here.
    [[nodiscard]] bool gives(net::Family family) const { return !side(family).slices.empty(); }
    /// Whether a block lies inside a slice.
    [[nodiscard]] bool covers(const net::Prefix& block) const;
    /// Whether take() and rest() may be called with it.
    [[nodiscard]] bool can_hold(const net::Prefix& block) const;
    /// The block that is to be given next; it stays free until it is taken. O(log n), as the rest.
    [[nodiscard]] std::optional<net::Prefix> next(net::Family family, const TimeView& time) const;

    /// `block` has an owner (more): one that was free, or that rests. What is outside of the slices
    /// is another issuer's business, and ignored.
    void take(const net::Prefix& block);
    /// `block` lost an owner by a revocation of that time; nullopt: dated by a clock that was not
    /// trusted, so that it rests from the first trusted time that is seen.
    void rest(const net::Prefix& block, std::optional<UnixSeconds> revoked);
    /// Call before next().
    void on_time(const TimeView& time);

    struct Count {
        std::uint64_t total = 0;
        std::uint64_t owned = 0;
        std::uint64_t resting = 0;  ///< revoked, whether ready to be given or not
    };
    [[nodiscard]] Count count(net::Family family) const;

  private:
    /// The high 64 bits of an address, shifted right until its block's last bit is bit 0.
    using Number = std::uint64_t;

    struct Slice {
        net::Prefix prefix;
        Number first = 0;
        std::uint64_t size = 0;
    };
    struct Unit {
        std::uint32_t owners = 0;  // two only after a backup was restored and granted from
        bool undated = false;
        UnixSeconds revoked = 0;
    };
    struct Side {
        net::Family family{};
        std::uint8_t length = 0;
        std::vector<Slice> slices;
        std::map<Number, Unit> units;  // those that were ever taken
        std::set<std::pair<UnixSeconds, Number>> resting;
        std::set<Number> undated;
        std::size_t fresh_slice = 0;  // with fresh_offset: the first that never was
        std::uint64_t fresh_offset = 0;

        [[nodiscard]] bool has(Number number) const;
        [[nodiscard]] net::Prefix prefix_of(Number number) const;
        [[nodiscard]] std::pair<Number, Number> range_of(const net::Prefix& block) const;
        void skip_used();
    };
    [[nodiscard]] Side& side(net::Family family) {
        return family == net::Family::kIpv4 ? v4_ : v6_;
    }
    [[nodiscard]] const Side& side(net::Family family) const {
        return family == net::Family::kIpv4 ? v4_ : v6_;
    }

    Side v4_;
    Side v6_;
};

}  // namespace weft::issuer

// SPDX-License-Identifier: Apache-2.0
// What is being spread: each rumour goes out a number of times that grows with the logarithm of the
// network, those least sent first (SWIM 4.1). Bounded: where there are too many, those most sent
// go.
#pragma once

#include <map>
#include <set>
#include <utility>

#include <weft/gossip/messages.hpp>

namespace weft::gossip {

/// What a rumour is about; its bytes are looked up when it is sent, so that they are the newest.
struct MemberRumour {
    NodeId node;
    bool whole = true;  ///< its certificate is news too; else others have it, and the record does
    friend auto operator<=>(const MemberRumour&, const MemberRumour&) = default;
};
struct IssuerRumour {
    std::uint32_t number = 0;
    friend auto operator<=>(const IssuerRumour&, const IssuerRumour&) = default;
};
struct RevocationRumour {
    std::uint32_t signer = 0;
    std::uint64_t number = 0;
    friend auto operator<=>(const RevocationRumour&, const RevocationRumour&) = default;
};
struct SuccessorRumour {
    std::uint32_t number = 0;
    friend auto operator<=>(const SuccessorRumour&, const SuccessorRumour&) = default;
};
/// In the order of importance: what takes rights away goes first.
using Rumour =
    std::variant<RevocationRumour, SuccessorRumour, IssuerRumour, MemberRumour, Accusation>;

class Rumours {
  public:
    static constexpr std::size_t kMax = 4'096;
    /// Of these accusations: they may not keep out what is signed.
    static constexpr std::size_t kAccusationsMax = 64;
    /// memberlist's and serf's figure.
    static constexpr std::uint32_t kRetransmitMultiplier = 4;

    /// Spread from the beginning, also where it is on its way already; `sent`: as if so often
    /// before.
    void add(const Rumour& rumour, std::uint32_t sent = 0);
    [[nodiscard]] bool contains(const Rumour& rumour) const { return sent_.contains(rumour); }
    void remove(const Rumour& rumour);
    [[nodiscard]] bool empty() const { return sent_.empty(); }
    [[nodiscard]] std::size_t size() const { return sent_.size(); }

    /// Whether any came since this was last asked: it is sent soon.
    bool take_fresh() { return std::exchange(fresh_, false); }
    /// Those to send next, least sent first, and accusations where there is room left.
    [[nodiscard]] std::vector<Rumour> next(std::size_t max) const;
    /// `nodes`: in the network, this one included.
    void on_sent(const Rumour& rumour, std::size_t nodes);

    /// kRetransmitMultiplier · ceil(log10(nodes + 1))
    static std::uint32_t transmissions(std::size_t nodes);

  private:
    std::map<Rumour, std::uint32_t> sent_;
    std::size_t accusations_ = 0;
    bool fresh_ = false;
    std::set<std::pair<std::uint32_t, Rumour>> by_count_;
};

}  // namespace weft::gossip

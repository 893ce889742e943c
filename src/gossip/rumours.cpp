// SPDX-License-Identifier: Apache-2.0
// See rumours.hpp.
#include "rumours.hpp"

namespace weft::gossip {

void Rumours::add(const Rumour& rumour, std::uint32_t sent) {
    remove(rumour);
    const bool accuses = std::holds_alternative<Accusation>(rumour);
    if (accuses && accusations_ >= kAccusationsMax) {
        return;
    }
    if (sent_.size() >= kMax) {
        const Rumour most_sent = std::prev(by_count_.end())->second;
        remove(most_sent);
    }
    sent_.emplace(rumour, sent);
    by_count_.emplace(sent, rumour);
    accusations_ += accuses ? 1U : 0U;
    fresh_ = true;
}

void Rumours::remove(const Rumour& rumour) {
    if (const auto found = sent_.find(rumour); found != sent_.end()) {
        by_count_.erase({found->second, rumour});
        sent_.erase(found);
        accusations_ -= std::holds_alternative<Accusation>(rumour) ? 1U : 0U;
    }
}

std::vector<Rumour> Rumours::next(std::size_t max) const {
    std::vector<Rumour> rumours;
    for (const bool accusing : {false, true}) {
        for (auto at = by_count_.begin(); at != by_count_.end() && rumours.size() < max; ++at) {
            if (std::holds_alternative<Accusation>(at->second) == accusing) {
                rumours.push_back(at->second);
            }
        }
    }
    return rumours;
}

void Rumours::on_sent(const Rumour& rumour, std::size_t nodes) {
    const auto found = sent_.find(rumour);
    if (found == sent_.end()) {
        return;
    }
    by_count_.erase({found->second, rumour});
    if (++found->second >= transmissions(nodes)) {
        accusations_ -= std::holds_alternative<Accusation>(rumour) ? 1U : 0U;
        sent_.erase(found);
        return;
    }
    by_count_.emplace(found->second, rumour);
}

std::uint32_t Rumours::transmissions(std::size_t nodes) {
    std::uint32_t digits = 0;  // ceil(log10(nodes + 1))
    for (; nodes > 0; nodes /= 10) {
        ++digits;
    }
    return kRetransmitMultiplier * digits;
}

}  // namespace weft::gossip

// SPDX-License-Identifier: Apache-2.0
// See loss_meter.hpp. Control thread.
#include "loss_meter.hpp"

#include <algorithm>
#include <utility>

namespace weft::control {

void LossMeter::observe(const std::vector<PeerSample>& samples, Time now) {
    std::map<KeyBytes, State> kept;
    for (const PeerSample& sample : samples) {
        State& state = kept[sample.public_key];
        if (const auto known = states_.find(sample.public_key);
            known != states_.end() && known->second.last.arrived <= sample.rx_packets) {
            state = std::move(known->second);  // else it was removed and added anew
        }
        state.last = {now, sample.rx_packets, sample.rx_missing};
        if (state.marks.empty() || now - state.marks.back().at >= kMarkEvery) {
            state.marks.push_back(state.last);
        }
        while (now - state.marks.front().at > kSpan) {
            state.marks.pop_front();
        }
    }
    states_ = std::move(kept);
}

std::optional<std::uint32_t> LossMeter::ppm_of(const KeyBytes& peer) const {
    const auto state = states_.find(peer);
    if (state == states_.end()) {
        return std::nullopt;
    }
    const Mark& first = state->second.marks.front();
    const Mark& last = state->second.last;
    // Below zero: what was late had been counted as missing before `first`.
    const auto gaps = static_cast<std::int64_t>(last.missing - first.missing);
    const auto missing = static_cast<std::uint64_t>(std::max<std::int64_t>(gaps, 0));
    const std::uint64_t sent = last.arrived - first.arrived + missing;
    if (sent < kSentLeast) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(missing * 1'000'000 / sent);
}

}  // namespace weft::control

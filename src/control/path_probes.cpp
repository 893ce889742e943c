// SPDX-License-Identifier: Apache-2.0
// See path_probes.hpp. Control thread.
#include "path_probes.hpp"

#include <algorithm>
#include <utility>

#include <weft/wg/messages.hpp>

namespace weft::control {

std::size_t PathProbes::datagram_size(std::uint32_t inner) {
    return inner == mesh::PathMtu::kSmall
               ? 0
               : std::min<std::size_t>(inner + wg::kDataOverhead, gossip::kPaddedSizeMax);
}

void PathProbes::tick(const std::map<KeyBytes, Peer>& peers, Time now, const Ping& ping) {
    for (const auto& [key, peer] : peers) {
        const auto at =
            states_
                .try_emplace(
                    key,
                    State{peer.node, peer.endpoint, peer.tx_bytes, mesh::PathMtu{most_}, {}, {}})
                .first;
        State& state = at->second;
        if (state.endpoint != peer.endpoint || state.node != peer.node) {
            state.endpoint = peer.endpoint;
            state.node = peer.node;
            state.sent.clear();
            state.mtu.on_new_path();
        }
        std::erase_if(state.sent,
                      [now](const auto& entry) { return now - entry.second.at > kForgetAfter; });
        const bool sending = peer.tx_bytes != std::exchange(state.tx_bytes, peer.tx_bytes);
        for (const std::uint32_t inner : state.mtu.due(now, sending)) {
            if (const auto number = ping(peer.node, peer.endpoint, datagram_size(inner))) {
                state.sent[*number] = {inner, now};
            }
        }
    }
}

void PathProbes::on_answer(const gossip::NodeId& node, gossip::ProbeNumber number, Time now) {
    for (auto& [key, state] : states_) {
        const auto sent = state.sent.find(number);
        if (state.node != node || sent == state.sent.end()) {
            continue;
        }
        const auto rtt =
            std::chrono::duration_cast<std::chrono::microseconds>(now - sent->second.at);
        state.rtt_us = static_cast<std::uint32_t>(rtt.count());
        state.mtu.on_answer(sent->second.inner);
        state.sent.erase(sent);
        return;
    }
}

void PathProbes::keep_only(const std::function<bool(const KeyBytes&)>& is_known) {
    std::erase_if(states_, [&](const auto& entry) { return !is_known(entry.first); });
}

std::optional<std::uint32_t> PathProbes::mtu_of(const KeyBytes& peer) const {
    const auto state = states_.find(peer);
    return state == states_.end() ? std::nullopt : std::optional{state->second.mtu.mtu()};
}

bool PathProbes::is_below_least(const KeyBytes& peer) const {
    const auto state = states_.find(peer);
    return state != states_.end() && state->second.mtu.is_below_least();
}

std::optional<std::uint32_t> PathProbes::rtt_us_of(const KeyBytes& peer) const {
    const auto state = states_.find(peer);
    return state == states_.end() ? std::nullopt : state->second.rtt_us;
}

}  // namespace weft::control

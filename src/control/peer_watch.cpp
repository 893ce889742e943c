// SPDX-License-Identifier: Apache-2.0
// See peer_watch.hpp. Control thread.
#include "peer_watch.hpp"

namespace weft::control {

void PeerWatch::observe_attempts(State& state, const PeerSample& sample, Time now) {
    if (state.attempting_since && sample.last_handshake != state.handshake_before) {
        state.attempting_since.reset();  // it answered
    }
    if (sample.handshake_pending) {
        if (!state.attempting_since) {
            state.attempting_since = now;
            state.handshake_before = sample.last_handshake;
        }
        state.last_attempt = now;
    } else if (state.attempting_since && now - state.last_attempt > kForgetAfter) {
        state.attempting_since.reset();
    }
}

std::vector<PeerWatch::Event> PeerWatch::observe(const std::vector<PeerSample>& samples, Time now) {
    std::vector<Event> events;
    std::map<KeyBytes, State> states;
    for (const PeerSample& sample : samples) {
        const auto known = states_.find(sample.public_key);
        State state = known == states_.end() ? State{} : known->second;
        observe_attempts(state, sample, now);
        if (sample.session_live != state.live) {
            state.live = sample.session_live;
            events.push_back({sample.public_key,
                              state.live ? PeerChange::kSessionUp : PeerChange::kSessionDown});
        }
        const bool silent = state.attempting_since && now - *state.attempting_since >= kSilentAfter;
        if (silent && !state.silent) {
            events.push_back({sample.public_key, PeerChange::kSilent});
        }
        state.silent = silent;
        states.emplace(sample.public_key, state);
    }
    states_.swap(states);
    return events;
}

bool PeerWatch::silent(const KeyBytes& peer) const {
    const auto found = states_.find(peer);
    return found != states_.end() && found->second.silent;
}

std::set<KeyBytes> PeerWatch::live() const {
    std::set<KeyBytes> peers;
    for (const auto& [key, state] : states_) {
        if (state.live) {
            peers.insert(key);
        }
    }
    return peers;
}

}  // namespace weft::control

// SPDX-License-Identifier: Apache-2.0
// See endpoint_names.hpp. Control thread.
#include "endpoint_names.hpp"

#include <algorithm>
#include <utility>

namespace weft::control {

void EndpointNames::set(const KeyBytes& peer, const config::HostPort& host) {
    entries_[peer] = Entry{host, true, false, std::nullopt, {}};
}

std::vector<Resolver::Question> EndpointNames::due(Time now, const std::set<KeyBytes>& live) {
    std::vector<Resolver::Question> questions;
    for (auto& [peer, entry] : entries_) {
        const bool wanted = entry.must_set || !live.contains(peer);
        if (wanted && (!entry.ask_at || *entry.ask_at <= now)) {
            questions.push_back({peer, entry.host});
            entry.ask_at = now + kAskEvery;
        }
    }
    return questions;
}

void EndpointNames::not_asked(const std::vector<Resolver::Question>& questions) {
    for (const Resolver::Question& question : questions) {
        if (const auto found = entries_.find(*question.peer); found != entries_.end()) {
            found->second.ask_at.reset();
        }
    }
}

std::optional<net::Endpoint> EndpointNames::on_answer(const Resolver::Answer& answer,
                                                      const std::optional<net::Endpoint>& current,
                                                      bool failing,
                                                      Time now) {
    const auto found = entries_.find(*answer.question.peer);
    if (found == entries_.end() || found->second.host != answer.question.host) {
        return std::nullopt;  // reconfigured while the question was out
    }
    Entry& entry = found->second;
    if (answer.endpoints.empty()) {
        entry.failure = answer.cause;
        if (!entry.resolved) {
            entry.ask_at = now + kRetryAfter;
        }
        return std::nullopt;
    }
    entry.failure.clear();
    entry.resolved = true;
    const bool first_time = std::exchange(entry.must_set, false);
    if (!first_time && !failing) {
        return std::nullopt;  // live, or idle and well as far as anyone knows
    }
    const auto& list = answer.endpoints;
    const auto here = current ? std::find(list.begin(), list.end(), *current) : list.end();
    if (here == list.end()) {
        return list.front();
    }
    if (first_time || list.size() == 1) {
        return std::nullopt;  // it is set already
    }
    return std::next(here) == list.end() ? list.front() : *std::next(here);
}

std::map<KeyBytes, EndpointNames::Failure> EndpointNames::failures() const {
    std::map<KeyBytes, Failure> failures;
    for (const auto& [peer, entry] : entries_) {
        if (!entry.failure.empty()) {
            failures.emplace(peer, Failure{entry.host, entry.failure});
        }
    }
    return failures;
}

}  // namespace weft::control

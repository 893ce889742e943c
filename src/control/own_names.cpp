// SPDX-License-Identifier: Apache-2.0
// See own_names.hpp. Control thread.
#include "own_names.hpp"

#include <algorithm>

#include "reconcile.hpp"

namespace weft::control {

void OwnNames::set(std::span<const config::HostPort> hosts) {
    std::map<std::string, Entry> wanted;
    for (const config::HostPort& host : hosts) {
        if (numeric_endpoint(host)) {
            continue;
        }
        const std::string name = host.to_string();
        const auto known = entries_.find(name);
        wanted.emplace(name,
                       known == entries_.end() ? Entry{host, {}, std::nullopt, {}} : known->second);
    }
    entries_ = std::move(wanted);
}

std::vector<Resolver::Question> OwnNames::due(Time now) {
    std::vector<Resolver::Question> questions;
    for (auto& [name, entry] : entries_) {
        if (!entry.ask_at || *entry.ask_at <= now) {
            questions.push_back({std::nullopt, entry.host});
            entry.ask_at = now + kAskEvery;
        }
    }
    return questions;
}

void OwnNames::not_asked() {
    for (auto& [name, entry] : entries_) {
        entry.ask_at.reset();
    }
}

bool OwnNames::on_answer(const Resolver::Answer& answer, Time now) {
    const auto found = entries_.find(answer.question.host.to_string());
    if (found == entries_.end()) {
        return false;  // reconfigured while the question was out
    }
    Entry& entry = found->second;
    if (answer.endpoints.empty()) {
        entry.failure = answer.cause;
        if (entry.endpoints.empty()) {
            entry.ask_at = now + kRetryAfter;
        }
        return false;
    }
    entry.failure.clear();
    // Name servers turn their answers round: in one order they are one answer.
    std::vector<net::Endpoint> sorted = answer.endpoints;
    std::sort(sorted.begin(), sorted.end());
    const bool changed = sorted != entry.endpoints;
    entry.endpoints = std::move(sorted);
    return changed;
}

std::vector<net::Endpoint> OwnNames::endpoints(std::span<const config::HostPort> hosts) const {
    std::vector<net::Endpoint> all;
    const auto add = [&](const net::Endpoint& endpoint) {
        if (std::find(all.begin(), all.end(), endpoint) == all.end()) {
            all.push_back(endpoint);
        }
    };
    for (const config::HostPort& host : hosts) {
        if (const auto endpoint = numeric_endpoint(host)) {
            add(*endpoint);
        } else if (const auto known = entries_.find(host.to_string()); known != entries_.end()) {
            std::for_each(known->second.endpoints.begin(), known->second.endpoints.end(), add);
        }
    }
    return all;
}

std::map<std::string, std::string> OwnNames::failures() const {
    std::map<std::string, std::string> failures;
    for (const auto& [name, entry] : entries_) {
        if (!entry.failure.empty()) {
            failures.emplace(name, entry.failure);
        }
    }
    return failures;
}

}  // namespace weft::control

// SPDX-License-Identifier: Apache-2.0
// One source of machines: a program, a file or a name. Control thread, or the CLI.
#include "discovery_section.hpp"

#include <map>
#include <utility>

#include <weft/net/address.hpp>

#include "host_port.hpp"

namespace weft::config {
namespace {

constexpr std::size_t kSourcesMost = 16;
constexpr std::size_t kArgumentsMost = 64;
constexpr std::uint32_t kIntervalMostSeconds = 86'400;

/// As it is, where it is one word; else in quotes, so that ["a b"] and ["a", "b"] differ.
std::string quoted(const std::string& argument) {
    if (argument.find_first_of(" \"\\") == std::string::npos) {
        return argument;
    }
    std::string text = "\"";
    for (const char c : argument) {
        text += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
    }
    return text + "\"";
}

}  // namespace

std::string DiscoveryConfig::text() const {
    if (exec.empty()) {
        return file.empty() ? "dns " + dns : "file " + file.string();
    }
    std::string all = "exec";
    for (const std::string& argument : exec) {
        all += " " + quoted(argument);
    }
    return all;
}

Result<> take_exec(DiscoveryDraft& draft, const Value& value) {
    const auto elements = value.elements();
    if (!elements) {
        return elements.error();
    }
    if (elements->empty() || elements->size() > kArgumentsMost) {
        return value.wrong("must be a program and its arguments, " +
                           std::to_string(kArgumentsMost) + " at most");
    }
    draft.source.exec.clear();
    for (const Value& element : *elements) {
        auto argument = element.word();
        if (!argument) {
            return argument.error();
        }
        draft.source.exec.push_back(std::move(*argument));
    }
    if (draft.source.exec.front().front() != '/') {
        return elements->front().wrong("must begin with the program's absolute path, not '" +
                                       draft.source.exec.front() + "'");
    }
    return {};
}

Result<> take_file(DiscoveryDraft& draft, const Value& value) {
    auto file = value.word();
    if (!file) {
        return file.error();
    }
    draft.source.file = std::move(*file);
    return {};
}

Result<> take_dns(DiscoveryDraft& draft, const Value& value) {
    auto name = value.word();
    if (!name) {
        return name.error();
    }
    const bool is_name =
        parse_host_port(*name + ":1") && !net::IpAddress::parse(*name) && name->front() != '[';
    if (!is_name) {
        return value.wrong("must be a host name such as nodes.example, not '" + *name + "'");
    }
    draft.source.dns = std::move(*name);
    return {};
}

Result<> take_interval(DiscoveryDraft& draft, const Value& value) {
    const auto seconds = value.integer(1, kIntervalMostSeconds);
    if (!seconds) {
        return seconds.error();
    }
    draft.source.interval = std::chrono::seconds{*seconds};
    return {};
}

Result<> check_discovery(const Draft& draft) {
    if (draft.discovery.size() > kSourcesMost) {
        return invalid(draft.discovery.back().source.where + ": more than " +
                       std::to_string(kSourcesMost) + " [[discovery]] sections");
    }
    std::map<std::string, std::string> places;
    for (const DiscoveryDraft& discovery : draft.discovery) {
        const DiscoveryConfig& source = discovery.source;
        const int count =
            int{!source.exec.empty()} + int{!source.file.empty()} + int{!source.dns.empty()};
        if (count != 1) {
            return invalid(source.where + ": a [[discovery]] section needs exactly one of exec, " +
                           "file and dns, not " + std::to_string(count));
        }
        const auto [first, is_new] = places.try_emplace(source.text(), source.where);
        if (!is_new) {
            return invalid(source.where + ": the same [[discovery]] is at " + first->second);
        }
    }
    return {};
}

}  // namespace weft::config

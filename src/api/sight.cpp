// SPDX-License-Identifier: Apache-2.0
// See sight.hpp.
#include <algorithm>

#include <weft/api/sight.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

constexpr std::size_t kWordMax = 40;
constexpr std::size_t kProblemsMax = 8;

bool is_word(std::string_view text) {
    return text.size() <= kWordMax && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      std::string_view{".-_+"}.find(c) != std::string_view::npos;
           });
}

std::string word(const std::string& text) {
    return is_word(text) ? text : std::string{};
}

}  // namespace

std::string to_json(const Sight& sight) {
    std::vector<std::string> problems;
    for (const std::string& problem : sight.problems) {
        if (is_word(problem) && problems.size() < kProblemsMax) {
            problems.push_back(problem);
        }
    }
    return boost::json::serialize(boost::json::object{{"version", word(sight.version)},
                                                      {"isa", word(sight.isa)},
                                                      {"interface_mtu", sight.interface_mtu},
                                                      {"path_mtu", sight.path_mtu},
                                                      {"session", word(sight.session)},
                                                      {"sent", sight.sent},
                                                      {"answered", sight.answered},
                                                      {"rtt_us", nullable(sight.rtt_us)},
                                                      {"clock_trusted", sight.clock_trusted},
                                                      {"firewall_drops", sight.firewall_drops},
                                                      {"problems", strings(problems)}});
}

Result<Sight> parse_sight(std::string_view text) {
    Result<Sight> parsed = parse_document<Sight>(text, [](JsonReader& reader, Sight& sight) {
        reader.read("version", sight.version);
        reader.read("isa", sight.isa);
        reader.read("interface_mtu", sight.interface_mtu);
        reader.read("path_mtu", sight.path_mtu);
        reader.read("session", sight.session);
        reader.read("sent", sight.sent);
        reader.read("answered", sight.answered);
        reader.read("rtt_us", sight.rtt_us);
        reader.read("clock_trusted", sight.clock_trusted);
        reader.read("firewall_drops", sight.firewall_drops);
        reader.read("problems", sight.problems);
    });
    if (!parsed) {
        return parsed;
    }
    const std::vector<std::string>& problems = parsed->problems;
    const bool good = is_word(parsed->version) && is_word(parsed->isa) &&
                      is_word(parsed->session) && problems.size() <= kProblemsMax &&
                      std::all_of(problems.begin(), problems.end(), is_word);
    return good ? parsed : Result<Sight>{invalid("words that none of ours would be", "")};
}

}  // namespace weft::api

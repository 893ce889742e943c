// SPDX-License-Identifier: Apache-2.0
// See account.hpp.
#include "scaleway/account.hpp"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

namespace weft::discovery::scaleway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRequestLimit{10'000};
constexpr milliseconds kFirstWait{250};
constexpr milliseconds kLongestWait{8'000};
constexpr int kReadings = 5;  // of a zone whose servers come and go while they are listed
constexpr std::size_t kPagesMax = kMachinesMax / kPageMax + 1;

constexpr long kOk = 200, kUnauthorized = 401, kForbidden = 403, kNotFound = 404;
constexpr long kTooManyRequests = 429, kServerError = 500;

bool passes(const Answer& answer) {
    return answer.status == kTooManyRequests || answer.status >= kServerError;
}

/// "fr-par" of "fr-par-1"
std::string region_of(const std::string& zone) {
    return zone.substr(0, zone.rfind('-'));
}

Error too_many() {
    return Error{std::make_error_code(std::errc::value_too_large),
                 "more than " + std::to_string(kMachinesMax) + " machines",
                 "--zone, --project or --tag"};
}

}  // namespace

Error Account::refused(const Answer& answer, const std::string& url) const {
    const std::string path =
        url.substr(options_.api_url.size(), url.find('?') - options_.api_url.size());
    const std::string text = error_text(answer.body);
    const std::string what =
        path + ": " + std::to_string(answer.status) + (text.empty() ? "" : ", " + text);
    const std::string token = "the token of " + options_.token_from;
    switch (answer.status) {
        case kUnauthorized:
            return Error{std::make_error_code(std::errc::permission_denied),
                         "the API does not accept " + token + " (" + what + ")",
                         "make an API key (console, IAM) and put its secret key there"};
        case kForbidden:
            return Error{std::make_error_code(std::errc::permission_denied),
                         token + " may not do this (" + what + ")",
                         "a policy with InstancesReadOnly, and with --private-networks "
                         "IPAMReadOnly, for its project"};
        case kNotFound:
            return Error{std::make_error_code(std::errc::invalid_argument),
                         "the API knows no such place (" + what + ")",
                         "check --zone and --api-url"};
        default:
            return Error{
                std::make_error_code(std::errc::io_error), "the API does not serve " + what, ""};
    }
}

Result<Answer> Account::get(const std::string& url) {
    for (milliseconds wait = kFirstWait;; wait = std::min(wait * 2, kLongestWait)) {
        const auto left = std::chrono::duration_cast<milliseconds>(until_ - BootClock::now());
        if (left <= milliseconds::zero()) {
            return Error{
                std::make_error_code(std::errc::timed_out),
                "the account is not read within " + std::to_string(options_.limit.count()) + " s",
                "fewer zones: --zone"};
        }
        Result<Answer> answer = client_.get(url, std::min(left, kRequestLimit));
        if (answer && answer->status == kOk) {
            return answer;
        }
        const bool again = answer ? passes(*answer) : answer.error().code == std::errc::io_error;
        const milliseconds pause =
            std::max<milliseconds>(wait, answer ? answer->retry_after : milliseconds::zero());
        // Rather the cause now than the limit later.
        if (!again || BootClock::now() + pause >= until_) {
            return answer ? refused(*answer, url) : answer.error();
        }
        std::this_thread::sleep_for(pause);
    }
}

std::string Account::filters() const {
    std::string query;
    if (!options_.project.empty()) {
        query += "&project=" + client_.escaped(options_.project);
    }
    if (!options_.organization.empty()) {
        query += "&organization=" + client_.escaped(options_.organization);
    }
    std::string tags;
    for (const std::string& tag : options_.tags) {
        if (tag.find(',') == std::string::npos) {  // the API's separator: has_tags() looks for it
            tags += (tags.empty() ? "" : ",") + tag;
        }
    }
    return tags.empty() ? query : query + "&tags=" + client_.escaped(tags);
}

bool Account::has_tags(const Machine& machine) const {
    return std::all_of(options_.tags.begin(), options_.tags.end(), [&](const std::string& tag) {
        return std::find(machine.tags.begin(), machine.tags.end(), tag) != machine.tags.end();
    });
}

Result<std::optional<std::vector<Server>>> Account::read_servers(const std::string& zone) {
    const std::string base =
        options_.api_url + "/instance/v1/zones/" + zone +
        "/servers?order=creation_date_asc&per_page=" + std::to_string(kPageMax) + filters() +
        "&page=";
    std::vector<Server> servers;
    std::set<std::string> ids;
    std::optional<std::size_t> total;
    for (std::size_t number = 1; number <= kPagesMax; ++number) {
        const Result<Answer> answer = get(base + std::to_string(number));
        if (!answer) {
            return answer.error();
        }
        auto page = parse_servers(answer->body);
        if (!page) {
            return page.error();
        }
        if (number > 1 && answer->total != total) {
            return std::optional<std::vector<Server>>{};
        }
        total = answer->total;
        // Where it is not told how many there are, a page that is not full is the last.
        const bool last = page->empty() || (!total && page->size() < kPageMax);
        for (Server& server : *page) {
            if (!ids.insert(server.id).second) {
                return std::optional<std::vector<Server>>{};
            }
            servers.push_back(std::move(server));
        }
        if (last || servers.size() == total) {
            const bool complete = !total || *total == servers.size();
            return complete ? std::optional{std::move(servers)} : std::nullopt;
        }
    }
    return too_many();
}

Result<std::vector<Server>> Account::servers_of(const std::string& zone) {
    for (int i = 0; i < kReadings; ++i) {
        auto servers = read_servers(zone);
        if (!servers) {
            return servers.error();
        }
        if (*servers) {
            return std::move(**servers);
        }
    }
    return Error{std::make_error_code(std::errc::resource_unavailable_try_again),
                 "the servers of " + zone + " change faster than they are listed",
                 ""};
}

Result<> Account::add_private(const std::string& region,
                              std::map<std::string, std::size_t>& by_nic,
                              std::vector<Server>& servers) {
    const std::string base = options_.api_url + "/ipam/v1/regions/" + region +
                             "/ips?attached=true&resource_type=instance_private_nic&page_size=" +
                             std::to_string(kPageMax) + "&page=";
    std::size_t seen = 0;
    for (std::size_t number = 1; number <= kPagesMax; ++number) {
        const Result<Answer> answer = get(base + std::to_string(number));
        if (!answer) {
            return answer.error();
        }
        const auto page = parse_addresses(answer->body);
        if (!page) {
            return page.error();
        }
        for (const AttachedAddress& attached : page->addresses) {
            const auto owner = by_nic.find(attached.nic);
            if (owner == by_nic.end() || !is_machines(attached.address)) {
                continue;
            }
            auto& addresses = servers[owner->second].machine.private_addresses;
            if (addresses.size() < kAddressesMax) {
                addresses.push_back(attached.address);
            }
        }
        seen += page->size;
        if (seen >= page->total || page->size == 0) {
            return {};
        }
    }
    return too_many();
}

Result<std::vector<Machine>> Account::machines() {
    std::vector<Server> servers;
    std::set<std::string> regions;
    for (const std::string& zone : options_.zones) {
        auto more = servers_of(zone);
        if (!more) {
            return more.error();
        }
        regions.insert(region_of(zone));
        for (Server& server : *more) {
            if (has_tags(server.machine)) {
                servers.push_back(std::move(server));
            }
        }
    }
    if (servers.size() > kMachinesMax) {
        return too_many();
    }
    std::map<std::string, std::size_t> by_nic;
    for (std::size_t i = 0; i < servers.size(); ++i) {
        for (const std::string& nic : servers[i].nics) {
            by_nic.emplace(nic, i);
        }
    }
    for (const std::string& region : regions) {
        if (!options_.private_networks || by_nic.empty()) {
            break;
        }
        if (auto added = add_private(region, by_nic, servers); !added) {
            return added.error();
        }
    }
    std::vector<Machine> machines;
    machines.reserve(servers.size());
    for (Server& server : servers) {
        machines.push_back(std::move(server.machine));
    }
    return machines;
}

}  // namespace weft::discovery::scaleway

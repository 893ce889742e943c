// SPDX-License-Identifier: Apache-2.0
// See answers.hpp. Pure.
#include "scaleway/answers.hpp"

#include <algorithm>
#include <optional>

#include <boost/json.hpp>

#include <weft/base/utf8.hpp>

namespace weft::discovery::scaleway {
namespace {

using boost::json::array;
using boost::json::object;
using boost::json::value;

constexpr std::size_t kDepthMax = 16;
constexpr std::size_t kShownMax = 200;
constexpr std::size_t kIdMax = 64;  // a UUID is 36

Error not_understood(const std::string& what) {
    return Error{std::make_error_code(std::errc::bad_message),
                 "the API's answer is not what it documents: " + what,
                 "is --api-url the API's? Else a newer weft-discover-scaleway is needed"};
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_plain(std::string_view text, std::size_t most) {
    return !text.empty() && text.size() <= most &&
           std::none_of(text.begin(), text.end(), is_control);
}

std::optional<object> parse_document(std::string_view body) {
    boost::json::parse_options options;
    options.max_depth = kDepthMax;
    boost::json::error_code error;
    value document = boost::json::parse(body, error, {}, options);
    return error || !document.is_object() ? std::nullopt
                                          : std::optional{std::move(document.get_object())};
}

const object* object_in(const object& from, std::string_view key) {
    const value* found = from.if_contains(key);
    return found == nullptr ? nullptr : found->if_object();
}

const array* array_in(const object& from, std::string_view key) {
    const value* found = from.if_contains(key);
    return found == nullptr ? nullptr : found->if_array();
}

/// Empty where it is absent, null or no text.
std::string_view text_in(const object& from, std::string_view key) {
    const value* found = from.if_contains(key);
    const auto* text = found == nullptr ? nullptr : found->if_string();
    return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
}

std::string id_in(const object& from) {
    const std::string_view id = text_in(from, "id");
    return is_plain(id, kIdMax) ? std::string{id} : std::string{};
}

/// An address that is being given out is null or empty for a while: there is none yet.
Result<> add_address(std::string_view text, std::vector<net::IpAddress>& out) {
    if (text.empty()) {
        return {};
    }
    const auto address = net::IpAddress::parse(text);
    if (!address) {
        return not_understood("an address is '" + utf8_excerpt(text, kIdMax) + "'");
    }
    const bool is_new = std::find(out.begin(), out.end(), *address) == out.end();
    if (is_new && is_machines(*address) && out.size() < kAddressesMax) {
        out.push_back(*address);
    }
    return {};
}

/// Both the older single addresses and the list that followed them.
Result<> add_public(const object& server, std::vector<net::IpAddress>& out) {
    for (const char* key : {"public_ip", "ipv6"}) {
        if (const object* single = object_in(server, key)) {
            if (auto added = add_address(text_in(*single, "address"), out); !added) {
                return added;
            }
        }
    }
    const array* list = array_in(server, "public_ips");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const object* each = (*list)[i].if_object();
        if (each == nullptr) {
            return not_understood("public_ips holds something else than objects");
        }
        if (auto added = add_address(text_in(*each, "address"), out); !added) {
            return added;
        }
    }
    return {};
}

/// Those that the contract can carry; they are for filters.
std::vector<std::string> tags_of(const object& server) {
    std::vector<std::string> tags;
    const array* list = array_in(server, "tags");
    for (std::size_t i = 0; list != nullptr && i < list->size() && tags.size() < kTagsMax; ++i) {
        const auto* tag = (*list)[i].if_string();
        if (tag != nullptr && is_plain({tag->data(), tag->size()}, kTagMax)) {
            tags.emplace_back(tag->data(), tag->size());
        }
    }
    return tags;
}

std::vector<std::string> nics_of(const object& server) {
    std::vector<std::string> nics;
    const array* list = array_in(server, "private_nics");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const object* each = (*list)[i].if_object();
        if (each != nullptr && !id_in(*each).empty()) {
            nics.push_back(id_in(*each));
        }
    }
    return nics;
}

Result<Server> server_of(const value& from) {
    const object* fields = from.if_object();
    Server server;
    if (fields == nullptr || (server.id = id_in(*fields)).empty()) {
        return not_understood("a server has no id");
    }
    const std::string_view name = text_in(*fields, "name");
    server.machine.name = is_plain(name, kNameMax) ? std::string{name} : server.id;
    server.machine.tags = tags_of(*fields);
    server.nics = nics_of(*fields);
    if (auto added = add_public(*fields, server.machine.public_addresses); !added) {
        return added.error();
    }
    if (auto added = add_address(text_in(*fields, "private_ip"), server.machine.private_addresses);
        !added) {
        return added.error();
    }
    return server;
}

}  // namespace

Result<std::vector<Server>> parse_servers(std::string_view body) {
    const auto document = parse_document(body);
    const array* list = document ? array_in(*document, "servers") : nullptr;
    if (list == nullptr) {
        return not_understood("no JSON with a list of servers");
    }
    if (list->size() > kPageMax) {
        return not_understood("more than " + std::to_string(kPageMax) + " servers on a page");
    }
    std::vector<Server> servers;
    for (const value& each : *list) {
        auto server = server_of(each);
        if (!server) {
            return server.error();
        }
        servers.push_back(std::move(*server));
    }
    return servers;
}

Result<AddressPage> parse_addresses(std::string_view body) {
    const auto document = parse_document(body);
    const array* list = document ? array_in(*document, "ips") : nullptr;
    const value* total = document ? document->if_contains("total_count") : nullptr;
    if (list == nullptr || total == nullptr || list->size() > kPageMax) {
        return not_understood("no JSON with a list of addresses and their count");
    }
    AddressPage page;
    page.size = list->size();
    boost::json::error_code error;
    page.total = total->to_number<std::size_t>(error);
    if (error) {
        return not_understood("total_count is no number");
    }
    for (const value& each : *list) {
        const object* fields = each.if_object();
        const object* resource = fields == nullptr ? nullptr : object_in(*fields, "resource");
        if (resource == nullptr || text_in(*resource, "type") != "instance_private_nic") {
            continue;
        }
        const auto prefix = net::Prefix::parse(text_in(*fields, "address"));
        if (!prefix) {
            return not_understood("an address is no prefix");
        }
        page.addresses.push_back({id_in(*resource), prefix->address});
    }
    return page;
}

std::string error_text(std::string_view body) {
    const auto document = parse_document(body);
    std::string text =
        document ? utf8_excerpt(text_in(*document, "message"), kShownMax) : std::string{};
    std::replace_if(text.begin(), text.end(), is_control, '?');
    return text;
}

}  // namespace weft::discovery::scaleway

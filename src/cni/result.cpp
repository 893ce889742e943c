// SPDX-License-Identifier: Apache-2.0
// See result.hpp.
#include "result.hpp"

#include <algorithm>

namespace weft::cni {
namespace {

namespace json = boost::json;

json::object interface_json(const ResultInterface& interface, Version version) {
    json::object out{{"name", interface.name}, {"mac", interface.mac}};
    if (version >= Version::k110 && interface.mtu != 0) {
        out["mtu"] = interface.mtu;
    }
    if (!interface.sandbox.empty()) {
        out["sandbox"] = interface.sandbox;
    }
    return out;
}

json::object address_json(const ResultAddress& address, std::size_t offset, Version version) {
    json::object out;
    if (version < Version::k100) {
        out["version"] = address.address.address.is_v4() ? "4" : "6";
    }
    out["interface"] = address.interface + offset;
    out["address"] = address.address.to_string();
    if (address.gateway) {
        out["gateway"] = address.gateway->to_string();
    }
    return out;
}

json::object route_json(const ResultRoute& route) {
    return {{"dst", route.destination.to_string()}, {"gw", route.gateway.to_string()}};
}

/// The list `key` of the result before ours, or an empty one.
json::array previous_list(const Config& config, std::string_view key) {
    const json::value* const value = config.previous ? config.previous->if_contains(key) : nullptr;
    const json::array* const list = value == nullptr ? nullptr : value->if_array();
    return list == nullptr ? json::array{} : *list;
}

json::object dns_of(const Config& config) {
    if (config.dns) {
        return *config.dns;
    }
    const json::value* const previous =
        config.previous ? config.previous->if_contains("dns") : nullptr;
    const json::object* const object = previous == nullptr ? nullptr : previous->if_object();
    return object == nullptr ? json::object{} : *object;
}

std::string text_in(const json::object& object, std::string_view key) {
    const json::value* const value = object.if_contains(key);
    const json::string* const text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

const json::array* list_in(const json::object& object, std::string_view key) {
    const json::value* const value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}

/// The interface's index in the list.
std::optional<std::size_t> find_interface(const json::array& interfaces,
                                          std::string_view name,
                                          std::string_view sandbox) {
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
        const json::object* const object = interfaces[i].if_object();
        if (object != nullptr && text_in(*object, "name") == name &&
            text_in(*object, "sandbox") == sandbox) {
            return i;
        }
    }
    return std::nullopt;
}

}  // namespace

std::string result_json(const Attached& attached, const Config& config) {
    json::array interfaces = previous_list(config, "interfaces");
    json::array addresses = previous_list(config, "ips");
    json::array routes = previous_list(config, "routes");
    const std::size_t offset = interfaces.size();
    for (const ResultInterface& interface : attached.interfaces) {
        interfaces.emplace_back(interface_json(interface, config.version));
    }
    for (const ResultAddress& address : attached.addresses) {
        addresses.emplace_back(address_json(address, offset, config.version));
    }
    for (const ResultRoute& route : attached.routes) {
        routes.emplace_back(route_json(route));
    }
    return json::serialize(json::object{{"cniVersion", to_text(config.version)},
                                        {"interfaces", std::move(interfaces)},
                                        {"ips", std::move(addresses)},
                                        {"routes", std::move(routes)},
                                        {"dns", dns_of(config)}});
}

Outcome<Previous> read_previous(const json::object& result,
                                std::string_view interface,
                                std::string_view sandbox) {
    const json::array* const interfaces = list_in(result, "interfaces");
    const auto index =
        interfaces == nullptr ? std::nullopt : find_interface(*interfaces, interface, sandbox);
    if (!index) {
        return Failure{
            Code::kBadConfig,
            "the prevResult has no interface " + std::string{interface} + " in this namespace"};
    }
    Previous previous;
    previous.mac = text_in((*interfaces)[*index].get_object(), "mac");
    const json::array* const ips = list_in(result, "ips");
    for (std::size_t i = 0; ips != nullptr && i < ips->size(); ++i) {
        const json::object* const ip = (*ips)[i].if_object();
        const json::value* const of = ip == nullptr ? nullptr : ip->if_contains("interface");
        json::error_code error;
        if (of == nullptr || of->to_number<std::size_t>(error) != *index || error) {
            continue;
        }
        const auto prefix = net::Prefix::parse(text_in(*ip, "address"));
        if (!prefix) {
            return Failure{Code::kBadConfig, "the prevResult has an address that is none"};
        }
        previous.addresses.push_back(prefix->address);
    }
    return previous;
}

std::string failure_json(const Failure& failure, Version version) {
    json::object out{{"cniVersion", to_text(version)},
                     {"code", static_cast<unsigned>(failure.code)},
                     {"msg", failure.cause}};
    const std::string details =
        failure.remedy.empty() ? failure.cause : failure.cause + " (" + failure.remedy + ")";
    out["details"] = details;
    return json::serialize(out);
}

std::string versions_json(Version version) {
    return json::serialize(
        json::object{{"cniVersion", to_text(version)},
                     {"supportedVersions", json::array{"0.3.1", "0.4.0", "1.0.0", "1.1.0"}}});
}

}  // namespace weft::cni

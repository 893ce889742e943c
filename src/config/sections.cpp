// SPDX-License-Identifier: Apache-2.0
// One configuration file: its sections and keys, one table row for each key that weft knows. What
// is not in a table is an error that names the nearest row. Control thread, or the CLI.
#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <toml++/toml.h>

#include "discovery_section.hpp"
#include "draft.hpp"
#include "nearest.hpp"
#include "value.hpp"

namespace weft::config {
namespace {

constexpr std::uint32_t kWorkersMost = 15;    // wg::kWorkersMax
constexpr std::size_t kAdvertiseMost = 4;     // gossip::kEndpointsMax
constexpr std::size_t kSeedsMost = 64;        // gossip::Node::kSeedAddressesMax
constexpr std::uint32_t kBlock4Most = 32;     // api::kBlock4Max
constexpr std::uint32_t kBlock6Most = 64;     // api::kBlock6Max
constexpr std::size_t kInterfaceMost = 15;    // IFNAMSIZ - 1
constexpr std::size_t kSocketPathMost = 107;  // sockaddr_un::sun_path, with its terminator

/// One known key of a section and how its value is taken over.
template <class Target>
struct Key {
    std::string_view name;
    Result<> (*take)(Target& target, const Value& value);
};

/// Stores a good result; hands on the error of a bad one.
template <class Out, class In>
Result<> store(Out& out, Result<In> result) {
    if (!result) {
        return result.error();
    }
    out = std::move(*result);
    return {};
}

Result<> take_interface(Draft& draft, const Value& value) {
    const auto name = value.word();
    if (!name) {
        return name.error();
    }
    // The kernel's dev_valid_name, and '%', which TUNSETIFF would fill in.
    const bool good = name->size() <= kInterfaceMost && *name != "." && *name != ".." &&
                      name->find_first_of("/:% ") == std::string::npos;
    if (!good) {
        return value.wrong("must be 1 to 15 characters without '/', ':', '%' and spaces");
    }
    draft.node.interface = *name;
    return {};
}

Result<> take_mtu(Draft& draft, const Value& value) {
    const auto mtu = value.integer(0, ~std::uint32_t{0});
    if (!mtu) {
        return mtu.error();
    }
    if (*mtu != 0 && (*mtu < kMtuLeast || *mtu > kMtuMost)) {
        return value.wrong("must be 0 (from the network) or " + std::to_string(kMtuLeast) + ".." +
                           std::to_string(kMtuMost) + ", not " + std::to_string(*mtu));
    }
    draft.node.mtu = *mtu;
    return {};
}

Result<> take_addresses(Draft& draft, const Value& value) {
    const auto elements = value.elements();
    if (!elements) {
        return elements.error();
    }
    draft.node.addresses.clear();
    draft.addresses.clear();
    for (const Value& element : *elements) {
        const auto prefix = element.prefix();
        if (!prefix) {
            return prefix.error();
        }
        const net::IpAddress& address = prefix->address;
        if (address.is_unspecified() || address.is_loopback() || address.is_multicast()) {
            return element.wrong("cannot be an address of this node: " + address.to_string());
        }
        if (prefix->length == 0) {
            return element.wrong("needs a prefix length above 0: " + prefix->to_string());
        }
        draft.node.addresses.push_back(*prefix);
        draft.addresses.push_back({*prefix, element.where()});
    }
    return {};
}

/// "host:port"s; of addresses those that other nodes can reach.
Result<std::vector<HostPort>> reachable_endpoints(const Value& value, std::size_t most) {
    const auto elements = value.elements();
    if (!elements) {
        return elements.error();
    }
    if (elements->size() > most) {
        return value.wrong("names more than " + std::to_string(most) + " endpoints");
    }
    std::vector<HostPort> endpoints;
    for (const Value& element : *elements) {
        auto named = element.endpoint();
        if (!named) {
            return named.error();
        }
        const auto address = net::IpAddress::parse(named->host);
        if (address && (address->is_loopback() || address->is_link_local())) {
            return element.wrong(
                "must be a name or an address that other nodes reach, and a port: " +
                named->to_string());
        }
        endpoints.push_back(*std::move(named));
    }
    return endpoints;
}

template <std::optional<net::Prefix> NetworkConfig::*kPool, net::Family kFamily>
Result<> take_pool(Draft& draft, const Value& value) {
    const auto prefix = value.prefix();
    if (!prefix) {
        return prefix.error();
    }
    if (prefix->address.family() != kFamily || prefix->masked() != *prefix) {
        return value.wrong(
            std::string{kFamily == net::Family::kIpv4 ? "must be an IPv4" : "must be an IPv6"} +
            " prefix without host bits, not " + prefix->to_string());
    }
    draft.network.*kPool = *prefix;
    return {};
}

template <bool FirewallConfig::*kSwitch>
Result<> take_switch(Draft& draft, const Value& value) {
    return store(draft.firewall.*kSwitch, value.truth());
}

template <std::vector<net::Prefix> FirewallConfig::*kList>
Result<> take_prefixes(Draft& draft, const Value& value) {
    const auto elements = value.elements();
    if (!elements) {
        return elements.error();
    }
    std::vector<net::Prefix> prefixes;
    for (const Value& element : *elements) {
        const auto prefix = element.prefix();
        if (!prefix) {
            return prefix.error();
        }
        prefixes.push_back(prefix->masked());
    }
    draft.firewall.*kList = std::move(prefixes);
    return {};
}

Result<> take_allowed_ips(PeerDraft& draft, const Value& value) {
    const auto elements = value.elements();
    if (!elements) {
        return elements.error();
    }
    for (const Value& element : *elements) {
        const auto prefix = element.prefix();
        if (!prefix) {
            return prefix.error();
        }
        draft.peer.allowed_ips.push_back(prefix->masked());
        draft.allowed_ips.push_back({prefix->masked(), element.where()});
    }
    return {};
}

Result<> take_socket(Draft& draft, const Value& value) {
    auto text = value.word();
    if (!text) {
        return text.error();
    }
    if (text->front() != '/' || text->size() > kSocketPathMost) {
        return value.wrong("must be an absolute path of at most " +
                           std::to_string(kSocketPathMost) + " characters");
    }
    draft.api.socket = std::move(*text);
    return {};
}

template <std::filesystem::path CniConfig::*kDirectory>
Result<> take_directory(Draft& draft, const Value& value) {
    auto text = value.word();
    if (!text) {
        return text.error();
    }
    if (text->front() != '/') {
        return value.wrong("must be an absolute path");
    }
    draft.cni.*kDirectory = std::move(*text);
    return {};
}

constexpr std::array<std::string_view, 4> kLogLevels{"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> kLogFormats{"logfmt", "json"};

constexpr std::array<Key<Draft>, 10> kNodeKeys{{
    {"name", [](Draft& d, const Value& v) { return store(d.node.name, v.name()); }},
    {"interface", take_interface},
    {"listen_port",
     [](Draft& d, const Value& v) {
         std::uint32_t port = 0;
         auto taken = store(port, v.integer(1, 65535));
         d.node.listen_port = static_cast<std::uint16_t>(port);
         return taken;
     }},
    {"mtu", take_mtu},
    {"workers",
     [](Draft& d, const Value& v) { return store(d.node.workers, v.integer(0, kWorkersMost)); }},
    {"fwmark",
     [](Draft& d, const Value& v) {
         return store(d.node.fwmark, v.integer(0, ~std::uint32_t{0}));
     }},
    {"private_key_file",
     [](Draft& d, const Value& v) { return store(d.node.private_key_file, v.word()); }},
    {"advertise",
     [](Draft& d, const Value& v) {
         return store(d.node.advertise, reachable_endpoints(v, kAdvertiseMost));
     }},
    {"addresses", take_addresses},
    {"isa", [](Draft& d, const Value& v) { return store(d.node.isa, v.word()); }},
}};

constexpr std::array<Key<Draft>, 4> kNetworkKeys{{
    {"pool4", take_pool<&NetworkConfig::pool4, net::Family::kIpv4>},
    {"pool6", take_pool<&NetworkConfig::pool6, net::Family::kIpv6>},
    {"block4",
     [](Draft& d, const Value& v) { return store(d.network.block4, v.integer(1, kBlock4Most)); }},
    {"block6",
     [](Draft& d, const Value& v) { return store(d.network.block6, v.integer(1, kBlock6Most)); }},
}};

constexpr std::array<Key<Draft>, 2> kGossipKeys{{
    {"enabled", [](Draft& d, const Value& v) { return store(d.gossip.enabled, v.boolean()); }},
    {"seeds",
     [](Draft& d, const Value& v) {
         return store(d.gossip.seeds, reachable_endpoints(v, kSeedsMost));
     }},
}};

constexpr std::array<Key<PeerDraft>, 6> kPeerKeys{{
    {"name", [](PeerDraft& d, const Value& v) { return store(d.peer.name, v.name()); }},
    {"public_key",
     [](PeerDraft& d, const Value& v) { return store(d.peer.public_key, v.public_key()); }},
    {"preshared_key_file",
     [](PeerDraft& d, const Value& v) { return store(d.peer.preshared_key_file, v.word()); }},
    {"endpoint", [](PeerDraft& d, const Value& v) { return store(d.peer.endpoint, v.endpoint()); }},
    {"allowed_ips", take_allowed_ips},
    {"keepalive_s",
     [](PeerDraft& d, const Value& v) {
         std::uint32_t seconds = 0;
         auto taken = store(seconds, v.integer(0, 65535));
         d.peer.keepalive = std::chrono::seconds{seconds};
         return taken;
     }},
}};

constexpr std::array<Key<DiscoveryDraft>, 4> kDiscoveryKeys{{
    {"exec", take_exec},
    {"file", take_file},
    {"dns", take_dns},
    {"interval_s", take_interval},
}};

constexpr std::array<Key<Draft>, 3> kCniKeys{{
    {"enabled", [](Draft& d, const Value& v) { return store(d.cni.enabled, v.truth()); }},
    {"conf_dir", take_directory<&CniConfig::conf_dir>},
    {"bin_dir", take_directory<&CniConfig::bin_dir>},
}};

constexpr std::array<Key<Draft>, 9> kFirewallKeys{{
    {"enabled", take_switch<&FirewallConfig::enabled>},
    {"lockdown", take_switch<&FirewallConfig::lockdown>},
    {"masquerade", take_switch<&FirewallConfig::masquerade>},
    {"mss_clamp", take_switch<&FirewallConfig::mss_clamp>},
    {"notrack", take_switch<&FirewallConfig::notrack>},
    {"exclusive", take_switch<&FirewallConfig::exclusive>},
    {"open_others", take_switch<&FirewallConfig::open_others>},
    {"allow", take_prefixes<&FirewallConfig::allow>},
    {"metadata", take_prefixes<&FirewallConfig::metadata>},
}};

constexpr std::array<Key<Draft>, 3> kApiKeys{{
    {"socket", take_socket},
    {"metrics", [](Draft& d, const Value& v) { return store(d.api.metrics, v.listener()); }},
    {"group", [](Draft& d, const Value& v) { return store(d.api.group, v.name()); }},
}};

constexpr std::array<Key<Draft>, 2> kLogKeys{{
    {"level", [](Draft& d, const Value& v) { return store(d.log.level, v.choice(kLogLevels)); }},
    {"format", [](Draft& d, const Value& v) { return store(d.log.format, v.choice(kLogFormats)); }},
}};

/// One file being read: the table's rows meet its keys.
struct Reading {
    Draft& draft;
    std::string_view file;
};

using Item = std::pair<const toml::key*, const toml::node*>;

/// toml++ sorts by name; a reader of messages thinks from top to bottom.
std::vector<Item> in_file_order(const toml::table& table) {
    std::vector<Item> items;
    for (auto&& [key, node] : table) {
        items.emplace_back(&key, &node);
    }
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
        const auto& left = a.first->source().begin;
        const auto& right = b.first->source().begin;
        return std::pair{left.line, left.column} < std::pair{right.line, right.column};
    });
    return items;
}

Error unknown_key(std::string_view where,
                  std::string_view section,
                  std::string_view key,
                  std::span<const std::string_view> known) {
    const std::string full =
        section.empty() ? std::string{key} : std::string{section} + "." + std::string{key};
    return invalid(std::string{where} + ": unknown key '" + full + "'" + hint(key, known));
}

/// Takes every key of `table` into `target` and its place into `origins` under `prefix`.
template <class Target, std::size_t N>
Result<> take_table(Target& target,
                    const Reading& reading,
                    const toml::table& table,
                    std::string_view section,
                    const std::array<Key<Target>, N>& keys) {
    std::array<std::string_view, N> names{};
    std::transform(keys.begin(), keys.end(), names.begin(), [](const auto& k) { return k.name; });
    for (const auto& [key, node] : in_file_order(table)) {
        const auto row = std::find(names.begin(), names.end(), key->str());
        if (row == names.end()) {
            return unknown_key(place(reading.file, key->source()), section, key->str(), names);
        }
        const std::string dotted = std::string{section} + "." + std::string{*row};
        const Value value{*node, dotted, reading.file};
        auto taken = keys[static_cast<std::size_t>(row - names.begin())].take(target, value);
        if (!taken) {
            return taken;
        }
        if constexpr (std::is_same_v<Target, Draft>) {
            target.origins[dotted] = value.where();
        } else {
            target.origins[std::string{*row}] = value.where();
        }
    }
    return {};
}

/// Keys that must be there; a peer's name is what every other message calls it by.
Result<> take_peer(const Reading& reading, const toml::table& table) {
    PeerDraft peer;
    peer.peer.where = place(reading.file, table.source());
    auto taken = take_table(peer, reading, table, "peer", kPeerKeys);
    if (!taken) {
        return taken;
    }
    for (const char* required : {"name", "public_key"}) {
        if (!peer.origins.contains(required)) {
            return invalid(peer.peer.where + ": missing key 'peer." + required + "'");
        }
    }
    reading.draft.peers.push_back(std::move(peer));
    return {};
}

/// What it needs is checked once all of the configuration is there.
Result<> take_discovery(const Reading& reading, const toml::table& table) {
    DiscoveryDraft discovery;
    discovery.source.where = place(reading.file, table.source());
    auto taken = take_table(discovery, reading, table, "discovery", kDiscoveryKeys);
    if (taken) {
        reading.draft.discovery.push_back(std::move(discovery));
    }
    return taken;
}

/// Sections that add up: `take` for each of them.
Result<> take_each(const Reading& reading,
                   std::string_view name,
                   const toml::node& node,
                   Result<> (*take)(const Reading&, const toml::table&)) {
    const auto* array = node.as_array();
    if (array == nullptr || !array->is_homogeneous(toml::node_type::table)) {
        const std::string plural = name == "peer" ? "peers are" : std::string{name} + " is";
        return invalid(place(reading.file, node.source()) + ": " + plural + " written [[" +
                       std::string{name} + "]]");
    }
    for (const toml::node& element : *array) {
        auto taken = take(reading, *element.as_table());
        if (!taken) {
            return taken;
        }
    }
    return {};
}

Result<> take_section(const Reading& reading, std::string_view name, const toml::node& node) {
    if (name == "peer") {
        return take_each(reading, name, node, take_peer);
    }
    if (name == "discovery") {
        return take_each(reading, name, node, take_discovery);
    }
    const auto* table = node.as_table();
    if (table == nullptr) {
        return invalid(place(reading.file, node.source()) + ": '" + std::string{name} +
                       "' is a section, written [" + std::string{name} + "]");
    }
    if (name == "node") {
        return take_table(reading.draft, reading, *table, name, kNodeKeys);
    }
    if (name == "network") {
        return take_table(reading.draft, reading, *table, name, kNetworkKeys);
    }
    if (name == "cni") {
        return take_table(reading.draft, reading, *table, name, kCniKeys);
    }
    if (name == "firewall") {
        return take_table(reading.draft, reading, *table, name, kFirewallKeys);
    }
    if (name == "gossip") {
        return take_table(reading.draft, reading, *table, name, kGossipKeys);
    }
    return name == "api" ? take_table(reading.draft, reading, *table, name, kApiKeys)
                         : take_table(reading.draft, reading, *table, name, kLogKeys);
}

Result<toml::table> parse(std::string_view text, std::string_view file) {
    try {
        return toml::parse(text, file);
    } catch (const toml::parse_error& error) {
        return invalid(place(file, error.source()) + ": " + std::string{error.description()});
    }
}

}  // namespace

Result<> add_file(Draft& draft, std::string_view text, std::string_view file) {
    static constexpr std::array<std::string_view, 9> kSections{
        "node", "network", "peer", "gossip", "firewall", "discovery", "cni", "api", "log"};
    const auto document = parse(text, file);
    if (!document) {
        return document.error();
    }
    const Reading reading{draft, file};
    for (const auto& [key, node] : in_file_order(*document)) {
        if (std::find(kSections.begin(), kSections.end(), key->str()) == kSections.end()) {
            return unknown_key(place(file, key->source()), {}, key->str(), kSections);
        }
        auto taken = take_section(reading, key->str(), *node);
        if (!taken) {
            return taken;
        }
    }
    return {};
}

std::filesystem::path socket_in(std::string_view text) {
    const auto document = parse(text, {});
    return document ? (*document)["api"]["socket"].value_or(std::string{}) : std::string{};
}

}  // namespace weft::config

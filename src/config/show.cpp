// SPDX-License-Identifier: Apache-2.0
// Printing a configuration: as a weft.toml that loads to the same values, or as JSON. Both from one
// list, since strings, integers, booleans and arrays of strings look alike in the two.
#include "show.hpp"

#include <array>
#include <cstdio>
#include <map>

#include <weft/base/encoding.hpp>

namespace weft::config {
namespace {

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            std::array<char, 8> escape{};
            std::snprintf(escape.data(),
                          escape.size(),
                          "\\u%04X",
                          static_cast<unsigned>(static_cast<unsigned char>(c)));
            out += escape.data();
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string text_of(const std::string& text) {
    return text;
}

template <class Printable>
std::string text_of(const Printable& value) {
    return value.to_string();
}

/// Of texts, or of what has a to_string().
template <class Element>
std::string quote(const std::vector<Element>& elements) {
    std::string out = "[";
    for (const Element& element : elements) {
        out += (out.size() > 1 ? ", " : "") + quote(std::string_view{text_of(element)});
    }
    return out + "]";
}

std::string quote(const std::optional<net::Prefix>& prefix) {
    return prefix ? quote(prefix->to_string()) : std::string{};
}

std::string quote_path(const std::filesystem::path& path) {
    return path.empty() ? std::string{} : quote(path.string());
}

std::string truth(bool value) {
    return value ? "true" : "false";
}

Section peer_section(const PeerConfig& peer) {
    return {"peer",
            "peer." + peer.name,
            {{"name", quote(peer.name)},
             {"public_key", quote(to_base64(peer.public_key))},
             {"preshared_key_file", quote_path(peer.preshared_key_file)},
             {"endpoint", peer.endpoint ? quote(peer.endpoint->to_string()) : ""},
             {"allowed_ips", quote(peer.allowed_ips)},
             {"keepalive_s", std::to_string(peer.keepalive.count())}}};
}

/// Exactly one of the three sources is set.
Section discovery_section(const DiscoveryConfig& discovery, std::size_t number) {
    return {"discovery",
            "discovery." + std::to_string(number),
            {{"exec", discovery.exec.empty() ? std::string{} : quote(discovery.exec)},
             {"file", quote_path(discovery.file)},
             {"dns", discovery.dns.empty() ? std::string{} : quote(discovery.dns)},
             {"interval_s", std::to_string(discovery.interval.count())}}};
}

/// {"KEY": LITERAL, …}
std::string json_object(const Section& section) {
    std::string out = "{";
    for (const Setting& setting : section.settings) {
        out += (out.size() > 1 ? "," : "") + quote(setting.key) + ":" +
               (setting.literal.empty() ? "null" : setting.literal);
    }
    return out + "}";
}

}  // namespace

std::vector<Section> sections_of(const Config& config) {
    const NodeConfig& node = config.node;
    std::vector<Section> sections;
    sections.push_back({"node",
                        "node",
                        {{"name", quote(node.name)},
                         {"interface", quote(node.interface)},
                         {"listen_port", std::to_string(node.listen_port)},
                         {"mtu", std::to_string(node.mtu)},
                         {"workers", std::to_string(node.workers)},
                         {"fwmark", std::to_string(node.fwmark)},
                         {"private_key_file", quote_path(node.private_key_file)},
                         {"advertise", quote(node.advertise)},
                         {"addresses", quote(node.addresses)},
                         {"isa", quote(node.isa)}}});
    const NetworkConfig& network = config.network;
    sections.push_back({"network",
                        "network",
                        {{"pool4", quote(network.pool4)},
                         {"pool6", quote(network.pool6)},
                         {"block4", std::to_string(network.block4)},
                         {"block6", std::to_string(network.block6)}}});
    sections.push_back(
        {"gossip",
         "gossip",
         {{"enabled", truth(config.gossip.enabled)}, {"seeds", quote(config.gossip.seeds)}}});
    for (const PeerConfig& peer : config.peers) {
        sections.push_back(peer_section(peer));
    }
    const FirewallConfig& firewall = config.firewall;
    sections.push_back({"firewall",
                        "firewall",
                        {{"enabled", truth(firewall.enabled)},
                         {"lockdown", truth(firewall.lockdown)},
                         {"masquerade", truth(firewall.masquerade)},
                         {"mss_clamp", truth(firewall.mss_clamp)},
                         {"notrack", truth(firewall.notrack)},
                         {"exclusive", truth(firewall.exclusive)},
                         {"open_others", truth(firewall.open_others)},
                         {"allow", quote(firewall.allow)},
                         {"metadata", quote(firewall.metadata)}}});
    for (std::size_t i = 0; i < config.discovery.size(); ++i) {
        sections.push_back(discovery_section(config.discovery[i], i));
    }
    sections.push_back({"cni",
                        "cni",
                        {{"enabled", truth(config.cni.enabled)},
                         {"conf_dir", quote_path(config.cni.conf_dir)},
                         {"bin_dir", quote_path(config.cni.bin_dir)}}});
    sections.push_back(
        {"api",
         "api",
         {{"socket", quote_path(config.api.socket)},
          {"group", quote(config.api.group)},
          {"metrics", quote(config.api.metrics ? config.api.metrics->to_string() : "")}}});
    sections.push_back(
        {"log", "log", {{"level", quote(config.log.level)}, {"format", quote(config.log.format)}}});
    sections.push_back({"offload",
                        "offload",
                        {{"tun_tso", truth(config.offloads.tun_tso)},
                         {"tun_uso", truth(config.offloads.tun_uso)},
                         {"udp_gso", truth(config.offloads.udp_gso)},
                         {"udp_gro", truth(config.offloads.udp_gro)}}});
    return sections;
}

std::string to_toml(const Config& config, bool with_origins) {
    std::string out;
    for (const Section& section : sections_of(config)) {
        // Offloads are only ever switched by the environment: comments, so that the text loads.
        const bool comment = section.name == "offload";
        const bool adds_up = section.name != section.path;
        const std::string header = adds_up ? "[[" + section.name + "]]" : "[" + section.name + "]";
        out += (out.empty() ? "" : "\n") + (comment ? "# offloads" : header) + "\n";
        for (const Setting& setting : section.settings) {
            if (setting.literal.empty()) {
                continue;
            }
            out += (comment ? "# " : "") + setting.key + " = " + setting.literal;
            const auto origin = config.origins.find(section.path + "." + setting.key);
            if (with_origins && origin != config.origins.end()) {
                out += "  # " + origin->second;
            }
            out += "\n";
        }
    }
    return out;
}

std::string to_json(const Config& config) {
    std::map<std::string, std::string> lists{{"peer", ""}, {"discovery", ""}};
    std::string sections;
    for (const Section& section : sections_of(config)) {
        if (const auto list = lists.find(section.name); list != lists.end()) {
            list->second += (list->second.empty() ? "" : ",") + json_object(section);
        } else {
            sections += quote(section.name) + ":" + json_object(section) + ",";
        }
    }
    std::string origins;
    for (const auto& [key, where] : config.origins) {
        origins += (origins.empty() ? "" : ",") + quote(key) + ":" + quote(where);
    }
    return R"({"api":"weft/v1","config":{)" + sections + "\"peer\":[" + lists["peer"] +
           "],\"discovery\":[" + lists["discovery"] + "]},\"origins\":{" + origins + "}}";
}

}  // namespace weft::config

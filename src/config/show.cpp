// SPDX-License-Identifier: Apache-2.0
// Printing a configuration: as a weft.toml that loads to the same values, or as JSON. Both from one
// list, since strings, integers, booleans and arrays of strings look alike in the two.
#include "show.hpp"

#include <array>
#include <cstdio>

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

std::string quote(const std::vector<net::Prefix>& prefixes) {
    std::string out = "[";
    for (const net::Prefix& prefix : prefixes) {
        out += (out.size() > 1 ? ", " : "") + quote(prefix.to_string());
    }
    return out + "]";
}

std::string quote(const std::vector<HostPort>& endpoints) {
    std::string out = "[";
    for (const HostPort& endpoint : endpoints) {
        out += (out.size() > 1 ? ", " : "") + quote(endpoint.to_string());
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
    sections.push_back(
        {"api",
         "api",
         {{"socket", quote_path(config.api.socket)}, {"group", quote(config.api.group)}}});
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
        const std::string header = section.name == "peer" ? "[[peer]]" : "[" + section.name + "]";
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
    std::string peers;
    std::string sections;
    for (const Section& section : sections_of(config)) {
        if (section.name == "peer") {
            peers += (peers.empty() ? "" : ",") + json_object(section);
        } else {
            sections += quote(section.name) + ":" + json_object(section) + ",";
        }
    }
    std::string origins;
    for (const auto& [key, where] : config.origins) {
        origins += (origins.empty() ? "" : ",") + quote(key) + ":" + quote(where);
    }
    return R"({"api":"weft/v1","config":{)" + sections + "\"peer\":[" + peers + "]},\"origins\":{" +
           origins + "}}";
}

}  // namespace weft::config

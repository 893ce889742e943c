// SPDX-License-Identifier: Apache-2.0
// See node_file.hpp. Pure but for read_node_file(); any thread.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <net/if.h>
#include <sys/stat.h>

#include <weft/api/node_file.hpp>
#include <weft/base/read_to_end.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

constexpr std::size_t kNodeTextMax = 255;
constexpr std::uint32_t kNodeMtuLeast = 576;
constexpr std::uint32_t kNodeMtuMost = 65'535;
constexpr std::uint32_t kNodeSegmentsMost = 65'535;

boost::json::array prefixes_json(const std::vector<net::Prefix>& prefixes) {
    boost::json::array out;
    for (const net::Prefix& prefix : prefixes) {
        out.emplace_back(prefix.to_string());
    }
    return out;
}

boost::json::value address_json(const std::optional<net::IpAddress>& address) {
    return address ? boost::json::value(address->to_string()) : boost::json::value(nullptr);
}

std::vector<net::Prefix> read_prefixes(JsonReader& reader, std::string_view key) {
    std::vector<std::string> texts;
    reader.read(key, texts);
    std::vector<net::Prefix> prefixes;
    if (texts.size() > kNodePrefixesMax) {
        reader.fail(std::string{key}, "has too many prefixes");
        return prefixes;
    }
    for (const std::string& text : texts) {
        const auto prefix = net::Prefix::parse(text);
        if (!prefix || prefix->masked() != *prefix) {
            reader.fail(std::string{key}, "holds something else than prefixes");
            return {};
        }
        prefixes.push_back(*prefix);
    }
    return prefixes;
}

std::optional<net::IpAddress> read_gateway(JsonReader& reader,
                                           std::string_view key,
                                           net::Family family) {
    std::optional<std::string> text;
    reader.read(key, text);
    if (!text) {
        return std::nullopt;
    }
    const auto address = net::IpAddress::parse(*text);
    if (!address || address->family() != family) {
        reader.fail(std::string{key}, "is no address of its family");
    }
    return address;
}

void read_text(JsonReader& reader, std::string_view key, std::string& out) {
    reader.read(key, out);
    const bool plain =
        std::all_of(out.begin(), out.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
    if (out.size() > kNodeTextMax || !plain) {
        reader.fail(std::string{key}, "is too long, or not plain text");
        out.clear();
    }
}

bool names_an_interface(std::string_view name) {
    return !name.empty() && name.size() < IF_NAMESIZE && name != "." && name != ".." &&
           name.find_first_of("/: ") == std::string_view::npos;
}

bool is_usable_block(const net::Prefix& block, const std::vector<net::Prefix>& pools) {
    const net::IpAddress& address = block.address;
    return block.length != 0 && !address.is_unspecified() && !address.is_loopback() &&
           !address.is_link_local() && !address.is_multicast() &&
           std::any_of(
               pools.begin(), pools.end(), [&](const auto& p) { return p.contains(block); });
}

/// What a plugin that is root may do with it.
void check_ready(JsonReader& reader, const NodeFile& file) {
    if (!names_an_interface(file.interface)) {
        reader.fail("interface", "is no interface's name");
    }
    if (file.mtu < kNodeMtuLeast || file.mtu > kNodeMtuMost) {
        reader.fail("mtu", "is none that an interface has");
    }
    if (file.gso_max_segs > kNodeSegmentsMost) {
        reader.fail("gso_max_segs", "is none that an interface has");
    }
    for (const net::Prefix& block : file.blocks) {
        if (!is_usable_block(block, file.pools)) {
            reader.fail("blocks", "has one that is no container's network in the pools");
        }
        if (!(block.address.is_v4() ? file.gateway4 : file.gateway6)) {
            reader.fail("blocks", "has one of a family without a gateway");
        }
    }
    for (const auto& gateway : {file.gateway4, file.gateway6}) {
        if (gateway && std::none_of(file.blocks.begin(), file.blocks.end(), [&](const auto& block) {
                return block.contains(*gateway);
            })) {
            reader.fail("gateway4", "or gateway6 is not in a block");
        }
    }
    if (file.blocks.empty()) {
        reader.fail("blocks", "is empty although the node is ready");
    }
}

void read_fields(JsonReader& reader, NodeFile& file) {
    reader.read("ready", file.ready);
    read_text(reader, "reason", file.reason);
    read_text(reader, "network_id", file.network_id);
    read_text(reader, "node", file.node);
    read_text(reader, "interface", file.interface);
    reader.read("mtu", file.mtu);
    reader.read_if_there("gso_max_segs", file.gso_max_segs);
    file.blocks = read_prefixes(reader, "blocks");
    file.pools = read_prefixes(reader, "pools");
    file.gateway4 = read_gateway(reader, "gateway4", net::Family::kIpv4);
    file.gateway6 = read_gateway(reader, "gateway6", net::Family::kIpv6);
    read_text(reader, "boot_id", file.boot_id);
    reader.read("written_ms", file.written_ms);
    if (file.ready) {
        check_ready(reader, file);
    }
}

}  // namespace

std::string to_json(const NodeFile& file) {
    return boost::json::serialize(boost::json::object{{"schema", kNodeFileSchema},
                                                      {"ready", file.ready},
                                                      {"reason", file.reason},
                                                      {"network_id", file.network_id},
                                                      {"node", file.node},
                                                      {"interface", file.interface},
                                                      {"mtu", file.mtu},
                                                      {"gso_max_segs", file.gso_max_segs},
                                                      {"blocks", prefixes_json(file.blocks)},
                                                      {"pools", prefixes_json(file.pools)},
                                                      {"gateway4", address_json(file.gateway4)},
                                                      {"gateway6", address_json(file.gateway6)},
                                                      {"boot_id", file.boot_id},
                                                      {"written_ms", file.written_ms}});
}

Result<NodeFile> parse_node_file(std::string_view text) {
    unsigned schema = 0;
    const auto read_schema = [&](JsonReader& reader, NodeFile&) { reader.read("schema", schema); };
    if (const auto first = parse_document<NodeFile>(text, read_schema); !first) {
        return first.error();
    }
    if (schema != kNodeFileSchema) {
        return Error{std::make_error_code(std::errc::protocol_error),
                     "node.json is of schema " + std::to_string(schema) + ", known is " +
                         std::to_string(kNodeFileSchema),
                     "use weftd and weft-cni of the same version"};
    }
    return parse_document<NodeFile>(text, read_fields);
}

Result<NodeFile> read_node_file(const std::filesystem::path& file) {
    const UniqueFd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    struct stat about {};
    if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
        return errno_error(errno, file.string(), errno == ENOENT ? "is weftd running?" : "");
    }
    if (!S_ISREG(about.st_mode)) {
        return invalid(file.string() + " is no regular file");
    }
    const Result<std::string> text = read_to_end(fd, kNodeFileMax, file.string());
    if (!text) {
        return text.error();
    }
    Result<NodeFile> parsed = parse_node_file(*text);
    if (!parsed) {
        Error error = parsed.error();
        error.cause = file.string() + ": " + error.cause;
        return error;
    }
    return parsed;
}

}  // namespace weft::api

// SPDX-License-Identifier: Apache-2.0
// See config.hpp.
#include "config.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <weft/api/node_file.hpp>
#include <weft/base/utf8.hpp>

namespace weft::cni {
namespace {

namespace json = boost::json;

constexpr std::size_t kConfigDepthMax = 32;
constexpr std::size_t kVersionShownMax = 32;
constexpr std::uint32_t kConfigMtuMost = 65'535;

constexpr std::array<std::pair<const char*, Version>, 4> kVersions{{{"0.3.1", Version::k031},
                                                                    {"0.4.0", Version::k040},
                                                                    {"1.0.0", Version::k100},
                                                                    {"1.1.0", Version::k110}}};

std::string_view view_of(const json::string& text) {
    return {text.data(), text.size()};
}

Failure bad_config(std::string_view key, std::string_view what) {
    return {Code::kBadConfig,
            "the network configuration's '" + std::string{key} + "' " + std::string{what}};
}

Outcome<json::object> parse_document(std::string_view text) {
    json::parse_options options;
    options.max_depth = kConfigDepthMax;
    json::error_code error;
    json::value value = json::parse(text, error, {}, options);
    if (error || !value.is_object()) {
        return Failure{Code::kDecode,
                       "the network configuration on stdin is no JSON object" +
                           (error ? ": " + error.message() : std::string{})};
    }
    return std::move(value.get_object());
}

/// nullptr where it is absent or null.
const json::value* find(const json::object& object, std::string_view key) {
    const json::value* const value = object.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

Outcome<Version> read_version(const json::object& object) {
    const json::value* const value = find(object, "cniVersion");
    const json::string* const text = value == nullptr ? nullptr : value->if_string();
    const auto version = text == nullptr ? std::nullopt : parse_version(view_of(*text));
    if (!version) {
        const std::string shown =
            text == nullptr ? "none" : utf8_excerpt(view_of(*text), kVersionShownMax);
        return Failure{Code::kIncompatibleVersion,
                       "the network configuration's cniVersion is " + shown,
                       "supported are 0.3.1, 0.4.0, 1.0.0 and 1.1.0"};
    }
    return *version;
}

Outcome<std::filesystem::path> read_path(const json::object& object,
                                         std::string_view key,
                                         const char* otherwise) {
    const json::value* const value = find(object, key);
    if (value == nullptr) {
        return std::filesystem::path{otherwise};
    }
    const json::string* const text = value->if_string();
    if (text == nullptr || text->empty() || (*text)[0] != '/') {
        return bad_config(key, "is no absolute path");
    }
    return std::filesystem::path{view_of(*text)};
}

Outcome<std::optional<json::object>> read_object(const json::object& object, std::string_view key) {
    const json::value* const value = find(object, key);
    if (value == nullptr) {
        return std::optional<json::object>{};
    }
    if (!value->is_object()) {
        return bad_config(key, "is no object");
    }
    return std::optional<json::object>{value->get_object()};
}

/// {"ips": ["10.44.0.7/24"], "mac": "02:…"}
Outcome<> read_wishes(const json::object& object, std::string_view where, Wishes& wishes) {
    if (const json::value* const ips = find_ignoring_case(object, "ips");
        ips != nullptr && !ips->is_null() && wishes.addresses.empty()) {
        const json::array* const list = ips->if_array();
        for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
            const json::string* const text = (*list)[i].if_string();
            const Outcome<net::IpAddress> address =
                parse_wished_address(text == nullptr ? std::string_view{} : view_of(*text));
            if (!address) {
                return bad_config(where, "has in ips " + address.error().cause);
            }
            wishes.addresses.push_back(*address);
        }
        if (list == nullptr) {
            return bad_config(where, "has ips that are no list");
        }
    }
    if (const json::value* const mac = find_ignoring_case(object, "mac");
        mac != nullptr && !mac->is_null() && !wishes.mac) {
        const json::string* const text = mac->if_string();
        const Outcome<netlink::MacAddress> parsed =
            parse_mac(text == nullptr ? std::string_view{} : view_of(*text));
        if (!parsed) {
            return bad_config(where, "has in mac " + parsed.error().cause);
        }
        wishes.mac = *parsed;
    }
    return {};
}

/// Of the runtime's capabilities first, then of args.cni.
Outcome<Wishes> read_all_wishes(const json::object& object) {
    Wishes wishes;
    const auto runtime = read_object(object, "runtimeConfig");
    const auto args = read_object(object, "args");
    if (!runtime || !args) {
        return runtime ? args.error() : runtime.error();
    }
    if (*runtime) {
        if (Outcome<> read = read_wishes(**runtime, "runtimeConfig", wishes); !read) {
            return read.error();
        }
    }
    const json::value* const cni = *args ? find(**args, "cni") : nullptr;
    if (cni != nullptr && cni->is_object()) {
        if (Outcome<> read = read_wishes(cni->get_object(), "args.cni", wishes); !read) {
            return read.error();
        }
    }
    return wishes;
}

Outcome<ipam::Attachment> read_attachment(const json::value& value) {
    const json::object* const object = value.if_object();
    const json::value* const container =
        object == nullptr ? nullptr : find_ignoring_case(*object, "containerID");
    const json::value* const interface =
        object == nullptr ? nullptr : find_ignoring_case(*object, "ifname");
    if (container == nullptr || !container->is_string() || interface == nullptr ||
        !interface->is_string()) {
        return bad_config("cni.dev/valid-attachments", "has one without containerID and ifname");
    }
    return ipam::Attachment{std::string{view_of(container->get_string())},
                            std::string{view_of(interface->get_string())}};
}

/// Under the key of the specification or the one that runtimes wrote before it; null is none.
Outcome<std::optional<std::vector<ipam::Attachment>>> read_valid(const json::object& object) {
    std::optional<std::vector<ipam::Attachment>> valid;
    for (const char* const key : {"cni.dev/valid-attachments", "cni.dev/attachments"}) {
        const json::value* const value = object.if_contains(key);
        if (value == nullptr) {
            continue;
        }
        if (!value->is_null() && !value->is_array()) {
            return bad_config(key, "is no list");
        }
        if (!valid) {
            valid.emplace();
        }
        for (std::size_t i = 0; value->is_array() && i < value->get_array().size(); ++i) {
            Outcome<ipam::Attachment> attachment = read_attachment(value->get_array()[i]);
            if (!attachment) {
                return attachment.error();
            }
            valid->push_back(std::move(*attachment));
        }
    }
    return valid;
}

Outcome<> read_name(const json::object& object, Config& config) {
    const json::value* const name = find(object, "name");
    if (name == nullptr || !name->is_string() || !is_identifier(view_of(name->get_string()))) {
        return bad_config("name", "is missing, or no network's name");
    }
    config.name = view_of(name->get_string());
    return {};
}

Outcome<> read_mtu(const json::object& object, Config& config) {
    const json::value* const mtu = find(object, "mtu");
    if (mtu == nullptr) {
        return {};
    }
    json::error_code error;
    config.mtu = mtu->to_number<std::uint32_t>(error);
    if (error || config.mtu > kConfigMtuMost) {
        return bad_config("mtu", "is no number from 0 to 65535");
    }
    return {};
}

/// Hands on what was read, or why it was not.
template <class Target>
Outcome<> keep(Target& target, Outcome<Target> outcome) {
    if (!outcome) {
        return outcome.error();
    }
    target = std::move(*outcome);
    return {};
}

Outcome<> read_what_add_needs(const json::object& object, Config& config) {
    for (const Outcome<>& read :
         {read_mtu(object, config),
          keep(config.node_file, read_path(object, "nodeFile", api::kNodeFileDefault)),
          keep(config.wishes, read_all_wishes(object)),
          keep(config.previous, read_object(object, "prevResult")),
          keep(config.dns, read_object(object, "dns"))}) {
        if (!read) {
            return read;
        }
    }
    return {};
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
    const auto* const found = std::find_if(
        kVersions.begin(), kVersions.end(), [&](const auto& known) { return known.first == text; });
    return found == kVersions.end() ? std::nullopt : std::optional{found->second};
}

const char* to_text(Version version) {
    return kVersions[static_cast<std::size_t>(version)].first;
}

Version version_of(std::string_view text) {
    const Outcome<json::object> object = parse_document(text);
    const Outcome<Version> version = object ? read_version(*object) : Outcome<Version>{kNewest};
    return version ? *version : kNewest;
}

const json::value* find_ignoring_case(const json::object& object, std::string_view key) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    };
    const auto same = [&](std::string_view other) {
        return std::equal(key.begin(), key.end(), other.begin(), other.end(), [&](char a, char b) {
            return lower(a) == lower(b);
        });
    };
    const auto* const found = std::find_if(object.begin(), object.end(), [&](const auto& member) {
        return same({member.key().data(), member.key().size()});
    });
    return found == object.end() ? nullptr : &found->value();
}

Extent extent_of(std::string_view command) {
    return command == "DEL" || command == "GC" ? Extent::kEnding : Extent::kWhole;
}

Outcome<Config> parse_config(std::string_view text, Extent extent) {
    const Outcome<json::object> object = parse_document(text);
    if (!object) {
        return object.error();
    }
    Config config;
    for (const Outcome<>& read :
         {keep(config.version, read_version(*object)),
          read_name(*object, config),
          keep(config.state_dir, read_path(*object, "stateDir", ipam::kDirectoryDefault)),
          keep(config.valid, read_valid(*object)),
          extent == Extent::kWhole ? read_what_add_needs(*object, config) : Outcome<>{}}) {
        if (!read) {
            return read.error();
        }
    }
    return config;
}

}  // namespace weft::cni

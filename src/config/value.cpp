// SPDX-License-Identifier: Apache-2.0
// Reading one value of a configuration file: types, ranges, text forms. Control thread, or the CLI.
#include "value.hpp"

#include <algorithm>
#include <utility>

#include <weft/base/encoding.hpp>
#include <weft/base/utf8.hpp>

#include "host_port.hpp"
#include "nearest.hpp"

namespace weft::config {
namespace {

std::string_view type_name(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::none:
            return "nothing";
        case toml::node_type::table:
            return "a table";
        case toml::node_type::array:
            return "an array";
        case toml::node_type::string:
            return "a string";
        case toml::node_type::integer:
            return "an integer";
        case toml::node_type::floating_point:
            return "a number with a fraction";
        case toml::node_type::boolean:
            return "a boolean";
        case toml::node_type::date:
        case toml::node_type::time:
        case toml::node_type::date_time:
            return "a date or time";
    }
    return "nothing";
}

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_name_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

/// For messages: what the user wrote, short and printable.
std::string shown(std::string_view text) {
    constexpr std::size_t kShownMost = 60;
    std::string out = utf8_excerpt(text, kShownMost);
    std::replace_if(out.begin(), out.end(), is_control, '?');
    return "'" + out + "'";
}

}  // namespace

std::string place(std::string_view file, const toml::source_region& region) {
    return std::string{file} + ":" + std::to_string(region.begin.line) + ":" +
           std::to_string(region.begin.column);
}

Error Value::wrong(std::string_view what) const {
    return invalid(where() + ": " + name_ + " " + std::string{what});
}

Error Value::wrong_type(std::string_view wanted) const {
    return wrong("must be " + std::string{wanted} + ", not " + std::string{type_name(*node_)});
}

Result<std::string> Value::text() const {
    const auto* value = node_->as_string();
    if (value == nullptr) {
        return wrong_type("a string");
    }
    return value->get();
}

Result<bool> Value::truth() const {
    const auto* value = node_->as_boolean();
    if (value == nullptr) {
        return wrong_type("true or false");
    }
    return value->get();
}

Result<std::string> Value::word() const {
    auto value = text();
    if (!value) {
        return value;
    }
    if (value->empty()) {
        return wrong("must not be empty");
    }
    if (std::any_of(value->begin(), value->end(), is_control)) {
        return wrong("holds a control character");
    }
    return value;
}

Result<std::string> Value::name() const {
    constexpr std::size_t kNameMax = 63;  // a DNS label's length
    auto value = word();
    if (!value) {
        return value;
    }
    const bool plain = value->size() <= kNameMax && value->front() != '-' &&
                       value->front() != '.' &&
                       std::all_of(value->begin(), value->end(), is_name_char);
    if (!plain) {
        return wrong("must be 1 to 63 of a-z A-Z 0-9 - _ . and not begin with - or ., not " +
                     shown(*value));
    }
    return value;
}

Result<std::uint32_t> Value::integer(std::uint32_t least, std::uint32_t most) const {
    const auto* value = node_->as_integer();
    if (value == nullptr) {
        return wrong_type("an integer");
    }
    if (value->get() < least || value->get() > most) {
        return wrong("must be " + std::to_string(least) + ".." + std::to_string(most) + ", not " +
                     std::to_string(value->get()));
    }
    return static_cast<std::uint32_t>(value->get());
}

Result<bool> Value::boolean() const {
    const auto value = node_->value_exact<bool>();
    return value ? Result<bool>{*value} : wrong_type("true or false");
}

Result<ByteArray<32>> Value::public_key() const {
    const auto value = text();
    if (!value) {
        return value.error();
    }
    ByteArray<32> key{};
    if (!from_base64(*value, key)) {
        return wrong("is not a key: 32 bytes as base64, 44 characters, as `weft pubkey` prints");
    }
    if (key == ByteArray<32>{}) {
        return wrong("is all zero, which is nobody's key");
    }
    return key;
}

Result<net::Prefix> Value::prefix() const {
    const auto value = text();
    if (!value) {
        return value.error();
    }
    const auto prefix = net::Prefix::parse(*value);
    if (!prefix) {
        return wrong("is not an address or prefix such as 10.44.1.0/24 or fd00::/64: " +
                     shown(*value));
    }
    return *prefix;
}

Result<HostPort> Value::endpoint() const {
    const auto value = text();
    if (!value) {
        return value.error();
    }
    const auto parsed = parse_host_port(*value);
    if (!parsed) {
        return wrong(
            "is not an endpoint such as 192.0.2.1:51840, [2001:db8::1]:51840 or "
            "host.example:51840: " +
            shown(*value));
    }
    return *parsed;
}

Result<std::optional<net::Endpoint>> Value::listener() const {
    const auto value = text();
    if (!value) {
        return value.error();
    }
    const auto parsed = net::Endpoint::parse(*value);
    const bool good = parsed && parsed->port != 0 && !parsed->address.is_multicast() &&
                      !parsed->address.is_link_local();
    if (!good && !value->empty()) {
        return wrong(
            "must be an address of this machine and a port, as 127.0.0.1:9484 or [::1]:9484, or "
            "\"\" for none, not " +
            shown(*value));
    }
    return parsed;
}

Result<std::string> Value::choice(std::span<const std::string_view> choices) const {
    auto value = text();
    if (!value) {
        return value;
    }
    if (std::find(choices.begin(), choices.end(), *value) == choices.end()) {
        return wrong("is unknown: " + shown(*value) + hint(*value, choices));
    }
    return value;
}

Result<std::vector<Value>> Value::elements() const {
    const auto* array = node_->as_array();
    if (array == nullptr) {
        return wrong_type("an array");
    }
    std::vector<Value> out;
    out.reserve(array->size());
    for (const toml::node& element : *array) {
        out.emplace_back(element, name_, file_);
    }
    return out;
}

}  // namespace weft::config

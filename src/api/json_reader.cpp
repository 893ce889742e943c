// SPDX-License-Identifier: Apache-2.0
// The checked reader over Boost.JSON. Pure; any thread.
#include "json_reader.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <weft/api/status.hpp>
#include <weft/base/utf8.hpp>

#include "secret_json.hpp"

namespace weft::api {

namespace {

/// As boost::json::parse, by a scratch that is wiped: values lie in it meanwhile.
std::optional<boost::json::value> parse_wiped(std::string_view text,
                                              boost::json::error_code& error) {
    std::array<unsigned char, 4096> scratch{};
    std::optional<boost::json::value> value;  // moved, or it would leave its storage
    {
        boost::json::parse_options options;
        options.max_depth = kJsonDepthMax;
        const auto storage = wiped_storage();
        boost::json::parser parser{storage, options, scratch.data(), scratch.size()};
        parser.reset(storage);
        parser.write(text, error);
        if (!error) {
            value.emplace(parser.release());
        }
    }
    explicit_bzero(scratch.data(), scratch.size());
    return value;
}

}  // namespace

Result<boost::json::object> parse_object(std::string_view text) {
    boost::json::error_code error;
    std::optional<boost::json::value> value = parse_wiped(text, error);
    if (!value) {
        return invalid("not valid JSON: " + error.message());
    }
    if (!value->is_object()) {
        return invalid("the JSON is not an object");
    }
    return std::move(value->get_object());
}

void JsonReader::fail(const std::string& path, std::string_view what) {
    if (!failure_->has_value()) {
        *failure_ = invalid("the JSON field '" + path + "' " + std::string{what});
    }
}

const boost::json::value* JsonReader::find(std::string_view key) {
    const boost::json::value* value = object_->if_contains(key);
    if (value == nullptr) {
        fail(path_ + std::string{key}, "is missing");
    }
    return value;
}

const boost::json::array* JsonReader::find_array(std::string_view key) {
    const boost::json::value* value = find(key);
    if (value != nullptr && !value->is_array()) {
        fail(path_ + std::string{key}, "is not an array");
    }
    return value == nullptr ? nullptr : value->if_array();
}

void JsonReader::read(std::string_view key, std::string& out) {
    const boost::json::value* value = find(key);
    if (value == nullptr) {
        return;
    }
    if (const auto* text = value->if_string()) {
        out.assign(text->data(), text->size());
    } else {
        fail(path_ + std::string{key}, "is not a string");
    }
}

void JsonReader::read(std::string_view key, bool& out) {
    const boost::json::value* value = find(key);
    if (value == nullptr) {
        return;
    }
    if (const auto* truth = value->if_bool()) {
        out = *truth;
    } else {
        fail(path_ + std::string{key}, "is not true or false");
    }
}

void JsonReader::read(std::string_view key, std::vector<std::string>& out) {
    const boost::json::array* array = find_array(key);
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        const auto* text = (*array)[i].if_string();
        if (text == nullptr) {
            fail(path_ + std::string{key}, "holds something else than strings");
            return;
        }
        out.emplace_back(text->data(), text->size());
    }
}

void JsonReader::read_if_there(std::string_view key, unsigned& out, unsigned most) {
    read_if_there(key, out);
    if (out < 1 || out > most) {
        fail(path_ + std::string{key}, "must be 1.." + std::to_string(most));
    }
}

void JsonReader::read_if_there(std::string_view key, std::optional<unsigned>& out, unsigned most) {
    const boost::json::value* const there = object_->if_contains(key);
    if (there != nullptr && !there->is_null()) {
        read_if_there(key, out.emplace(1), most);
    }
}

void JsonReader::read_api() {
    std::string api;
    read("api", api);
    if (!api.empty() && api != kApiVersion) {
        fail(path_ + "api", "is '" + api + "', this program speaks " + kApiVersion);
    }
}

void JsonReader::allow_only(std::initializer_list<std::string_view> known) {
    constexpr std::size_t kShownMax = 64;
    for (const auto& field : *object_) {
        const std::string_view key{field.key().data(), field.key().size()};
        if (std::find(known.begin(), known.end(), key) == known.end()) {
            fail(path_ + utf8_excerpt(key, kShownMax), "is not known");
            return;
        }
    }
}

JsonReader JsonReader::child(std::string_view key) {
    static const boost::json::object nothing;
    const boost::json::value* value = find(key);
    const auto* object = value == nullptr ? nullptr : value->if_object();
    if (value != nullptr && object == nullptr) {
        fail(path_ + std::string{key}, "is not an object");
    }
    return {object == nullptr ? nothing : *object, path_ + std::string{key} + ".", *failure_};
}

}  // namespace weft::api

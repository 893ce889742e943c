// SPDX-License-Identifier: Apache-2.0
// Validates a document against the part of JSON Schema (draft-07) that status.schema.json uses:
// type, enum, required, properties, additionalProperties as a schema, items, minimum, maximum,
// $ref to a definition. Any other keyword fails, so that the schema cannot outgrow this unseen.
#pragma once

#include <algorithm>
#include <string>

#include <boost/json.hpp>

namespace weft::test {

class Schema {
  public:
    explicit Schema(boost::json::value root) : root_(std::move(root)) {}

    /// Empty, or what is wrong and where.
    [[nodiscard]] std::string check(const boost::json::value& document) const {
        return check(document, root_.as_object(), "$");
    }

  private:
    using Value = boost::json::value;
    using Object = boost::json::object;

    static bool is_type(const Value& value, const Value& name) {
        const std::string_view type = name.as_string();
        return (type == "null" && value.is_null()) || (type == "string" && value.is_string()) ||
               (type == "boolean" && value.is_bool()) || (type == "array" && value.is_array()) ||
               (type == "object" && value.is_object()) ||
               (type == "integer" && (value.is_int64() || value.is_uint64()));
    }

    static bool is_one_type(const Value& value, const Value& types) {
        if (!types.is_array()) {
            return is_type(value, types);
        }
        const auto& list = types.as_array();
        return std::any_of(
            list.begin(), list.end(), [&](const Value& type) { return is_type(value, type); });
    }

    std::string check_object(const Object& value,
                             const Object& schema,
                             const std::string& at) const {
        if (const Value* required = schema.if_contains("required")) {
            for (const Value& name : required->as_array()) {
                if (!value.contains(name.as_string())) {
                    return at + ": no " + std::string{name.as_string()};
                }
            }
        }
        const Value* properties = schema.if_contains("properties");
        const Value* others = schema.if_contains("additionalProperties");
        for (const auto& [name, member] : value) {
            const Value* rule =
                properties == nullptr ? nullptr : properties->as_object().if_contains(name);
            rule = rule == nullptr ? others : rule;
            const std::string place = at + "." + std::string{name};
            const std::string wrong =
                rule == nullptr ? "" : check(member, rule->as_object(), place);
            if (!wrong.empty()) {
                return wrong;
            }
        }
        return {};
    }

    static std::string check_number(const Value& value,
                                    const Object& schema,
                                    const std::string& at) {
        const auto number = value.to_number<double>();
        const Value* least = schema.if_contains("minimum");
        const Value* most = schema.if_contains("maximum");
        const bool good = (least == nullptr || number >= least->to_number<double>()) &&
                          (most == nullptr || number <= most->to_number<double>());
        return good ? "" : at + ": out of range";
    }

    std::string check(const Value& value, const Object& schema, const std::string& at) const {
        for (const auto& [keyword, argument] : schema) {
            std::string wrong;
            if (keyword == "type") {
                wrong = is_one_type(value, argument) ? "" : at + ": wrong type";
            } else if (keyword == "enum") {
                const auto& list = argument.as_array();
                const bool found = std::find(list.begin(), list.end(), value) != list.end();
                wrong = found ? "" : at + ": not in enum";
            } else if (keyword == "$ref") {
                const std::string name{argument.as_string().subview(sizeof "#/definitions/" - 1)};
                wrong = check(value, root_.at("definitions").at(name).as_object(), at);
            } else if (keyword == "items") {
                for (const Value& item : value.as_array()) {
                    wrong = wrong.empty() ? check(item, argument.as_object(), at + "[]") : wrong;
                }
            } else if (keyword == "minimum" || keyword == "maximum") {
                wrong = value.is_number() ? check_number(value, schema, at) : "";
            } else if (keyword != "required" && keyword != "properties" &&
                       keyword != "additionalProperties" && keyword != "definitions" &&
                       keyword != "description" && keyword != "title" && keyword != "$schema") {
                wrong = "this validator does not know " + std::string{keyword};
            }
            if (!wrong.empty()) {
                return wrong;
            }
        }
        return value.is_object() ? check_object(value.as_object(), schema, at) : "";
    }

    Value root_;
};

}  // namespace weft::test

// SPDX-License-Identifier: Apache-2.0
// GET /v1/check: values to JSON and back. Pure; any thread.
#include <algorithm>

#include <weft/api/check.hpp>
#include <weft/api/status.hpp>

#include "json_reader.hpp"
#include "json_writer.hpp"

namespace weft::api {
namespace {

boost::json::object check_json(const Check& check) {
    return {{"name", check.name},
            {"state", check.state},
            {"detail", check.detail},
            {"remedy", check.remedy}};
}

Check read_check(JsonReader reader) {
    Check check;
    reader.read("name", check.name);
    reader.read("state", check.state);
    reader.read("detail", check.detail);
    reader.read("remedy", check.remedy);
    return check;
}

}  // namespace

std::string to_json(const std::vector<Check>& checks) {
    return boost::json::serialize(
        boost::json::object{{"api", kApiVersion}, {"checks", objects(checks, check_json)}});
}

Result<std::vector<Check>> parse_checks(std::string_view text) {
    using Checks = std::vector<Check>;
    return parse_document<Checks>(text, [](JsonReader& reader, Checks& checks) {
        reader.read_api();
        reader.each("checks",
                    [&](JsonReader item) { checks.push_back(read_check(std::move(item))); });
    });
}

std::size_t count_failed(const std::vector<Check>& checks) {
    return static_cast<std::size_t>(std::count_if(checks.begin(), checks.end(), [](const auto& c) {
        return c.state != "ok" && c.state != "skipped";
    }));
}

}  // namespace weft::api

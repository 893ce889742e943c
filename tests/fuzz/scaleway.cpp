// SPDX-License-Identifier: Apache-2.0
// Fuzz target: any text as an answer of Scaleway's API. What is taken from it can be printed by the
// discovery contract and is read from there.
#include <algorithm>

#include <weft/discovery/machines.hpp>

#include "fuzz.hpp"
#include "scaleway/answers.hpp"

namespace {

namespace discovery = weft::discovery;
namespace scaleway = weft::discovery::scaleway;

void check_servers(std::string_view text) {
    const auto servers = scaleway::parse_servers(text);
    if (!servers) {
        WEFT_FUZZ_CHECK(!servers.error().cause.empty());
        return;
    }
    WEFT_FUZZ_CHECK(servers->size() <= scaleway::kPageMax);
    std::vector<discovery::Machine> machines;
    for (const auto& server : *servers) {
        WEFT_FUZZ_CHECK(!server.id.empty());
        machines.push_back(server.machine);
    }
    WEFT_FUZZ_CHECK(discovery::parse_machines(discovery::to_json(machines)).has_value());
}

void check_addresses(std::string_view text) {
    const auto page = scaleway::parse_addresses(text);
    WEFT_FUZZ_CHECK(!page ||
                    (page->addresses.size() <= page->size && page->size <= scaleway::kPageMax));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = weft::fuzz::Input{data, size}.text();
    check_servers(text);
    check_addresses(text);
    const std::string error = scaleway::error_text(text);
    WEFT_FUZZ_CHECK(std::none_of(
        error.begin(), error.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Fuzz target: what a container runtime says to the plugin, and what the daemon says in node.json.
// The first byte says which; nothing that is refused is without a cause, and what is taken is
// within its limits.
#include <weft/api/node_file.hpp>

#include "config.hpp"
#include "environment.hpp"
#include "fuzz.hpp"
#include "result.hpp"

namespace {

namespace cni = weft::cni;

void check_config(std::string_view text) {
    const auto config = cni::parse_config(text);
    if (!config) {
        WEFT_FUZZ_CHECK(!config.error().cause.empty());
        const std::string printed = cni::failure_json(config.error(), cni::version_of(text));
        WEFT_FUZZ_CHECK(printed.find("\"code\"") != std::string::npos);
        return;
    }
    WEFT_FUZZ_CHECK(cni::is_identifier(config->name));
    WEFT_FUZZ_CHECK(config->node_file.is_absolute() && config->state_dir.is_absolute());
    WEFT_FUZZ_CHECK(cni::version_of(text) == config->version);
    WEFT_FUZZ_CHECK(!cni::result_json({}, *config).empty());
    if (config->previous) {
        const auto previous = cni::read_previous(*config->previous, "eth0", "/run/netns/a");
        WEFT_FUZZ_CHECK(previous || !previous.error().cause.empty());
    }
}

void check_args(std::string_view text) {
    const auto wishes = cni::parse_args(text);
    WEFT_FUZZ_CHECK(wishes || !wishes.error().cause.empty());
    if (wishes && wishes->mac) {
        const auto again = cni::parse_mac(cni::mac_text(*wishes->mac));
        WEFT_FUZZ_CHECK(again && *again == *wishes->mac);
    }
}

void check_node_file(std::string_view text) {
    const auto node = weft::api::parse_node_file(text);
    if (!node) {
        WEFT_FUZZ_CHECK(!node.error().cause.empty());
        return;
    }
    const auto again = weft::api::parse_node_file(weft::api::to_json(*node));
    WEFT_FUZZ_CHECK(again && *again == *node);
    WEFT_FUZZ_CHECK(!node->ready || node->gateway4 || node->gateway6);
    WEFT_FUZZ_CHECK(node->blocks.size() <= weft::api::kNodePrefixesMax);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weft::fuzz::Input input{data, size};
    const std::uint8_t kind = input.u8();
    const std::string_view text = input.text();
    switch (kind % 3) {
        case 0:
            check_config(text);
            break;
        case 1:
            check_args(text);
            break;
        default:
            check_node_file(text);
            break;
    }
    return 0;
}

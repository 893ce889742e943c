// SPDX-License-Identifier: Apache-2.0
// What the environment says: places before the files are read, single values after. An empty
// variable is an unset one. Read while starting and on reload; nothing in weft ever calls setenv.
#include <array>
#include <cstdlib>

#include "draft.hpp"
#include "nearest.hpp"

namespace weft::config {
namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): see the head
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

constexpr std::array<std::string_view, 4> kOffloadItems{"tun-tso", "tun-uso", "udp-gso", "udp-gro"};

Result<> switch_off(Draft& draft, std::string_view item) {
    if (item == "tun-tso") {
        draft.offloads.tun_tso = false;
    } else if (item == "tun-uso") {
        draft.offloads.tun_uso = false;
    } else if (item == "udp-gso") {
        draft.offloads.udp_gso = false;
    } else if (item == "udp-gro") {
        draft.offloads.udp_gro = false;
    } else {
        return invalid("WEFT_OFFLOAD_OFF: unknown item '" + std::string{item} + "'" +
                       hint(item, kOffloadItems));
    }
    std::string key = "offload." + std::string{item};
    key[key.find('-')] = '_';
    draft.origins[key] = "WEFT_OFFLOAD_OFF";
    return {};
}

void apply_socket(Draft& draft, const Paths& paths) {
    if (paths.socket) {
        draft.api.socket = *paths.socket;
        const bool by_variable = paths.socket->native() == variable("WEFT_SOCKET");
        draft.origins["api.socket"] = by_variable ? "WEFT_SOCKET" : "--socket";
    } else if (!draft.origins.contains("api.socket")) {
        draft.api.socket = paths.run_dir / "weftd.sock";
        if (paths.run_dir != Paths{}.run_dir) {
            draft.origins["api.socket"] = "WEFT_RUN_DIR";
        }
    }
}

}  // namespace

Paths Paths::from_environment() {
    Paths paths;
    if (const auto config = variable("WEFT_CONFIG"); !config.empty()) {
        paths.config = config;
    }
    if (const auto state = variable("WEFT_STATE_DIR"); !state.empty()) {
        paths.state_dir = state;
    }
    if (const auto run = variable("WEFT_RUN_DIR"); !run.empty()) {
        paths.run_dir = run;
    }
    if (const auto socket = variable("WEFT_SOCKET"); !socket.empty()) {
        paths.socket = socket;
    }
    return paths;
}

Result<> apply_environment(Draft& draft, const Paths& paths) {
    apply_socket(draft, paths);
    if (const auto isa = variable("WEFT_ISA"); !isa.empty()) {
        draft.node.isa = isa;
        draft.origins["node.isa"] = "WEFT_ISA";
    }
    std::string_view rest = variable("WEFT_OFFLOAD_OFF");
    while (!rest.empty()) {
        const std::size_t comma = rest.find(',');
        const std::string_view item = rest.substr(0, comma);
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        if (item.empty()) {
            continue;
        }
        auto done = switch_off(draft, item);
        if (!done) {
            return done;
        }
    }
    return {};
}

}  // namespace weft::config

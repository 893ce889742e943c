// SPDX-License-Identifier: Apache-2.0
// weft config check, weft config show: the files and the environment, by the code that the daemon
// starts from; the daemon need not run. weft reload: the daemon reads them again.
#include <numeric>
#include <ostream>

#include <weft/crypto/aead.hpp>
#include <weft/crypto/x25519.hpp>

#include "commands.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

/// Whether this machine has the instruction set that the configuration wants.
Result<> check_isa(const config::Config& config) {
    if (auto ready = crypto::initialize(); !ready) {
        return ready;
    }
    const auto kernels = crypto::choose_kernels(config.node.isa);
    if (kernels) {
        return {};
    }
    Error error = kernels.error();
    error.cause = config.origins.at("node.isa") + ": node.isa: " + error.cause;
    return error;
}

int fail_to_load(const Context& context, const Error& error) {
    const bool forbidden = error.code == std::errc::permission_denied;
    return fail(context, error, forbidden ? kPermission : kFailed);
}

}  // namespace

int check_config(const Context& context) {
    const auto config = config::load(context.paths);
    if (!config) {
        return fail_to_load(context, config.error());
    }
    if (auto isa = check_isa(*config); !isa) {
        return fail(context, isa.error());
    }
    const auto prefixes = std::accumulate(
        config->peers.begin(), config->peers.end(), std::size_t{0}, [](auto sum, const auto& peer) {
            return sum + peer.allowed_ips.size();
        });
    context.terminal.out << context.paths.config.filename().string() << ": ok ("
                         << format_count(config->peers.size(), "peer") << ", "
                         << format_count(prefixes, "prefix") << ")\n";
    return kOk;
}

int show_config(const Context& context, bool with_origins, bool json) {
    const auto config = config::load(context.paths);
    if (!config) {
        return fail_to_load(context, config.error());
    }
    context.terminal.out << (json ? config::to_json(*config) + "\n"
                                  : config::to_toml(*config, with_origins));
    return kOk;
}

int reload(const Context& context) {
    const Answer answer = ask(context, {"POST", "/v1/reload"});
    if (answer.exit_code == kOk) {
        context.terminal.out << "reloaded\n";
    }
    return answer.exit_code;
}

}  // namespace weft::cli

// SPDX-License-Identifier: Apache-2.0
// weft check --offline: what can be seen on this machine without the daemon: before its first
// start, or when it does not start. Changes nothing. One thread.
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

#include <weft/api/kernel_checks.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/crypto/x25519.hpp>

#include "commands.hpp"

namespace weft::cli {
namespace {

using api::Check;

constexpr const char* kTun = "/dev/net/tun";
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
// It knows what to do about default routes that come by router advertisements.
constexpr const char* kApply = "kernel-setup/apply.sh (in packages /usr/lib/weft/kernel-setup)";

Check check_configuration(const Context& context, const Result<config::Config>& config) {
    if (!config) {
        return {"configuration", "error", config.error().cause, config.error().remedy};
    }
    std::error_code error;
    const std::string file = context.paths.config.string();
    return std::filesystem::exists(context.paths.config, error)
               ? Check{"configuration", "ok", file, ""}
               : Check{"configuration", "ok", "no " + file + ": the defaults count", ""};
}

Check check_cipher(const std::string& wish) {
    if (const auto ready = crypto::initialize(); !ready) {
        return {"cipher", "error", ready.error().cause, ready.error().remedy};
    }
    const auto kernels = crypto::choose_kernels(wish);
    if (!kernels) {
        return {"cipher", "error", kernels.error().cause, kernels.error().remedy};
    }
    std::string failed;
    for (const crypto::AeadKernels* each : crypto::failed_kernels()) {
        failed += std::string{failed.empty() ? "" : ", "} + each->name;
    }
    return failed.empty() ? Check{"cipher", "ok", (*kernels)->name, ""}
                          : Check{"cipher",
                                  "warning",
                                  "wrong results, and so not used: " + failed,
                                  "a memory and a processor test"};
}

/// An open descriptor alone makes no interface.
Check check_tun() {
    const UniqueFd tun{::open(kTun, O_RDWR | O_CLOEXEC)};
    const int error = tun.valid() ? 0 : errno;
    switch (error) {
        case 0:
            return {"tun", "ok", "there", ""};
        case EACCES:
        case EPERM:
            return {
                "tun", "skipped", std::string{kTun} + " is not for this user", "run it as root"};
        default:
            return {"tun",
                    "error",
                    std::string{kTun} + ": " + std::generic_category().message(error),
                    "modprobe tun; in a container: --device /dev/net/tun"};
    }
}

/// Keys lie there.
Check check_state(const std::filesystem::path& directory) {
    struct stat about {};
    if (::stat(directory.c_str(), &about) != 0) {
        const std::string text = directory.string();
        return errno == ENOENT ? Check{"state", "ok", "no " + text + " yet", ""}
                               : Check{"state", "skipped", "cannot look into " + text, ""};
    }
    return (about.st_mode & kOthers) == 0 ? Check{"state", "ok", directory.string(), ""}
                                          : Check{"state",
                                                  "error",
                                                  directory.string() + " is open to other users",
                                                  "chmod 700 " + directory.string()};
}

}  // namespace

int show_offline_checks(const Context& context, bool json) {
    const Result<config::Config> config = config::load(context.paths);
    const std::vector<Check> checks{
        check_configuration(context, config),
        check_cipher(config ? config->node.isa : config::NodeConfig{}.isa),
        check_tun(),
        check_state(context.paths.state_dir),
        api::check_forwarding("ip_forward", "net/ipv4/ip_forward", kApply),
        api::check_forwarding("ip6_forwarding", "net/ipv6/conf/all/forwarding", kApply),
        api::check_loopback()};
    const std::string document = json ? api::to_json(checks) : "";
    return print_checks(context, checks, json ? &document : nullptr);
}

}  // namespace weft::cli

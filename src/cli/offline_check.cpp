// SPDX-License-Identifier: Apache-2.0
// weft check --offline: what can be seen on this machine without the daemon: before its first
// start, or when it does not start; `weft check` says it too where no daemon runs. Changes
// nothing. One thread.
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <weft/api/kernel_checks.hpp>
#include <weft/api/state_check.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/crypto/aead.hpp>
#include <weft/crypto/x25519.hpp>
#include <weft/sys/socket_address.hpp>

#include "commands.hpp"

namespace weft::cli {
namespace {

using api::Check;

constexpr const char* kTun = "/dev/net/tun";
constexpr const char* kStart =
    "mend what is wrong above, then systemctl start weftd; journalctl -u weftd -n 20 says why it "
    "ended";
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
                    "modprobe tun; where there is no udev also: mkdir -p /dev/net && mknod "
                    "/dev/net/tun c 10 200; in a container: --device /dev/net/tun"};
    }
}

/// As weftd would bind it; while it runs it is the one that has it.
Check check_port(const config::Config& config) {
    const std::string number = std::to_string(config.node.listen_port);
    for (const net::Family family : {net::Family::kIpv4, net::Family::kIpv6}) {
        const bool is_v4 = family == net::Family::kIpv4;
        const UniqueFd fd{::socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        if (!fd.valid()) {
            continue;  // no such family
        }
        const int alone = 1;  // IPv4's is asked for by itself
        if (!is_v4) {
            ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof alone);
        }
        const sys::SocketAddress any = sys::to_socket_address(
            {net::IpAddress::unspecified(family), config.node.listen_port, 0});
        if (::bind(fd.get(), any.get(), any.size) != 0 && errno == EADDRINUSE) {
            return {"port",
                    "error",
                    "UDP port " + number + " is in use by another program",
                    "ss -Hulnp sport = :" + number +
                        " names it: stop it, or choose another node.listen_port"};
        }
    }
    return {"port", "ok", "UDP " + number + " is free", ""};
}

Check check_interface(const std::string& name) {
    return ::if_nametoindex(name.c_str()) == 0
               ? Check{"interface", "ok", name + " is free", ""}
               : Check{"interface",
                       "error",
                       "a network interface named " + name + " exists already, and is not weftd's",
                       "ip link delete " + name + ", or choose another node.interface"};
}

}  // namespace

int show_offline_checks(const Context& context, const Error* why_offline, bool json) {
    const Result<config::Config> config = config::load(context.paths);
    std::vector<Check> checks{
        check_configuration(context, config),
        check_cipher(config ? config->node.isa : config::NodeConfig{}.isa),
        check_tun(),
        api::check_state(context.paths.state_dir),
        api::check_forwarding("ip_forward", "net/ipv4/ip_forward", kApply),
        api::check_forwarding("ip6_forwarding", "net/ipv6/conf/all/forwarding", kApply),
        api::check_loopback()};
    const bool runs = ask_quietly(context, {"GET", "/v1/status"}).exit_code != kNotRunning;
    if (config && !runs) {
        checks.push_back(check_port(*config));
        checks.push_back(check_interface(config->node.interface));
    }
    if (why_offline != nullptr) {
        checks.push_back({"daemon", "error", why_offline->cause, kStart});
    }
    const std::string document = json ? api::to_json(checks) : "";
    return print_checks(context, checks, json ? &document : nullptr);
}

}  // namespace weft::cli

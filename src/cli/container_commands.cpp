// SPDX-License-Identifier: Apache-2.0
// Arguments of the commands about containers: ipam, cni.
#include "options.hpp"

namespace weft::cli {
namespace {

constexpr const char* kCniExamples = R"(
Examples:
  weft cni install --wait-ready                    once weftd runs and the node is in a network
  weft cni install --bin-dir /opt/cni/bin          where containerd and Kubernetes look
  podman run --network weft IMAGE                  with podman 4 and its CNI backend
  weft cni uninstall                               containers that are there keep running)";

void add_state_option(CLI::App* app, Options& options) {
    app->add_option("--state-dir", options.cni.state_dir, "Of the plugin's ledger")
        ->type_name("DIR")
        ->capture_default_str();
}

void add_place_options(CLI::App* app, Options& options) {
    app->add_option("--conf-dir", options.cni.conf_dir, "Of networks; else cni.conf_dir")
        ->type_name("DIR");
    app->add_option("--bin-dir", options.cni.bin_dir, "Of plugins; else cni.bin_dir")
        ->type_name("DIR");
}

void add_ipam_commands(CLI::App& app, Options& options) {
    CLI::App* ipam = add_group(app, "ipam", "Blocks and addresses");
    CLI::App* show = add_command(
        *ipam,
        "show",
        "The pools, who owns which block, and which addresses this node's containers have",
        options,
        [&](const Context& c) { return show_ipam(c, options.cni.state_dir, options.json); });
    add_state_option(show, options);
    add_json_flag(show, options);
    CLI::App* log = add_command(
        *ipam, "log", "What the ledger of addresses has recorded", options, [&](const Context& c) {
            return log_ipam(c, options.cni.state_dir, options.json);
        });
    add_state_option(log, options);
    add_json_flag(log, options);
}

}  // namespace

void add_container_commands(CLI::App& app, Options& options) {
    constexpr unsigned kWaitMaxS = 86'400;
    add_ipam_commands(app, options);
    CLI::App* cni = add_group(app, "cni", "The plugin for container runtimes");
    CLI::App* install = add_command(
        *cni, "install", "Make the network known to runtimes", options, [&](const Context& c) {
            return install_cni(
                c, options.cni, std::chrono::seconds{options.wait_ready ? options.timeout_s : 0});
        });
    add_place_options(install, options);
    add_state_option(install, options);
    install->add_option("--binary", options.cni.binary, "weft-cni; else it is looked for")
        ->type_name("FILE");
    install->add_flag("--wait-ready", options.wait_ready, "Until the node can take containers");
    add_seconds_option(install,
                       "--timeout",
                       options.timeout_s,
                       CLI::Range(0U, kWaitMaxS),
                       "How long to wait: 45s, 2m or seconds [30s]");
    install->footer(kCniExamples);
    CLI::App* uninstall = add_command(
        *cni, "uninstall", "Take the network back from runtimes", options, [&](const Context& c) {
            return uninstall_cni(c, options.cni);
        });
    add_place_options(uninstall, options);
}

}  // namespace weft::cli

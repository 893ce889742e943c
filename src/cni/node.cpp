// SPDX-License-Identifier: Apache-2.0
// See node.hpp.
#include "node.hpp"

#include <weft/base/boot_id.hpp>

#include "namespace.hpp"

namespace weft::cni {

Outcome<api::NodeFile> read_ready_node(const Config& config) {
    Result<api::NodeFile> node = api::read_node_file(config.node_file);
    if (!node) {
        const bool other_schema = node.error().code == std::errc::protocol_error;
        return failure_of(other_schema ? Code::kIncompatibleVersion : Code::kTryAgain,
                          node.error());
    }
    if (!node->ready) {
        return Failure{
            Code::kTryAgain, "the node is not ready: " + node->reason, "weft status says more"};
    }
    if (node->boot_id != boot_id()) {
        return Failure{
            Code::kTryAgain, config.node_file.string() + " is of an earlier boot", "start weftd"};
    }
    return std::move(*node);
}

Outcome<> check_forwarding(const api::NodeFile& node) {
    std::string off;
    if (node.gateway4 && read_sysctl("ipv4/ip_forward") != "1") {
        off = "net.ipv4.ip_forward";
    }
    if (node.gateway6 && read_sysctl("ipv6/conf/all/forwarding") != "1") {
        off += std::string{off.empty() ? "" : " and "} + "net.ipv6.conf.all.forwarding";
    }
    if (!off.empty()) {
        return Failure{Code::kTryAgain,
                       "this machine does not forward packets: " + off + " is not 1",
                       "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"};
    }
    return {};
}

Outcome<> check_interface(netlink::Rtnetlink& host, const api::NodeFile& node) {
    const auto link = host.find_link(node.interface);
    if (!link) {
        return failure_of(Code::kTryAgain, link.error());
    }
    if (!*link) {
        return Failure{Code::kTryAgain,
                       "interface " + node.interface + " is not there: weftd does not run",
                       "start weftd"};
    }
    return {};
}

Outcome<std::uint32_t> choose_mtu(const Config& config, const api::NodeFile& node) {
    if (config.mtu > node.mtu) {
        return Failure{Code::kBadConfig,
                       "the network configuration's mtu " + std::to_string(config.mtu) +
                           " is more than the node's, " + std::to_string(node.mtu),
                       "leave it out, or 0"};
    }
    return config.mtu == 0 ? node.mtu : config.mtu;
}

}  // namespace weft::cni

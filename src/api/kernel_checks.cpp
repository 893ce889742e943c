// SPDX-License-Identifier: Apache-2.0
// See weft/api/kernel_checks.hpp.
#include <fstream>

#include <weft/api/kernel_checks.hpp>

namespace weft::api {

std::string sysctl(const std::string& path) {
    std::ifstream file{"/proc/sys/" + path};
    std::string value;
    std::getline(file, value);
    return value;
}

Check check_forwarding(const std::string& name,
                       const std::string& path,
                       const std::string& remedy) {
    const std::string value = sysctl(path);
    if (value.empty()) {
        return {name, "skipped", "the kernel has no such family", ""};
    }
    return value == "0" ? Check{name,
                                "warning",
                                "off: containers on this node reach only each other's gateway",
                                remedy}
                        : Check{name, "ok", "on", ""};
}

Check check_loopback() {
    return sysctl("net/ipv4/conf/all/route_localnet") == "1"
               ? Check{"route_localnet",
                       "warning",
                       "1 for all interfaces: neighbours may reach services on 127.0.0.1",
                       "sysctl -w net.ipv4.conf.all.route_localnet=0"}
               : Check{"route_localnet", "ok", "off", ""};
}

}  // namespace weft::api

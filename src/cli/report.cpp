// SPDX-License-Identifier: Apache-2.0
// weft report: what others need to help, collected from the daemon, the configuration, the kernel
// and the log, cleared of secrets and put into one tar. What cannot be had is told in its place, so
// it works without the daemon and without root. One thread.
#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <memory>

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <weft/api/status.hpp>
#include <weft/base/encoding.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/sys/socket_address.hpp>

#include "commands.hpp"
#include "new_file.hpp"
#include "report_parts.hpp"
#include "text.hpp"

namespace weft::cli {
namespace {

constexpr std::size_t kPartMax = std::size_t{4} << 20U;  // bytes of one file
constexpr std::chrono::seconds kReportTimeout{30};       // of a question

std::string output_of(const std::string& command) {
    const std::string whole = "timeout 10 sh -c '" + command + "' 2>&1 </dev/null";
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(whole.c_str(), "r"), ::pclose};
    std::string text = "$ " + command + "\n";
    std::array<char, 4096> part{};
    while (pipe && text.size() < kPartMax) {
        const std::size_t got = std::fread(part.data(), 1, part.size(), pipe.get());
        if (got == 0) {
            break;
        }
        text.append(part.data(), got);
    }
    return text + "\n";
}

std::string outputs_of(const std::vector<std::string>& commands) {
    std::string text;
    for (const std::string& command : commands) {
        text += output_of(command);
    }
    return text;
}

std::string answer_to(const Context& context, std::string_view target) {
    const Answer answer = ask_quietly(context, {"GET", target, {}, kReportTimeout});
    return (answer.exit_code == kOk ? answer.body : answer.error.message()) + "\n";
}

/// Programs' arguments may be credentials.
std::string redacted_config(const Result<config::Config>& loaded) {
    if (!loaded) {
        return loaded.error().message() + "\n";
    }
    config::Config config = *loaded;
    for (config::DiscoveryConfig& discovery : config.discovery) {
        if (discovery.exec.size() > 1) {
            discovery.exec.resize(1);
            discovery.exec.emplace_back("(arguments)");
        }
    }
    return config::to_toml(config, false);
}

/// GET /metrics of the daemon's own listener.
std::string metrics_at(const net::Endpoint& endpoint) {
    const UniqueFd socket{
        ::socket(endpoint.address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval patience{2, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const sys::SocketAddress to = sys::to_socket_address(endpoint);
    const int connected = ::connect(socket.get(), to.get(), to.size);
    const std::string request =
        "GET /metrics HTTP/1.1\r\nHost: " + endpoint.to_string() + "\r\nConnection: close\r\n\r\n";
    if (connected != 0 || ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        return "nobody answers at " + endpoint.to_string() + "\n";
    }
    std::string text;
    std::array<char, 4096> part{};
    for (ssize_t got = 1; got > 0 && text.size() < kPartMax;) {
        got = ::recv(socket.get(), part.data(), part.size(), 0);
        text.append(part.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return text;
}

/// Public keys, which need not be hidden.
std::set<std::string> public_keys(const Result<api::Status>& status,
                                  const Result<config::Config>& config) {
    std::set<std::string> keys;
    if (status) {
        keys.insert(status->node.public_key);
        for (const api::PeerStatus& peer : status->peers) {
            keys.insert(peer.public_key);
        }
    }
    if (config) {
        for (const config::PeerConfig& peer : config->peers) {
            keys.insert(to_base64(peer.public_key));
        }
    }
    return keys;
}

std::vector<ReportFile> collect(const Context& context, const Result<config::Config>& config) {
    const std::string interface = config ? config->node.interface : config::NodeConfig{}.interface;
    const std::string run = context.paths.run_dir.string();
    std::vector<ReportFile> files{
        {"version.txt",
         "versions, kernel and machine",
         "weft " WEFT_VERSION "\n" +
             outputs_of({"uname -a", "cat /etc/os-release", "uptime", "lscpu", "free -m"})},
        {"status.json", "weft status", answer_to(context, "/v1/status")},
        {"check.json", "weft check", answer_to(context, "/v1/check")},
        {"members.json", "weft node list", answer_to(context, "/v1/members")},
        {"ipam.json", "weft ipam show", answer_to(context, "/v1/ipam")},
        {"gossip.json", "gossip's counters", answer_to(context, "/v1/gossip")},
        {"weft.toml", "the configuration, its programs without arguments", redacted_config(config)},
        {"network.txt",
         "links, addresses, routes and rules",
         outputs_of({"ip -d -s link show dev " + interface,
                     "ip -br address",
                     "ip rule; ip -6 rule",
                     "ip route show table 51840; ip -6 route show table 51840",
                     "ip route; ip -6 route",
                     "ss -lunp",
                     "sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding"})},
        {"nft.txt",
         "weft's nftables",
         outputs_of({"nft list table inet weft", "nft list table arp weft"})},
        {"containers.txt",
         "what container runtimes are told",
         outputs_of({"cat " + run + "/node.json", "ls -l /etc/cni/net.d /usr/lib/cni"})},
        {"log.txt",
         "the daemon's last log lines",
         output_of("journalctl -u weftd -n 1000 --no-pager -o short-iso")}};
    if (config && config->api.metrics) {
        files.push_back({"metrics.txt", "metrics", metrics_at(*config->api.metrics)});
    }
    return files;
}

std::string timestamp(std::int64_t unix_seconds) {
    const auto time = static_cast<std::time_t>(unix_seconds);
    std::tm utc{};
    std::array<char, 24> text{};
    ::gmtime_r(&time, &utc);
    return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

}  // namespace

int write_report(const Context& context, std::string file, bool to_stdout) {
    const Result<config::Config> config = config::load(context.paths);
    const Result<api::Status> status =
        api::parse_status(ask_quietly(context, {"GET", "/v1/status"}).body);
    const std::int64_t now = context.terminal.now_ms / 1000;
    const std::string node = status ? status->node.name : std::string{"node"};
    const std::string directory = "weft-report-" + node + "-" + timestamp(now);
    const std::set<std::string> known = public_keys(status, config);
    std::vector<ReportFile> files = collect(context, config);
    std::string index;
    std::ostream& told = to_stdout ? context.terminal.err : context.terminal.out;
    for (ReportFile& each : files) {
        each.text = redact(each.text, known);
        index += each.name + std::string(16 - std::min<std::size_t>(15, each.name.size()), ' ') +
                 each.about + "\n";
    }
    files.insert(files.begin(), {"index.txt", "what is in it", index});
    const std::string tar = build_tar(directory, files, now);
    file = file.empty() ? directory + ".tar" : file;
    if (to_stdout) {
        context.terminal.out << tar;
    } else if (const Result<> written = write_new(file, tar); !written) {
        return fail(context, written.error());
    }
    told << index
         << (to_stdout ? "" : "written to " + file + " (" + format_bytes(tar.size()) + ")\n")
         << "No keys or tokens are in it; addresses and names are.\n";
    return kOk;
}

}  // namespace weft::cli

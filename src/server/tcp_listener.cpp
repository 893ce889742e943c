// SPDX-License-Identifier: Apache-2.0
// See tcp_listener.hpp. Control thread.
#include "tcp_listener.hpp"

#include <array>
#include <cerrno>
#include <string>

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>

namespace weft::server {
namespace {

constexpr int kTcpBacklog = 64;

using TcpEndpoint = boost::asio::ip::tcp::endpoint;

TcpEndpoint to_tcp(const net::Endpoint& endpoint) {
    const ConstBytes bytes = endpoint.address.bytes();
    if (endpoint.address.is_v4()) {
        boost::asio::ip::address_v4::bytes_type v4{};
        memcpy(v4.data(), bytes.data(), v4.size());
        return {boost::asio::ip::address_v4{v4}, endpoint.port};
    }
    boost::asio::ip::address_v6::bytes_type v6{};
    memcpy(v6.data(), bytes.data(), v6.size());
    return {boost::asio::ip::address_v6{v6}, endpoint.port};
}

void set_option(int fd, int level, int option) {
    const int on = 1;
    static_cast<void>(setsockopt(fd, level, option, &on, sizeof on));
}

/// It may be bound before the interface is up, and hears nothing that comes by another one.
void keep_to_loopback(int fd, bool is_v4) {
    constexpr std::array kLoopback = {'l', 'o', '\0'};
    static_cast<void>(
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, kLoopback.data(), kLoopback.size()));
    if (is_v4) {
        set_option(fd, IPPROTO_IP, IP_FREEBIND);
    } else {
        set_option(fd, IPPROTO_IPV6, IPV6_FREEBIND);
    }
}

Error listening_error(int error, const net::Endpoint& at) {
    const std::string place = at.to_string();
    const std::string port = std::to_string(at.port);
    switch (error) {
        case EADDRINUSE:
            return errno_error(
                error,
                "listen on TCP " + place,
                "another program has the port, which ss -ltnp sport = :" + port +
                    " names: end it, or choose another for api.metrics and restart weftd");
        case EADDRNOTAVAIL:
            return errno_error(error,
                               "listen on TCP " + place,
                               "this machine does not have that address (ip address): correct "
                               "api.metrics and restart weftd");
        case EACCES:
            return errno_error(error,
                               "listen on TCP " + place,
                               "ports below net.ipv4.ip_unprivileged_port_start are not weftd's: "
                               "choose a higher one for api.metrics and restart weftd");
        default:
            return errno_error(error, "listen on TCP " + place);
    }
}

}  // namespace

Result<UniqueFd> listen_tcp(const net::Endpoint& at) {
    const bool is_v4 = at.address.is_v4();
    UniqueFd fd{socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd.valid()) {
        return errno_error(errno, "open a TCP socket");
    }
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR);  // beside what the last one has in TIME_WAIT
    if (at.address.is_loopback()) {
        keep_to_loopback(fd.get(), is_v4);
    }
    TcpEndpoint address = to_tcp(at);
    if (bind(fd.get(), address.data(), static_cast<socklen_t>(address.size())) != 0 ||
        listen(fd.get(), kTcpBacklog) != 0) {
        return listening_error(errno, at);
    }
    return fd;
}

bool is_from_loopback(int fd) {
    TcpEndpoint remote;
    auto size = static_cast<socklen_t>(remote.capacity());
    if (getpeername(fd, remote.data(), &size) != 0) {
        return false;
    }
    remote.resize(size);
    return remote.address().is_loopback();
}

}  // namespace weft::server

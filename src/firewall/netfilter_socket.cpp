// SPDX-License-Identifier: Apache-2.0
// See netfilter_socket.hpp. Kernel: net/netfilter/nfnetlink.c (nfnetlink_rcv_batch). Control
// thread.
#include "netfilter_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include <sys/socket.h>
#include <sys/time.h>

namespace weft::firewall {
namespace {

constexpr std::size_t kReadMax = 64 << 10;
constexpr int kBufferBytes = 4 << 20;  // of a batch with every address of a large provider
constexpr time_t kAnswerTimeoutSeconds = 5;
constexpr int kNetnsCookie = 71;  // SO_NETNS_COOKIE, of Linux 5.14 and later headers than ours

Error netfilter_error(int code, const std::string& doing) {
    switch (code) {
        case EPERM:
            return errno_error(code,
                               doing,
                               "run as root or with CAP_NET_ADMIN; if weftd runs, its table is its "
                               "own: weft down");
        case ENOENT:
        case EOPNOTSUPP:
        case EPROTONOSUPPORT:
            return errno_error(code,
                               doing,
                               "the kernel lacks a part of nf_tables: modprobe -a nf_tables "
                               "nft_fib_inet nft_masq nft_ct");
        default:
            return errno_error(code, doing);
    }
}

Result<> send(int fd, ConstBytes bytes, const std::string& doing) {
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    ssize_t sent = -1;
    do {
        sent = ::sendto(fd,
                        bytes.data(),
                        bytes.size(),
                        0,
                        reinterpret_cast<const sockaddr*>(&kernel),
                        sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? Result<>{netfilter_error(errno, doing)} : Result<>{};
}

Result<> number_of_port(int fd, std::uint32_t& port) {
    sockaddr_nl local{};
    socklen_t size = sizeof local;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size) != 0) {
        return errno_error(errno, "asking for a netlink socket's port");
    }
    port = local.nl_pid;
    return {};
}

template <class T>
std::optional<T> option_of(int fd, int option) {
    T value{};
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? std::optional{value}
                                                                    : std::nullopt;
}

/// The error number of an acknowledgement, positive; 0: done.
int error_of(const nlmsghdr& message) {
    int error = 0;
    if (message.nlmsg_len >= sizeof message + sizeof error) {
        std::memcpy(&error, &message + 1, sizeof error);
    }
    return -error;
}

}  // namespace

Result<UniqueFd> open_netfilter_socket(std::uint32_t& port) {
    const std::string doing = "opening a netfilter socket";
    UniqueFd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)};
    if (!fd.valid()) {
        return netfilter_error(errno, doing);
    }
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        return errno_error(errno, doing);
    }
    if (Result<> asked = number_of_port(fd.get(), port); !asked) {
        return asked.error();
    }
    const timeval timeout{.tv_sec = kAnswerTimeoutSeconds, .tv_usec = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    for (const int option : {SO_SNDBUFFORCE, SO_RCVBUFFORCE}) {  // as far as it is allowed
        ::setsockopt(fd.get(), SOL_SOCKET, option, &kBufferBytes, sizeof kBufferBytes);
    }
    return fd;
}

Result<> adopt_netfilter_socket(int fd, std::uint32_t& port) {
    std::uint32_t port_here = 0;
    const Result<UniqueFd> here = open_netfilter_socket(port_here);
    if (!here) {
        return here.error();
    }
    const bool same_kind = option_of<int>(fd, SO_DOMAIN) == AF_NETLINK &&
                           option_of<int>(fd, SO_PROTOCOL) == NETLINK_NETFILTER;
    const bool same_namespace = option_of<std::uint64_t>(fd, kNetnsCookie) ==
                                option_of<std::uint64_t>(here->get(), kNetnsCookie);
    if (!same_kind || !same_namespace) {
        return errno_error(same_kind ? EXDEV : EPROTOTYPE, "taking back a netfilter socket");
    }
    std::vector<std::byte> buffer(kReadMax);
    while (::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT) >= 0 || errno == EINTR ||
           errno == ENOBUFS) {
    }
    return number_of_port(fd, port);
}

const nlmsghdr* take_message(ConstBytes& rest) {
    if (rest.size() < sizeof(nlmsghdr)) {
        return nullptr;
    }
    const void* const start = rest.data();
    const auto* const message = static_cast<const nlmsghdr*>(start);
    if (message->nlmsg_len < sizeof(nlmsghdr) || message->nlmsg_len > rest.size()) {
        return nullptr;
    }
    rest = rest.subspan(std::min<std::size_t>(NLMSG_ALIGN(message->nlmsg_len), rest.size()));
    return message;
}

Result<> transact(int fd, ConstBytes batch, const std::string& doing) {
    if (Result<> sent = send(fd, batch, doing); !sent) {
        return sent;
    }
    std::vector<std::byte> buffer(kReadMax);
    int first_error = 0;
    bool answered = false;
    for (;;) {
        const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0 && errno != EAGAIN) {
            return errno_error(errno, doing);
        }
        if (size <= 0) {
            break;
        }
        ConstBytes rest = ConstBytes{buffer}.first(static_cast<std::size_t>(size));
        while (const nlmsghdr* const message = take_message(rest)) {
            if (message->nlmsg_type == NLMSG_ERROR) {
                answered = true;
                first_error = first_error != 0 ? first_error : error_of(*message);
            }
        }
    }
    if (!answered) {
        return errno_error(EBADMSG, doing);
    }
    return first_error != 0 ? Result<>{netfilter_error(first_error, doing)} : Result<>{};
}

Result<> dump(int fd,
              ConstBytes request,
              const std::string& doing,
              const std::function<void(const nlmsghdr&)>& take) {
    if (Result<> sent = send(fd, request, doing); !sent) {
        return sent;
    }
    std::vector<std::byte> buffer(kReadMax);
    for (;;) {
        const ssize_t size = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return errno_error(errno == EAGAIN ? ETIMEDOUT : errno, doing);
        }
        ConstBytes rest = ConstBytes{buffer}.first(static_cast<std::size_t>(size));
        while (const nlmsghdr* const message = take_message(rest)) {
            if (message->nlmsg_type == NLMSG_DONE) {
                return {};
            }
            if (message->nlmsg_type == NLMSG_ERROR) {
                const int error = error_of(*message);
                return error == 0 ? Result<>{} : Result<>{netfilter_error(error, doing)};
            }
            take(*message);
        }
    }
}

}  // namespace weft::firewall

// SPDX-License-Identifier: Apache-2.0
// Sends a netlink request and reads until its acknowledgement or the end of its dump (see
// exchange.hpp). Answers to earlier requests, other senders than the kernel and malformed messages
// are told apart here, so that the rest of the room sees clean replies only.
#include "exchange.hpp"

#include <cerrno>
#include <utility>

#include <sys/socket.h>
#include <sys/time.h>

namespace weft::netlink {
namespace {

// The kernel's dumps come in pieces of at most 32 KiB (NLMSG_GOODSIZE and max_recvmsg_len).
constexpr std::size_t kReadMax = 64 << 10;
constexpr int kDumpAttempts = 5;
// The kernel answers before sendto returns; only a kernel bug makes us wait.
constexpr time_t kAnswerTimeoutSeconds = 5;
// A dump larger than this is a full Internet routing table several times over.
constexpr std::size_t kRepliesMax = 8U << 20;

enum class Progress { kMore, kDone, kInterrupted };

Error netlink_error(const Ack& ack, const std::string& doing) {
    const bool permission = ack.error == EPERM;
    Error error = errno_error(
        ack.error, doing, permission ? "run as root or with CAP_NET_ADMIN" : std::string{});
    if (!ack.text.empty()) {
        error.cause += ": " + ack.text;
    }
    return error;
}

/// One datagram from the kernel; empty when somebody else sent it.
Result<ConstBytes> read_datagram(int fd, std::vector<std::byte>& buffer, const std::string& doing) {
    sockaddr_nl sender{};
    iovec part{.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t size = -1;
    do {
        message.msg_name = &sender;
        message.msg_namelen = sizeof sender;
        size = ::recvmsg(fd, &message, 0);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return errno_error(errno == EAGAIN ? ETIMEDOUT : errno, doing + ": reading the answer");
    }
    if ((message.msg_flags & MSG_TRUNC) != 0) {
        return errno_error(EMSGSIZE, doing + ": reading the answer");
    }
    if (sender.nl_pid != 0) {
        return ConstBytes{};
    }
    return ConstBytes{buffer}.first(static_cast<std::size_t>(size));
}

/// What ends an exchange: the acknowledgement, or a dump's last message (whose payload begins with
/// an error number of its own).
Result<Progress> on_end(const MessageView& message, const std::string& doing) {
    if (message.header.nlmsg_type == NLMSG_DONE) {
        const auto status =
            static_cast<int>(read_u32(message.payload.first(message.payload.size() < 4 ? 0 : 4)));
        if (status < -kErrnoMax) {
            return errno_error(EBADMSG, doing);
        }
        if (status < 0) {
            return netlink_error(Ack{-status, {}}, doing);
        }
        return Progress::kDone;
    }
    const std::optional<Ack> ack = parse_ack(message);
    if (!ack) {
        return errno_error(EBADMSG, doing);
    }
    if (ack->error != 0) {
        return netlink_error(*ack, doing);
    }
    return Progress::kDone;
}

/// Sorts the messages of one datagram. An interrupted dump is still read to its end.
Result<Progress> collect(ConstBytes datagram,
                         std::uint32_t sequence,
                         std::vector<Reply>& replies,
                         bool& interrupted,
                         const std::string& doing) {
    while (const std::optional<MessageView> message = next_message(datagram)) {
        if (message->header.nlmsg_seq != sequence) {
            continue;  // the rest of an exchange that failed half-way
        }
        interrupted = interrupted || (message->header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
        switch (message->header.nlmsg_type) {
            case NLMSG_NOOP:
                break;
            case NLMSG_OVERRUN:
                return errno_error(ENOBUFS, doing);
            case NLMSG_ERROR:
            case NLMSG_DONE: {
                Result<Progress> end = on_end(*message, doing);
                return end && interrupted ? Result<Progress>{Progress::kInterrupted} : end;
            }
            default:
                if (replies.size() == kRepliesMax) {
                    return errno_error(EMSGSIZE, doing + ": the kernel's answer does not end");
                }
                replies.push_back({message->header.nlmsg_type,
                                   {message->payload.begin(), message->payload.end()}});
                break;
        }
    }
    return Progress::kMore;
}

Result<Progress> attempt(const Channel& channel,
                         MessageBuilder& request,
                         std::vector<Reply>& replies,
                         const std::string& doing) {
    const std::uint32_t sequence = ++channel.sequence;
    const ConstBytes bytes = request.finish(sequence);
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    ssize_t sent = -1;
    do {
        sent = ::sendto(channel.fd,
                        bytes.data(),
                        bytes.size(),
                        0,
                        reinterpret_cast<const sockaddr*>(&kernel),
                        sizeof kernel);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) {
        return errno_error(errno, doing);
    }
    std::vector<std::byte> buffer(kReadMax);
    bool interrupted = false;
    for (;;) {
        const Result<ConstBytes> datagram = read_datagram(channel.fd, buffer, doing);
        if (!datagram) {
            return datagram.error();
        }
        Result<Progress> progress = collect(*datagram, sequence, replies, interrupted, doing);
        if (!progress || *progress != Progress::kMore) {
            return progress;
        }
    }
}

}  // namespace

Result<UniqueFd> open_route_socket() {
    UniqueFd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (!fd.valid()) {
        return errno_error(errno, "opening an rtnetlink socket");
    }
    sockaddr_nl local{};
    local.nl_family = AF_NETLINK;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0) {
        return errno_error(errno, "binding an rtnetlink socket");
    }
    const timeval timeout{.tv_sec = kAnswerTimeoutSeconds, .tv_usec = 0};
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) {
        return errno_error(errno, "setting the time-out of an rtnetlink socket");
    }
    // Niceties of newer kernels (4.12, 4.20): explanations, short acknowledgements, and dumps
    // filtered by the kernel. All replies are read as if none of them were there.
    const int on = 1;
    for (const int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK}) {
        static_cast<void>(::setsockopt(fd.get(), SOL_NETLINK, option, &on, sizeof on));
    }
    return fd;
}

Result<std::vector<Reply>> exchange(const Channel& channel,
                                    MessageBuilder& request,
                                    const std::string& doing) {
    if (request.overflowed()) {
        return errno_error(EMSGSIZE, doing);
    }
    for (int i = 0; i < kDumpAttempts; ++i) {
        std::vector<Reply> replies;
        const Result<Progress> progress = attempt(channel, request, replies, doing);
        if (!progress) {
            return progress.error();
        }
        if (*progress == Progress::kDone) {
            return replies;
        }
    }
    return errno_error(EAGAIN, doing + ": the tables kept changing while they were read");
}

}  // namespace weft::netlink

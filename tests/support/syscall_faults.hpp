// SPDX-License-Identifier: Apache-2.0
// System calls that fail when a test wants it: read, writev, sendmsg and recvmsg of this program,
// in the place of libc's. Included by one file of a test binary. The calls go straight to the
// kernel (sanitizers do not see them).
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <functional>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace weft::test {

enum class Call { kRead, kWritev, kSendmsg, kRecvmsg };

/// A call that is about to be made.
struct Attempt {
    Call call;
    int fd;
    std::size_t parts = 0;  // of the vector
    std::size_t bytes = 0;
    bool segmented = false;    // sendmsg: asks for GSO
    bool from_source = false;  // sendmsg: asks for a source address
};

/// The errno that it shall fail with, or 0. Called on any thread.
using Fault = std::function<int(const Attempt&)>;

inline std::atomic<const Fault*> current_fault{nullptr};

/// Calls fail as `fault` says until this dies. No other thread may be in a call then.
class FaultScope {
  public:
    explicit FaultScope(Fault fault) : fault_(std::move(fault)) { current_fault = &fault_; }
    FaultScope(const FaultScope&) = delete;
    FaultScope& operator=(const FaultScope&) = delete;
    ~FaultScope() { current_fault = nullptr; }

  private:
    Fault fault_;
};

inline bool should_fail(const Attempt& attempt) {
    const Fault* fault = current_fault.load();
    const int error = fault != nullptr ? (*fault)(attempt) : 0;
    if (error != 0) {
        errno = error;
    }
    return error != 0;
}

inline Attempt attempt_of(Call call, int fd, const iovec* parts, std::size_t count) {
    Attempt attempt{.call = call, .fd = fd, .parts = count};
    for (std::size_t i = 0; i < count; ++i) {
        attempt.bytes += parts[i].iov_len;
    }
    return attempt;
}

inline Attempt attempt_of(int fd, const msghdr* message) {
    Attempt attempt = attempt_of(Call::kSendmsg, fd, message->msg_iov, message->msg_iovlen);
    auto* writable = const_cast<msghdr*>(message);  // CMSG_NXTHDR has no const form
    for (cmsghdr* at = CMSG_FIRSTHDR(message); at != nullptr; at = CMSG_NXTHDR(writable, at)) {
        attempt.segmented |= at->cmsg_level == IPPROTO_UDP && at->cmsg_type == UDP_SEGMENT;
        attempt.from_source |= at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO;
        attempt.from_source |= at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO;
    }
    return attempt;
}

}  // namespace weft::test

extern "C" {

ssize_t read(int fd, void* buffer, size_t size) {
    using weft::test::Call;
    if (weft::test::should_fail({.call = Call::kRead, .fd = fd, .parts = 1, .bytes = size})) {
        return -1;
    }
    return ::syscall(SYS_read, fd, buffer, size);
}

ssize_t writev(int fd, const iovec* parts, int count) {
    using weft::test::Call;
    const auto n = static_cast<std::size_t>(count);
    if (weft::test::should_fail(weft::test::attempt_of(Call::kWritev, fd, parts, n))) {
        return -1;
    }
    return ::syscall(SYS_writev, fd, parts, count);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
    if (weft::test::should_fail(weft::test::attempt_of(fd, message))) {
        return -1;
    }
    return ::syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
    using weft::test::Call;
    if (weft::test::should_fail({.call = Call::kRecvmsg, .fd = fd})) {
        return -1;
    }
    return ::syscall(SYS_recvmsg, fd, message, flags);
}

}  // extern "C"

// SPDX-License-Identifier: Apache-2.0
// A network namespace of this test's own, with its loopback up: what the test makes there goes when
// it ends, and the machine's interfaces never see it. The calling thread is inside until the object
// dies. namespaces(7), network_namespaces(7).
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <weft/base/unique_fd.hpp>

namespace weft::test {

class PrivateNetns {
  public:
    PrivateNetns() : before_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
        if (!before_.valid() || ::unshare(CLONE_NEWNET) != 0) {
            reason_ =
                std::string{"no private network namespace (root needed): "} + std::strerror(errno);
            return;
        }
        inside_ = true;
        bring_up("lo");
    }
    PrivateNetns(const PrivateNetns&) = delete;
    PrivateNetns& operator=(const PrivateNetns&) = delete;
    ~PrivateNetns() {
        if (inside_ && ::setns(before_.get(), CLONE_NEWNET) != 0) {
            std::abort();  // the tests that follow would run in the wrong namespace
        }
    }

    [[nodiscard]] bool inside() const { return inside_; }
    [[nodiscard]] const std::string& reason() const { return reason_; }

    static bool bring_up(const char* name) {
        const UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
        ifreq request{};
        std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        if (::ioctl(fd.get(), SIOCGIFFLAGS, &request) != 0) {
            return false;
        }
        request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
        return ::ioctl(fd.get(), SIOCSIFFLAGS, &request) == 0;
    }

  private:
    UniqueFd before_;
    bool inside_ = false;
    std::string reason_;
};

}  // namespace weft::test

/// First line of a test that needs one.
#define WEFT_ENTER_PRIVATE_NETNS()          \
    const ::weft::test::PrivateNetns netns; \
    if (!netns.inside()) {                  \
        GTEST_SKIP() << netns.reason();     \
    }                                       \
    static_assert(true)

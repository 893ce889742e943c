// SPDX-License-Identifier: Apache-2.0
// See namespace.hpp.
#include "namespace.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weft/base/bytes.hpp>
#include <weft/base/read_to_end.hpp>

namespace weft::cni {
namespace {

constexpr const char* kOwn = "/proc/self/ns/net";

bool is_own(const struct stat& about) {
    struct stat own {};
    return ::stat(kOwn, &own) == 0 && own.st_dev == about.st_dev && own.st_ino == about.st_ino;
}

}  // namespace

Outcome<Netns> Netns::open(const std::string& path) {
    UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat about {};
    if (!fd.valid() || ::fstat(fd.get(), &about) != 0) {
        return failure_of(Code::kUnknownContainer, errno_error(errno, "network namespace " + path));
    }
    if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET) {
        // What was mounted there is gone, and the path is what it was mounted on.
        return Failure{Code::kUnknownContainer, path + " is no network namespace (any more)"};
    }
    if (is_own(about)) {
        return Failure{Code::kHostNamespace,
                       "CNI_NETNS is the namespace that weft-cni was started in: " + path,
                       "a container that shares the host's network needs no CNI"};
    }
    return Netns{std::move(fd)};
}

Netns::Inside::Inside(const Netns& netns)
    : host_(::open(kOwn, O_RDONLY | O_CLOEXEC)),
      entered_(host_.valid() && ::setns(netns.fd(), CLONE_NEWNET) == 0) {}

Netns::Inside::~Inside() {
    if (entered_ && ::setns(host_.get(), CLONE_NEWNET) != 0) {
        std::abort();  // what followed would be done to the wrong namespace
    }
}

void try_sysctl(const std::string& name, const char* value) {
    const UniqueFd fd{::open(("/proc/sys/net/" + name).c_str(), O_WRONLY | O_CLOEXEC)};
    if (fd.valid()) {
        const ConstBytes bytes = bytes_of(value);
        const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
        static_cast<void>(written);
    }
}

std::string read_sysctl(const std::string& name) {
    constexpr std::size_t kValueMax = 256;
    const UniqueFd fd{::open(("/proc/sys/net/" + name).c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd.valid()) {
        return {};
    }
    const Result<std::string> text = read_to_end(fd, kValueMax, name);
    return text ? text->substr(0, text->find('\n')) : std::string{};
}

}  // namespace weft::cni

// SPDX-License-Identifier: Apache-2.0
// capset(2) and prctl(2): the C library has no words for them. Control thread, at start.
#include <cerrno>

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <weft/base/error.hpp>
#include <weft/control/privileges.hpp>

namespace weft::control {
namespace {

constexpr std::uint32_t kNetAdmin = 1U << CAP_NET_ADMIN;
// `weft ping`, where net.ipv4.ping_group_range does not let everyone send echoes.
constexpr std::uint32_t kNetRaw = 1U << CAP_NET_RAW;
// To become another user in a child, and to end that child.
constexpr std::uint32_t kToRunPrograms = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_KILL;

/// What programs that are started could have at most. Needs CAP_SETPCAP: without it there is
/// nothing that they could gain, once no_new_privs is set.
void shrink_bounding_set() {
    for (unsigned long capability = 0;; ++capability) {
        const int has = prctl(PR_CAPBSET_READ, capability, 0, 0, 0);
        if (has < 0) {
            return;  // the kernel knows no more of them
        }
        if (has == 1 && capability != CAP_NET_ADMIN) {
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
    }
}

}  // namespace

Result<> keep_only_needed(bool runs_programs) {
    const std::uint32_t needed =
        kNetAdmin | kNetRaw | (runs_programs && geteuid() == 0 ? kToRunPrograms : 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return errno_error(errno, "set no_new_privs");
    }
    shrink_bounding_set();
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    if (syscall(SYS_capget, &header, sets) != 0) {
        return errno_error(errno, "read this process' capabilities");
    }
    const std::uint32_t held = sets[0].permitted | sets[0].inheritable;
    if (held == (held & needed) && (sets[1].permitted | sets[1].inheritable) == 0) {
        return {};  // a unit's system call filter may forbid to give up what is not there
    }
    const std::uint32_t kept = sets[0].permitted & needed;
    sets[0] = {kept, kept, sets[0].inheritable & kNetAdmin};
    sets[1] = {};
    if (syscall(SYS_capset, &header, sets) != 0) {
        return errno_error(errno, "give up capabilities");
    }
    return {};
}

}  // namespace weft::control

// SPDX-License-Identifier: Apache-2.0
// See child.hpp. What is needed after the fork is prepared before it.
#include "child.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::discovery {
namespace {

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr std::array<const char*, 7> kPassedOn{
    "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "TZ"};
constexpr int kFirstInherited = 3;
constexpr int kNotExecuted = 127;
constexpr std::size_t kUserBuffer = 16384;  // sysconf(_SC_GETPW_R_SIZE_MAX) is a hint of 1024
constexpr std::chrono::seconds kDies{2};  // who is killed, unless the kernel is stuck in its behalf
constexpr std::chrono::milliseconds kLookAgain{5};

struct User {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// Whom to become: nobody where we are not root, or there is no such user. Errors: where users are
/// looked up could not be asked, so that there may be one.
Result<std::optional<User>> user_to_become(const std::string& name) {
    if (::geteuid() != 0) {
        return std::optional<User>{};
    }
    std::array<char, kUserBuffer> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    int error = ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) {
        return std::optional{User{entry.pw_uid, entry.pw_gid}};
    }
    // Where several services are asked, the last one's "no" counts, although the first could not
    // open its file for want of descriptors.
    const UniqueFd users{::open("/etc/passwd", O_RDONLY | O_CLOEXEC)};
    error = error == 0 && !users.valid() ? errno : error;
    if (error != 0 && error != ENOENT && error != ESRCH) {
        return errno_error(error, "look up the user " + name, "getent passwd " + name);
    }
    return std::optional<User>{};
}

/// Without CAP_KILL we could not end what we let become another user.
bool may_become() {
    constexpr std::uint32_t kNeeded = 1U << CAP_SETUID | 1U << CAP_SETGID | 1U << CAP_KILL;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    return ::syscall(SYS_capget, &header, sets.data()) == 0 &&
           (sets[0].effective & kNeeded) == kNeeded;
}

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Result<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return errno_error(errno, "pipe");
    }
    return Pipe{UniqueFd{ends[0]}, UniqueFd{ends[1]}};
}

/// All that the child's few lines need; pointers into `texts`.
struct Prepared {
    std::vector<std::string> texts;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::optional<User> user;
    int input = -1;
    int output = -1;
    int errors = -1;
    int failure = -1;
    pid_t parent = 0;
};

void prepare_texts(const Command& command, Prepared& out) {
    out.texts = command.arguments;
    out.texts.emplace_back(kPath);
    out.texts.emplace_back("LANG=C.UTF-8");
    out.texts.emplace_back("HOME=/nonexistent");
    for (const char* name : kPassedOn) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): the daemon never sets any
        if (const char* value = ::getenv(name); value != nullptr) {
            out.texts.push_back(std::string{name} + "=" + value);
        }
    }
    for (std::size_t i = 0; i < out.texts.size(); ++i) {
        (i < command.arguments.size() ? out.argv : out.envp).push_back(out.texts[i].data());
    }
    out.argv.push_back(nullptr);
    out.envp.push_back(nullptr);
}

bool become(const User& user) {
    return ::setgroups(0, nullptr) == 0 && ::setresgid(user.gid, user.gid, user.gid) == 0 &&
           ::setresuid(user.uid, user.uid, user.uid) == 0;
}

/// With no_new_privs exec gives nothing back, to root neither. A service manager's filter may
/// forbid the call; who is not root then loses them by exec, since none are ambient.
bool give_up_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    return ::syscall(SYS_capset, &header, none.data()) == 0 || ::geteuid() != 0;
}

/// In the child: system calls only. Descriptors without O_CLOEXEC, should there be any, get it;
/// where the kernel cannot do that (before 5.11), there are none of ours.
bool enter(const Prepared& prepared) {
    sigset_t none{};
    sigemptyset(&none);
    std::signal(SIGPIPE, SIG_DFL);  // ignored ones stay so through exec
    std::signal(SIGCHLD, SIG_DFL);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    const bool redirected = ::dup2(prepared.input, STDIN_FILENO) >= 0 &&
                            ::dup2(prepared.output, STDOUT_FILENO) >= 0 &&
                            ::dup2(prepared.errors, STDERR_FILENO) >= 0;
    ::close_range(kFirstInherited, ~0U, CLOSE_RANGE_CLOEXEC);
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (!redirected || ::chdir("/") != 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        (prepared.user && !become(*prepared.user)) || !give_up_capabilities()) {
        return false;
    }
    // A daemon that is killed leaves nobody behind; after the change of user, which resets it.
    return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && ::getppid() == prepared.parent;
}

[[noreturn]] void run_child(const Prepared& prepared) {
    ::setsid();  // a session's leader cannot leave its group
    if (enter(prepared)) {
        ::execve(prepared.argv[0], prepared.argv.data(), prepared.envp.data());
    }
    const int error = errno;
    [[maybe_unused]] const auto told = ::write(prepared.failure, &error, sizeof error);
    ::_exit(kNotExecuted);
}

/// Until the program runs, which closes the pipe `failure`, or it is known why it does not.
Result<> wait_for_exec(int failure, const Command& command, int stop, Time until) {
    for (;;) {
        const Duration left = until - BootClock::now();
        if (left <= Duration::zero()) {
            return Error{std::make_error_code(std::errc::timed_out),
                         command.arguments[0] + " could not be started within its limit",
                         "is the file system that it is on there?"};
        }
        std::array<pollfd, 2> fds{{{failure, POLLIN, 0}, {stop, POLLIN, 0}}};
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(left);
        if (::poll(fds.data(), fds.size(), static_cast<int>(wait.count())) <= 0) {
            continue;
        }
        if ((fds[1].revents & POLLIN) != 0) {
            return Error{std::make_error_code(std::errc::operation_canceled),
                         command.arguments[0] + " was ended",
                         ""};
        }
        int error = 0;
        const ssize_t got = ::read(failure, &error, sizeof error);
        if (got == static_cast<ssize_t>(sizeof error)) {
            return errno_error(error,
                               command.arguments[0],
                               "install it, or correct discovery.exec, then weft reload");
        }
        if (got >= 0 || errno != EINTR) {
            return {};
        }
    }
}

}  // namespace

RunAs programs_run_as() {
    if (::geteuid() != 0) {
        return RunAs::kDaemonsUser;
    }
    const auto user = user_to_become(kDiscoverUser);
    return user && !*user ? RunAs::kRoot : RunAs::kItsUser;
}

Result<Child> Child::start(const Command& command, int stop, Time until) {
    auto output = make_pipe();
    auto errors = make_pipe();
    auto failure = make_pipe();
    const UniqueFd nothing{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
    for (const auto* pipe : {&output, &errors, &failure}) {
        if (!*pipe) {
            return pipe->error();
        }
    }
    if (!nothing.valid()) {
        return errno_error(errno, "/dev/null");
    }
    Prepared prepared;
    prepare_texts(command, prepared);
    const auto user = user_to_become(command.user);
    if (!user) {
        return user.error();
    }
    prepared.user = *user;
    if (prepared.user && !may_become()) {
        return Error{std::make_error_code(std::errc::operation_not_permitted),
                     "weftd is root and may not run programs as " + command.user,
                     "restart weftd: it keeps CAP_SETUID, CAP_SETGID and CAP_KILL where its "
                     "configuration has a discovery.exec as it starts"};
    }
    prepared.input = nothing.get();
    prepared.output = output->write.get();
    prepared.errors = errors->write.get();
    prepared.failure = failure->write.get();
    prepared.parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
        return errno_error(errno, "fork");
    }
    if (pid == 0) {
        run_child(prepared);
    }
    Child child{pid, std::move(output->read), std::move(errors->read)};
    output->write.reset();
    errors->write.reset();
    failure->write.reset();
    ::fcntl(child.output(), F_SETFL, O_NONBLOCK);
    ::fcntl(child.errors(), F_SETFL, O_NONBLOCK);
    if (Result<> runs = wait_for_exec(failure->read.get(), command, stop, until); !runs) {
        return runs.error();
    }
    return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

Child::~Child() {
    if (pid_ > 0) {
        static_cast<void>(finish());
    }
}

/// It stays a zombie, so that its number, the group's, is nobody else's.
bool Child::ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == pid_;
}

Result<int> Child::finish() {
    const pid_t pid = std::exchange(pid_, -1);
    ::kill(-pid, SIGKILL);
    ::kill(pid, SIGKILL);  // before it has a group of its own
    const Time until = BootClock::now() + kDies;
    for (;;) {
        int status = 0;
        const pid_t got = ::waitpid(pid, &status, WNOHANG);
        if (got == pid) {
            return status;
        }
        if (got < 0 && errno != EINTR) {
            return errno_error(errno, "wait for a program of discovery");
        }
        if (BootClock::now() >= until) {
            return Error{std::make_error_code(std::errc::timed_out),
                         "process " + std::to_string(pid) + " was killed and does not end",
                         ""};
        }
        std::this_thread::sleep_for(kLookAgain);
    }
}

}  // namespace weft::discovery

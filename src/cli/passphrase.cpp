// SPDX-License-Identifier: Apache-2.0
// See passphrase.hpp. As readpassphrase(3) does it; libbsd is no part of a small system.
#include "passphrase.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <weft/base/read_to_end.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/identity/root_backup.hpp>

namespace weft::cli {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

volatile std::sig_atomic_t caught = 0;  // NOLINT: what a handler may write

/// Signals wait while this lives, but for whoever polls with before(); one that came then is
/// raised when it dies.
class SignalsHeld {
  public:
    SignalsHeld() {
        caught = 0;
        sigset_t held;
        sigemptyset(&held);
        struct sigaction note {};
        note.sa_handler = [](int signal) { caught = signal; };
        for (std::size_t i = 0; i < kSignals.size(); ++i) {
            sigaddset(&held, kSignals[i]);
            ::sigaction(kSignals[i], &note, &actions_[i]);
        }
        ::pthread_sigmask(SIG_BLOCK, &held, &before_);
    }
    SignalsHeld(const SignalsHeld&) = delete;
    SignalsHeld& operator=(const SignalsHeld&) = delete;
    ~SignalsHeld() {
        for (std::size_t i = 0; i < kSignals.size(); ++i) {
            ::sigaction(kSignals[i], &actions_[i], nullptr);
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
        if (caught != 0) {
            static_cast<void>(::raise(caught));
        }
    }
    [[nodiscard]] const sigset_t& before() const { return before_; }

  private:
    sigset_t before_{};
    std::array<struct sigaction, kSignals.size()> actions_{};
};

/// The terminal does not show what is typed while this lives.
class EchoOff {
  public:
    explicit EchoOff(int terminal) : terminal_(terminal) {
        if (::tcgetattr(terminal_, &before_) == 0) {
            termios quiet = before_;
            quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
            works_ = ::tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
        }
    }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;
    ~EchoOff() {
        if (works_) {
            ::tcsetattr(terminal_, TCSAFLUSH, &before_);
        }
    }
    [[nodiscard]] bool works() const { return works_; }

  private:
    int terminal_;
    termios before_{};
    bool works_ = false;
};

Result<> show(const UniqueFd& terminal, std::string_view text) {
    const ssize_t size = ::write(terminal.get(), text.data(), text.size());
    return size < 0 ? Result<>{errno_error(errno, "ask for the passphrase")} : Result<>{};
}

Result<std::string> read_line(const UniqueFd& terminal, const sigset_t& mask) {
    std::string line;
    for (;;) {
        pollfd poll{terminal.get(), POLLIN, 0};
        if (::ppoll(&poll, 1, nullptr, &mask) < 0) {
            if (caught != 0 || errno != EINTR) {
                return errno_error(errno, "wait for the passphrase");
            }
            continue;
        }
        char c = 0;
        const ssize_t size = ::read(terminal.get(), &c, 1);
        if (size < 0) {
            return errno_error(errno, "read the passphrase");
        }
        if (size == 0 || c == '\n') {
            return line;
        }
        if (line.size() == kPassphraseMax) {
            return invalid("the passphrase is longer than " + std::to_string(kPassphraseMax) +
                           " bytes");
        }
        line += c;
    }
}

Result<std::string> prompt(const UniqueFd& terminal, std::string_view what) {
    const SignalsHeld held;  // dies after the next: a signal finds the terminal as it was
    const EchoOff quiet{terminal.get()};
    if (!quiet.works()) {
        return errno_error(errno, "hide what is typed");
    }
    if (const Result<> shown = show(terminal, what); !shown) {
        return shown.error();
    }
    Result<std::string> line = read_line(terminal, held.before());
    if (const Result<> shown = show(terminal, "\n"); !shown) {
        return shown.error();
    }
    return line;
}

Result<> check_length(const std::string& passphrase) {
    if (passphrase.size() >= identity::kPassphraseMin) {
        return {};
    }
    return invalid(
        "the passphrase has fewer than " + std::to_string(identity::kPassphraseMin) + " characters",
        "a few words are easy to keep");
}

Result<std::string> read_passphrase_file(const std::string& path) {
    const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!file.valid()) {
        return errno_error(errno, "open " + path);
    }
    auto text = read_to_end(file, kPassphraseMax, path);
    if (!text) {
        return text.error();
    }
    std::string line = *text;
    for (const char end : {'\n', '\r'}) {
        if (line.ends_with(end)) {
            line.pop_back();
        }
    }
    if (line.empty() || line.find('\n') != std::string::npos) {
        return invalid(path + (line.empty() ? " is empty" : " has more than one line"),
                       "a passphrase is one line");
    }
    return line;
}

}  // namespace

Result<std::string> ask_passphrase(const std::string& path, Prompts prompts) {
    const UniqueFd terminal{::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOCTTY)};
    if (!terminal.valid()) {
        return errno_error(errno, "open " + path);
    }
    Result<std::string> first = prompt(terminal, "passphrase: ");
    if (!first) {
        return first;
    }
    if (first->empty()) {
        return invalid("no passphrase was typed");
    }
    if (prompts == Prompts::kOnce) {
        return first;
    }
    if (Result<> checked = check_length(*first); !checked) {
        return checked.error();
    }
    Result<std::string> second = prompt(terminal, "again: ");
    if (!second) {
        return second;
    }
    if (*first != *second) {
        return invalid("the two passphrases differ", "the same command again");
    }
    return first;
}

Result<std::string> find_passphrase(const std::string& file, Prompts prompts) {
    if (!file.empty()) {
        return read_passphrase_file(file);
    }
    const char* set = std::getenv("WEFT_PASSPHRASE");  // NOLINT(concurrency-mt-unsafe): one thread
    if (set != nullptr && *set != '\0') {
        return std::string{set};
    }
    constexpr const char* kTerminal = "/dev/tty";
    Result<std::string> typed = ask_passphrase(kTerminal, prompts);
    if (!typed && typed.error().code == std::errc::no_such_device_or_address) {
        return invalid("no passphrase: there is no terminal to ask on",
                       "--passphrase-file FILE, or WEFT_PASSPHRASE in the environment");
    }
    return typed;
}

}  // namespace weft::cli

// SPDX-License-Identifier: Apache-2.0
// Runs a program to its end or to its limit. The caller's thread, which blocks meanwhile.
#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <weft/base/clock.hpp>
#include <weft/base/utf8.hpp>
#include <weft/discovery/command.hpp>

#include "child.hpp"

namespace weft::discovery {
namespace {

constexpr std::chrono::milliseconds kLook{50};  // how often it is looked whether it has ended
constexpr std::size_t kErrorsMax = 4096;        // bytes of stderr that are kept: the last ones
constexpr std::size_t kLineMax = 300;           // of its last line, in an error
constexpr std::size_t kChunk = std::size_t{64} << 10;
constexpr int kChunksAtOnce =
    16;  // what the largest pipe holds; who writes faster is seen to later

/// What can be read without waiting; false at the end of the file.
template <class Take>
bool drain(int fd, const Take& take) {
    std::array<char, kChunk> chunk{};
    for (int i = 0; i < kChunksAtOnce; ++i) {
        const ssize_t got = ::read(fd, chunk.data(), chunk.size());
        if (got > 0) {
            take(std::string_view{chunk.data(), static_cast<std::size_t>(got)});
        } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
            return false;
        } else if (errno == EAGAIN) {
            return true;
        }
    }
    return true;
}

/// The last line that says something, printable.
std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
        text.remove_suffix(1);
    }
    const std::size_t newline = text.rfind('\n');
    std::string line =
        utf8_excerpt(newline == std::string_view::npos ? text : text.substr(newline + 1), kLineMax);
    std::replace_if(
        line.begin(),
        line.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; },
        '?');
    return line;
}

class Run {
  public:
    Run(const Command& command, Child child, Time until)
        : command_(command), child_(std::move(child)), until_(until) {}

    Result<std::string> to_its_end(int stop);

  private:
    void take_output(std::string_view text) {
        // One more than allowed tells that it is too much.
        const std::size_t room = command_.output_max + 1 - output_.size();
        output_ += text.substr(0, room);
    }
    void take_errors(std::string_view text) {
        errors_ += text;
        errors_.erase(0, errors_.size() - std::min(errors_.size(), kErrorsMax));
    }
    void read_pipes();
    [[nodiscard]] Error failed(std::errc code, const std::string& how) const;

    const Command& command_;
    Child child_;
    Time until_;
    std::string output_;
    std::string errors_;
    bool output_open_ = true;
    bool errors_open_ = true;
};

Error Run::failed(std::errc code, const std::string& how) const {
    const std::string line = last_line(errors_);
    return Error{std::make_error_code(code),
                 command_.arguments[0] + " " + how + (line.empty() ? "" : ": " + line),
                 ""};
}

void Run::read_pipes() {
    output_open_ = output_open_ && drain(child_.output(), [this](auto text) { take_output(text); });
    errors_open_ = errors_open_ && drain(child_.errors(), [this](auto text) { take_errors(text); });
}

Result<std::string> Run::to_its_end(int stop) {
    bool ended = false;
    while (!ended) {
        const Duration left = until_ - BootClock::now();
        if (left <= Duration::zero()) {
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(command_.limit);
            return failed(std::errc::timed_out,
                          "did not end within " + std::to_string(seconds.count()) + " s");
        }
        // Poll passes over negative descriptors.
        std::array<pollfd, 3> fds{{{output_open_ ? child_.output() : -1, POLLIN, 0},
                                   {errors_open_ ? child_.errors() : -1, POLLIN, 0},
                                   {stop, POLLIN, 0}}};
        const auto wait =
            std::chrono::ceil<std::chrono::milliseconds>(std::min<Duration>(left, kLook));
        ::poll(fds.data(), fds.size(), static_cast<int>(wait.count()));
        if ((fds[2].revents & POLLIN) != 0) {
            return failed(std::errc::operation_canceled, "was ended");
        }
        ended = child_.ended();  // before reading: what it wrote is then all there
        read_pipes();
        if (output_.size() > command_.output_max) {
            return failed(std::errc::file_too_large,
                          "printed more than " + std::to_string(command_.output_max) + " bytes");
        }
    }
    const Result<int> status = child_.finish();
    if (!status) {
        return status.error();
    }
    if (WIFSIGNALED(*status)) {
        return failed(std::errc::io_error,
                      "was killed by signal " + std::to_string(WTERMSIG(*status)));
    }
    if (WEXITSTATUS(*status) != 0) {
        return failed(std::errc::io_error,
                      "failed with exit code " + std::to_string(WEXITSTATUS(*status)));
    }
    return std::move(output_);
}

}  // namespace

Result<std::string> run(const Command& command, int stop) {
    const Time until = BootClock::now() + command.limit;
    Result<Child> child = Child::start(command, stop, until);
    if (!child) {
        return child.error();
    }
    return Run{command, std::move(*child), until}.to_its_end(stop);
}

}  // namespace weft::discovery

// SPDX-License-Identifier: Apache-2.0
// One child process with pipes for what it writes, in a session of its own. By fork and not
// by posix_spawn, which can neither change the user nor take capabilities away; between fork and
// exec there are system calls only. Its owner's thread.
#pragma once

#include <string>

#include <sys/types.h>

#include <weft/base/clock.hpp>
#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>
#include <weft/discovery/command.hpp>

namespace weft::discovery {

class Child {
  public:
    /// Runs when it returns. Errors: no such program, not executable, no processes to be had,
    /// timed_out at `until`, operation_canceled once the descriptor `stop` is readable.
    static Result<Child> start(const Command& command, int stop, Time until);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    /// Kills the group, if nobody has.
    ~Child();

    /// Not blocking.
    [[nodiscard]] int output() const { return output_.get(); }
    [[nodiscard]] int errors() const { return errors_.get(); }

    /// Has the program itself ended? Others of its group may still run.
    [[nodiscard]] bool ended() const;
    /// Kills the group and returns the program's wait status. Once. Errors: it does not die within
    /// a moment, or nobody knows how it ended.
    [[nodiscard]] Result<int> finish();

  private:
    Child(pid_t pid, UniqueFd output, UniqueFd errors)
        : pid_(pid), output_(std::move(output)), errors_(std::move(errors)) {}

    pid_t pid_ = -1;  // -1: reaped
    UniqueFd output_;
    UniqueFd errors_;
};

}  // namespace weft::discovery

// SPDX-License-Identifier: Apache-2.0
// The container's network namespace: opened by its path, entered for a while by this process's only
// thread. namespaces(7), setns(2), ioctl_ns(2).
#pragma once

#include <string>

#include <weft/base/unique_fd.hpp>

#include "failure.hpp"

namespace weft::cni {

class Netns {
  public:
    /// Errors: not there (3), no network namespace (4), the host's own (8).
    static Outcome<Netns> open(const std::string& path);

    [[nodiscard]] int fd() const { return fd_.get(); }

    /// Inside until the object dies.
    class Inside {
      public:
        explicit Inside(const Netns& netns);
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;
        ~Inside();
        [[nodiscard]] bool entered() const { return entered_; }

      private:
        UniqueFd host_;
        bool entered_ = false;
    };

  private:
    explicit Netns(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

/// Of the namespace this thread is in: /proc/sys/net/NAME. An error is not told: what depends on
/// the setting fails by itself, or is looked at by somebody else.
void try_sysctl(const std::string& name, const char* value);
/// "" where it cannot be read.
[[nodiscard]] std::string read_sysctl(const std::string& name);

}  // namespace weft::cni

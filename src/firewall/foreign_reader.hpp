// SPDX-License-Identifier: Apache-2.0
// Everybody's base chains and rules, by two dumps. Control thread; blocking.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <weft/base/result.hpp>
#include <weft/base/unique_fd.hpp>

#include "foreign_walk.hpp"

namespace weft::firewall {

struct BaseChain {
    ChainName name;
    std::uint32_t hook = 0;
    std::int32_t priority = 0;
    bool drops = false;  // its policy
};

class ForeignReader {
  public:
    static Result<ForeignReader> open();

    /// In the kernel's order at each hook.
    [[nodiscard]] Result<std::vector<BaseChain>> base_chains();
    [[nodiscard]] Result<Rules> rules();
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    explicit ForeignReader(UniqueFd fd) : fd_(std::move(fd)) {}
    Result<> ask(std::uint16_t type, const std::function<void(const nlmsghdr&)>& take);

    UniqueFd fd_;
    std::uint32_t sequence_ = 0;
};

/// A base chain that is not weft's, and how the packet ends in it.
struct Dropping {
    BaseChain base;
    Outcome outcome;  // kContinue: its policy
};

/// What nftables has, with which it can be asked about several packets.
class ForeignChains {
  public:
    static Result<ForeignChains> read();
    /// Those that drop the packet, in the order in which it comes to them.
    [[nodiscard]] std::vector<Dropping> dropping(const Probe& probe) const;
    [[nodiscard]] const Rules& rules() const { return rules_; }

  private:
    ForeignChains(ForeignReader reader, std::vector<BaseChain> chains, Rules rules)
        : reader_(std::move(reader)), chains_(std::move(chains)), rules_(std::move(rules)) {}

    ForeignReader reader_;  // for the elements of sets
    std::vector<BaseChain> chains_;
    Rules rules_;
};

}  // namespace weft::firewall

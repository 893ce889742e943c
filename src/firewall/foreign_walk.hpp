// SPDX-License-Identifier: Apache-2.0
// One packet's walk through a chain of somebody's rules: the kernel's little machine of registers
// and expressions, as far as it can be told what it computes. Asks the kernel for sets.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <libnftnl/expr.h>

#include <weft/base/bytes.hpp>
#include <weft/firewall/foreign.hpp>

#include "build.hpp"
#include "rule_reading.hpp"

namespace weft::firewall {

using Rules = std::map<ChainName, std::vector<RuleHandle>>;  // in the chains' order

enum class Verdict : std::uint8_t { kContinue, kAccept, kDrop, kReturn };

struct Outcome {
    Verdict verdict = Verdict::kContinue;
    ChainName chain;           // of the rule that dropped it,
    std::uint64_t handle = 0;  // its number
    std::string comment;
    bool unsure = false;  // an accept was passed over that cannot be told
};

class Walk {
  public:
    /// All outlive it; `fd`: a netfilter socket.
    Walk(const Rules& rules, int fd, const Probe& probe);

    [[nodiscard]] Outcome through(const ChainName& chain);

  private:
    static constexpr std::size_t kRegisterBytes = 4;
    static constexpr std::size_t kRegisters = 16;
    static constexpr unsigned kDepthMax = 16;  // NFT_JUMP_STACK_SIZE

    enum class Match : std::uint8_t { kYes, kNo, kUnknown };
    using Value = std::optional<std::vector<std::byte>>;

    Outcome walk(const ChainName& chain, unsigned depth);
    /// What a rule comes to; kContinue also where it does not match.
    Outcome run(const ChainName& chain, nftnl_rule& rule, unsigned depth);
    Match step(const ChainName& chain, const nftnl_expr& expression, std::string_view name);
    [[nodiscard]] Match match_by_name(const nftnl_expr& expression) const;
    Match compare(const nftnl_expr& expression);
    Match look_up(const ChainName& chain, const nftnl_expr& expression);
    void load_meta(const nftnl_expr& expression);
    void load_payload(const nftnl_expr& expression);
    void load_ct(const nftnl_expr& expression);
    void mask(const nftnl_expr& expression);

    void store(std::uint32_t number, const Value& value);
    [[nodiscard]] Value load(std::uint32_t number, std::size_t size) const;

    const Rules& rules_;
    int fd_;
    const Probe& probe_;
    std::vector<std::byte> network_;
    std::vector<std::byte> transport_;
    std::array<std::byte, kRegisterBytes * kRegisters> registers_{};
    std::array<bool, kRegisters> known_{};
};

}  // namespace weft::firewall

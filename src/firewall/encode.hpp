// SPDX-License-Identifier: Apache-2.0
// Tables to the bytes of one nf_tables transaction, through libnftnl. All of a batch is carried out
// or nothing of it (kernel net/netfilter/nfnetlink.c). Pure: no socket.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "build.hpp"

namespace weft::firewall {

/// Of tables whose owner is a netlink socket: nobody else changes them, a foreign "flush ruleset"
/// passes them over, and they outlive the socket (NFT_TABLE_F_OWNER, and _PERSIST of Linux 6.9).
inline constexpr std::uint32_t kOwned = 0x2 | 0x4;

class Batch {
  public:
    explicit Batch(std::uint32_t first_sequence);

    /// Deletes the table, whether it is there or not.
    void remove(TableFamily family);
    /// Makes a table that is not there. `flags`: 0 or kOwned.
    void add(const Table& table, std::uint32_t flags);
    /// Other elements for a set of `table inet weft`.
    void replace_elements(const Set& set);
    /// In somebody's chain, before the rules that are there.
    void insert_first(const ChainName& chain, const Rule& rule);
    void remove_rule(const ChainName& chain, std::uint64_t handle);
    /// Ends the batch.
    [[nodiscard]] std::span<const std::byte> finish();
    [[nodiscard]] std::uint32_t last_sequence() const { return sequence_ - 1; }

  private:
    /// A message's start, with room for the largest; end() fixes how long it has become.
    void* begin(std::uint16_t type, std::uint16_t family, std::uint16_t flags);
    void end(const void* message);
    void add_elements(TableFamily family, const Set& set, std::uint32_t id);
    void add_set(TableFamily family, const Set& set, std::uint32_t id);
    void add_chain(TableFamily family, const Chain& chain);
    void add_rule(const ChainName& chain, const Rule& rule, std::uint16_t flags);

    std::vector<std::byte> bytes_;
    std::size_t size_ = 0;
    std::uint32_t sequence_;
    bool asked_for_answer_ = false;
};

}  // namespace weft::firewall

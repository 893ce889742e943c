// SPDX-License-Identifier: Apache-2.0
// Allowed prefixes: the lane's editable map, and the immutable snapshot that workers route with.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include <weft/net/prefix_table.hpp>
#include <weft/wg/peer.hpp>

namespace weft::wg {

/// Device-wide: an inner address belongs to the peer with the longest prefix, or to nobody.
class RouteTable {
  public:
    RouteTable() = default;
    RouteTable(net::PrefixTable table, std::vector<Peer*> peers)
        : table_(std::move(table)), peers_(std::move(peers)) {}

    [[nodiscard]] Peer* find_v4(const std::byte* address) const {
        return at(table_.find_v4(address));
    }
    [[nodiscard]] Peer* find_v6(const std::byte* address) const {
        return at(table_.find_v6(address));
    }

  private:
    [[nodiscard]] Peer* at(net::PrefixTable::Value value) const {
        return value == net::PrefixTable::kNone ? nullptr : peers_[value];
    }
    net::PrefixTable table_;
    std::vector<Peer*> peers_;
};

/// Which peer has which prefix. A prefix has one owner: adding it elsewhere moves it.
class AllowedIps {
  public:
    /// Host bits are masked.
    void add(const net::Prefix& prefix, Peer& peer);
    /// Nothing happens unless `peer` has exactly this prefix.
    void remove(const net::Prefix& prefix, const Peer& peer);
    void remove_all(const Peer& peer);
    /// In prefix order.
    [[nodiscard]] std::vector<net::Prefix> of(const Peer& peer) const;
    /// All of them in one pass; a peer without prefixes is absent.
    [[nodiscard]] std::unordered_map<const Peer*, std::vector<net::Prefix>> by_peer() const;
    [[nodiscard]] std::unique_ptr<const RouteTable> snapshot() const;

  private:
    std::map<net::Prefix, Peer*> owners_;
};

}  // namespace weft::wg

// SPDX-License-Identifier: Apache-2.0
// See encode.hpp. What nft(8) would send for the same text, so that `nft list ruleset` reads it
// back. Kernel: include/uapi/linux/netfilter/nf_tables.h. Data that is compared or looked up is in
// network order, everything else in the machine's: libnftnl turns it.
#include "encode.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <libnftnl/batch.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

#include <weft/base/assert.hpp>

#include "rule_expressions.hpp"

namespace weft::firewall {
namespace {

constexpr std::size_t kMessageMax = 64 << 10;  // elements are the largest, kElementsPerMessage each
constexpr std::size_t kElementsPerMessage = 400;
constexpr std::uint32_t kNfIpv4Address = 7;  // nft's datatypes, for who lists the set
constexpr std::uint32_t kNfIpv6Address = 8;
constexpr std::uint32_t kBigEndian = 2;  // nft's BYTEORDER_BIG_ENDIAN
constexpr std::uint32_t kUserDataMax = 256;

template <class T, void (*kFree)(const T*)>
struct Freed {
    void operator()(const T* object) const { kFree(object); }
};
using TablePtr = std::unique_ptr<nftnl_table, Freed<nftnl_table, nftnl_table_free>>;
using ChainPtr = std::unique_ptr<nftnl_chain, Freed<nftnl_chain, nftnl_chain_free>>;
using SetPtr = std::unique_ptr<nftnl_set, Freed<nftnl_set, nftnl_set_free>>;
using NewRulePtr = std::unique_ptr<nftnl_rule, Freed<nftnl_rule, nftnl_rule_free>>;
using UserDataPtr = std::unique_ptr<nftnl_udata_buf, Freed<nftnl_udata_buf, nftnl_udata_buf_free>>;

/// libnftnl's allocations; out of memory ends the program, as with new.
template <class Ptr, class T>
Ptr checked(T* object) {
    WEFT_ASSERT(object != nullptr);
    return Ptr{object};
}

nlmsghdr* header_of(void* message) {
    return static_cast<nlmsghdr*>(message);
}

TablePtr table_named(const char* name) {
    auto table = checked<TablePtr>(nftnl_table_alloc());
    nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, name);
    return table;
}

NewRulePtr rule_of(const ChainName& chain) {
    auto rule = checked<NewRulePtr>(nftnl_rule_alloc());
    nftnl_rule_set_u32(rule.get(), NFTNL_RULE_FAMILY, chain.family);
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_TABLE, chain.table.c_str());
    nftnl_rule_set_str(rule.get(), NFTNL_RULE_CHAIN, chain.chain.c_str());
    return rule;
}

void add_element(nftnl_set& set, const net::IpAddress& key, std::uint32_t flags) {
    nftnl_set_elem* const element = nftnl_set_elem_alloc();
    WEFT_ASSERT(element != nullptr);
    const ConstBytes bytes = key.bytes();
    nftnl_set_elem_set(
        element, NFTNL_SET_ELEM_KEY, bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    if (flags != 0) {
        nftnl_set_elem_set_u32(element, NFTNL_SET_ELEM_FLAGS, flags);
    }
    nftnl_set_elem_add(&set, element);
}

}  // namespace

Batch::Batch(std::uint32_t first_sequence) : sequence_(first_sequence) {
    bytes_.resize(kMessageMax);
    nftnl_batch_begin(reinterpret_cast<char*>(bytes_.data()), sequence_++);
    end(bytes_.data());
}

void* Batch::begin(std::uint16_t type, std::uint16_t family, std::uint16_t flags) {
    if (!asked_for_answer_) {  // one suffices: an error is answered unasked
        asked_for_answer_ = true;
        flags = static_cast<std::uint16_t>(flags | NLM_F_ACK);
    }
    if (bytes_.size() - size_ < kMessageMax) {
        bytes_.resize(bytes_.size() * 2);
    }
    return nftnl_nlmsg_build_hdr(
        reinterpret_cast<char*>(bytes_.data() + size_), type, family, flags, sequence_++);
}

void Batch::end(const void* message) {
    nlmsghdr header{};
    std::memcpy(&header, message, sizeof header);
    WEFT_ASSERT(header.nlmsg_len <= kMessageMax);
    size_ += NLMSG_ALIGN(header.nlmsg_len);
}

void Batch::remove(TableFamily family) {
    // Deleting what is not there would fail: added first. Without flags a table is left as it is.
    for (const std::uint16_t type : {NFT_MSG_NEWTABLE, NFT_MSG_DELTABLE}) {
        void* const message = begin(type, static_cast<std::uint16_t>(family), 0);
        nftnl_table_nlmsg_build_payload(header_of(message), table_named(kTable).get());
        end(message);
    }
}

void Batch::add(const Table& table, std::uint32_t flags) {
    void* const message =
        begin(NFT_MSG_NEWTABLE, static_cast<std::uint16_t>(table.family), NLM_F_CREATE);
    const TablePtr named = table_named(kTable);
    if (flags != 0) {
        nftnl_table_set_u32(named.get(), NFTNL_TABLE_FLAGS, flags);
    }
    nftnl_table_nlmsg_build_payload(header_of(message), named.get());
    end(message);
    std::uint32_t id = 0;
    for (const Set& set : table.sets) {
        add_set(table.family, set, ++id);
        add_elements(table.family, set, id);
    }
    for (const Chain& chain : table.chains) {
        add_chain(table.family, chain);
    }
    for (const Chain& chain : table.chains) {
        for (const Rule& rule : chain.rules) {
            add_rule({static_cast<std::uint16_t>(table.family), kTable, chain.name},
                     rule,
                     NLM_F_CREATE | NLM_F_APPEND);
        }
    }
}

void Batch::replace_elements(const Set& set) {
    void* const message = begin(NFT_MSG_DELSETELEM, NFPROTO_INET, 0);
    const auto all = checked<SetPtr>(nftnl_set_alloc());
    nftnl_set_set_str(all.get(), NFTNL_SET_TABLE, kTable);
    nftnl_set_set_str(all.get(), NFTNL_SET_NAME, set.name.c_str());
    nftnl_set_elems_nlmsg_build_payload(header_of(message), all.get());
    end(message);
    add_elements(TableFamily::kInet, set, 0);
}

void Batch::add_set(TableFamily family, const Set& set, std::uint32_t id) {
    void* const message =
        begin(NFT_MSG_NEWSET, static_cast<std::uint16_t>(family), NLM_F_CREATE | NLM_F_EXCL);
    const bool v4 = set.family == net::Family::kIpv4;
    const auto made = checked<SetPtr>(nftnl_set_alloc());
    nftnl_set_set_str(made.get(), NFTNL_SET_TABLE, kTable);
    nftnl_set_set_str(made.get(), NFTNL_SET_NAME, set.name.c_str());
    nftnl_set_set_u32(made.get(), NFTNL_SET_FAMILY, static_cast<std::uint32_t>(family));
    nftnl_set_set_u32(made.get(), NFTNL_SET_ID, id);
    nftnl_set_set_u32(made.get(), NFTNL_SET_FLAGS, NFT_SET_INTERVAL);
    nftnl_set_set_u32(made.get(), NFTNL_SET_KEY_TYPE, v4 ? kNfIpv4Address : kNfIpv6Address);
    nftnl_set_set_u32(made.get(), NFTNL_SET_KEY_LEN, v4 ? 4 : 16);
    const auto user = checked<UserDataPtr>(nftnl_udata_buf_alloc(kUserDataMax));
    nftnl_udata_put_u32(user.get(), NFTNL_UDATA_SET_KEYBYTEORDER, kBigEndian);
    nftnl_udata_put_strz(user.get(), NFTNL_UDATA_SET_COMMENT, set.comment.c_str());
    nftnl_set_set_data(made.get(),
                       NFTNL_SET_USERDATA,
                       nftnl_udata_buf_data(user.get()),
                       nftnl_udata_buf_len(user.get()));
    nftnl_set_nlmsg_build_payload(header_of(message), made.get());
    end(message);
}

/// Two elements for each interval: its first address, and as its end the address after its last,
/// which an interval up to the family's last address does without.
void Batch::add_elements(TableFamily family, const Set& set, std::uint32_t id) {
    for (std::size_t at = 0; at < set.elements.size(); at += kElementsPerMessage) {
        void* const message =
            begin(NFT_MSG_NEWSETELEM, static_cast<std::uint16_t>(family), NLM_F_CREATE);
        const auto part = checked<SetPtr>(nftnl_set_alloc());
        nftnl_set_set_str(part.get(), NFTNL_SET_TABLE, kTable);
        nftnl_set_set_str(part.get(), NFTNL_SET_NAME, set.name.c_str());
        if (id != 0) {
            nftnl_set_set_u32(part.get(), NFTNL_SET_ID, id);
        }
        const std::size_t stop = std::min(at + kElementsPerMessage, set.elements.size());
        for (std::size_t i = at; i < stop; ++i) {
            add_element(*part, set.elements[i].first, 0);
            if (const auto after = next_address(set.elements[i].last)) {
                add_element(*part, *after, NFT_SET_ELEM_INTERVAL_END);
            }
        }
        nftnl_set_elems_nlmsg_build_payload(header_of(message), part.get());
        end(message);
    }
}

void Batch::add_chain(TableFamily family, const Chain& chain) {
    void* const message =
        begin(NFT_MSG_NEWCHAIN, static_cast<std::uint16_t>(family), NLM_F_CREATE | NLM_F_EXCL);
    const auto made = checked<ChainPtr>(nftnl_chain_alloc());
    nftnl_chain_set_str(made.get(), NFTNL_CHAIN_TABLE, kTable);
    nftnl_chain_set_str(made.get(), NFTNL_CHAIN_NAME, chain.name.c_str());
    if (chain.hook) {
        nftnl_chain_set_u32(made.get(), NFTNL_CHAIN_HOOKNUM, chain.hook->number);
        nftnl_chain_set_s32(made.get(), NFTNL_CHAIN_PRIO, chain.hook->priority);
        nftnl_chain_set_str(made.get(), NFTNL_CHAIN_TYPE, chain.hook->type);
        nftnl_chain_set_u32(made.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
    }
    nftnl_chain_nlmsg_build_payload(header_of(message), made.get());
    end(message);
}

void Batch::insert_first(const ChainName& chain, const Rule& rule) {
    add_rule(chain, rule, NLM_F_CREATE);
}

void Batch::remove_rule(const ChainName& chain, std::uint64_t handle) {
    void* const message = begin(NFT_MSG_DELRULE, chain.family, 0);
    const NewRulePtr removed = rule_of(chain);
    nftnl_rule_set_u64(removed.get(), NFTNL_RULE_HANDLE, handle);
    nftnl_rule_nlmsg_build_payload(header_of(message), removed.get());
    end(message);
}

void Batch::add_rule(const ChainName& chain, const Rule& rule, std::uint16_t flags) {
    void* const message = begin(NFT_MSG_NEWRULE, chain.family, flags);
    const NewRulePtr made = rule_of(chain);
    add_expressions(*made, rule);
    const auto user = checked<UserDataPtr>(nftnl_udata_buf_alloc(kUserDataMax));
    nftnl_udata_put_strz(user.get(), NFTNL_UDATA_RULE_COMMENT, rule.comment.c_str());
    nftnl_rule_set_data(made.get(),
                        NFTNL_RULE_USERDATA,
                        nftnl_udata_buf_data(user.get()),
                        nftnl_udata_buf_len(user.get()));
    nftnl_rule_nlmsg_build_payload(header_of(message), made.get());
    end(message);
}

std::span<const std::byte> Batch::finish() {
    if (bytes_.size() - size_ < kMessageMax) {
        bytes_.resize(bytes_.size() * 2);
    }
    char* const last = reinterpret_cast<char*>(bytes_.data() + size_);
    nlmsghdr* const message = nftnl_batch_end(last, sequence_++);
    end(message);
    return std::span{bytes_}.first(size_);
}

}  // namespace weft::firewall

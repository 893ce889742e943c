// SPDX-License-Identifier: Apache-2.0
// See foreign_walk.hpp. Kernel: net/netfilter/nf_tables_core.c (nft_do_chain) and the expressions'
// own files. Control thread.
#include "foreign_walk.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <netinet/in.h>

#include <libnftnl/common.h>
#include <libnftnl/set.h>

#include "netfilter_socket.hpp"
#include "xt_match.hpp"

namespace weft::firewall {
namespace {

constexpr std::uint32_t kStateNew = 8;  // NF_CT_STATE_BIT(IP_CT_NEW)
constexpr std::size_t kElementsMax = 100'000;

std::vector<std::byte> copy_of(const void* data, std::size_t size) {
    const auto* const start = static_cast<const std::byte*>(data);
    return {start, start + size};
}
template <class T>
std::vector<std::byte> copy_of(T value) {
    return copy_of(&value, sizeof value);
}
std::vector<std::byte> name_bytes(const std::string& name) {
    std::vector<std::byte> bytes(IFNAMSIZ);
    std::memcpy(bytes.data(), name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
    return bytes;
}

void put(std::vector<std::byte>& at, std::size_t offset, ConstBytes bytes) {
    const std::size_t size = std::min(bytes.size(), at.size() - offset);
    std::copy_n(bytes.begin(), size, at.begin() + static_cast<std::ptrdiff_t>(offset));
}
void put(std::vector<std::byte>& at, std::size_t offset, std::uint16_t value) {
    put(at, offset, copy_of(htons(value)));
}

/// RFC 791 or RFC 8200, as far as rules look.
std::vector<std::byte> network_header(const Probe& probe) {
    const bool v4 = probe.destination.is_v4();
    std::vector<std::byte> header(v4 ? 20 : 40);
    header[0] = std::byte{v4 ? std::uint8_t{0x45} : std::uint8_t{0x60}};
    header[v4 ? 8 : 7] = std::byte{64};  // hops left
    header[v4 ? 9 : 6] = std::byte{probe.protocol};
    put(header, v4 ? 12 : 8, probe.source.bytes());
    put(header, v4 ? 16 : 24, probe.destination.bytes());
    return header;
}

/// RFC 9293's first packet, or RFC 768.
std::vector<std::byte> transport_header(const Probe& probe) {
    const bool tcp = probe.protocol == IPPROTO_TCP;
    std::vector<std::byte> header(tcp ? 20 : 8);
    put(header, 0, probe.source_port());
    put(header, 2, probe.destination_port);
    if (tcp) {
        header[12] = std::byte{0x50};
        header[13] = std::byte{0x02};  // SYN
    }
    return header;
}

struct FreeSet {
    void operator()(nftnl_set* set) const { nftnl_set_free(set); }
};
using SetHandle = std::unique_ptr<nftnl_set, FreeSet>;

struct Element {
    std::vector<std::byte> key;
    bool is_end = false;
};

int take_element(nftnl_set_elem* element, void* out) {
    auto& elements = *static_cast<std::vector<Element>*>(out);
    std::uint32_t size = 0;
    const void* const key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size);
    if (key != nullptr && elements.size() < kElementsMax) {
        const std::uint32_t flags = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_FLAGS)
                                        ? nftnl_set_elem_get_u32(element, NFTNL_SET_ELEM_FLAGS)
                                        : 0;
        elements.push_back({copy_of(key, size), (flags & NFT_SET_ELEM_INTERVAL_END) != 0});
    }
    return 0;
}

/// The elements of a set; of one that cannot be read none.
std::vector<Element> elements_of(int fd, const ChainName& in, const char* name) {
    alignas(nlmsghdr) std::array<char, kRequestMax> request{};
    nlmsghdr* const message =
        nftnl_nlmsg_build_hdr(request.data(), NFT_MSG_GETSETELEM, in.family, NLM_F_DUMP, 1);
    const SetHandle of{nftnl_set_alloc()};
    std::vector<Element> elements;
    if (!of) {
        return elements;
    }
    nftnl_set_set_str(of.get(), NFTNL_SET_TABLE, in.table.c_str());
    nftnl_set_set_str(of.get(), NFTNL_SET_NAME, name);
    nftnl_set_elems_nlmsg_build_payload(message, of.get());
    const Result<> done =
        dump(fd,
             std::as_bytes(std::span{request}).first(message->nlmsg_len),
             "reading a set",
             [&elements](const nlmsghdr& each) {
                 const SetHandle part{nftnl_set_alloc()};
                 if (part && nftnl_set_elems_nlmsg_parse(&each, part.get()) == 0) {
                     nftnl_set_elem_foreach(part.get(), take_element, &elements);
                 }
             });
    return done ? elements : std::vector<Element>{};
}

/// The greatest key that is not above the value decides: a start holds it, an end does not.
bool holds(const std::vector<Element>& elements, const std::vector<std::byte>& value) {
    const bool intervals = std::any_of(
        elements.begin(), elements.end(), [](const Element& each) { return each.is_end; });
    const Element* below = nullptr;
    for (const Element& each : elements) {
        if (!intervals && each.key == value) {
            return true;
        }
        const bool nearer =
            below == nullptr || each.key > below->key || (each.key == below->key && !each.is_end);
        if (intervals && each.key.size() == value.size() && each.key <= value && nearer) {
            below = &each;
        }
    }
    return below != nullptr && !below->is_end;
}

/// Whether an expression only notes or changes something.
bool is_neutral(std::string_view name) {
    constexpr std::array<std::string_view, 8> kNeutral = {
        "counter", "log", "notrack", "masq", "nat", "redir", "objref", "last"};
    return std::find(kNeutral.begin(), kNeutral.end(), name) != kNeutral.end();
}

/// Whether it decides by a map, which is not looked into here.
bool is_verdict_map(const nftnl_expr& expression, std::string_view name) {
    return name == "lookup" && nftnl_expr_is_set(&expression, NFTNL_EXPR_LOOKUP_DREG) &&
           nftnl_expr_get_u32(&expression, NFTNL_EXPR_LOOKUP_DREG) == NFT_REG_VERDICT;
}

}  // namespace

Walk::Walk(const Rules& rules, int fd, const Probe& probe)
    : rules_(rules),
      fd_(fd),
      probe_(probe),
      network_(network_header(probe)),
      transport_(transport_header(probe)) {}

Outcome Walk::through(const ChainName& chain) {
    Outcome outcome = walk(chain, 0);
    if (outcome.verdict == Verdict::kReturn) {
        outcome.verdict = Verdict::kContinue;
    }
    return outcome;
}

Outcome Walk::walk(const ChainName& chain, unsigned depth) {
    Outcome outcome;
    const auto rules = rules_.find(chain);
    if (rules == rules_.end() || depth == kDepthMax) {
        return outcome;
    }
    for (const RuleHandle& rule : rules->second) {
        Outcome step = run(chain, *rule, depth);
        step.unsure = step.unsure || outcome.unsure;
        outcome = std::move(step);
        if (outcome.verdict != Verdict::kContinue) {
            return outcome;
        }
    }
    return outcome;
}

Outcome Walk::run(const ChainName& chain, nftnl_rule& rule, unsigned depth) {
    struct FreeIterator {
        void operator()(nftnl_expr_iter* iterator) const { nftnl_expr_iter_destroy(iterator); }
    };
    known_.fill(false);
    Outcome outcome;
    bool unknown = false;
    const std::unique_ptr<nftnl_expr_iter, FreeIterator> iterator{nftnl_expr_iter_create(&rule)};
    while (nftnl_expr* const expression =
               iterator ? nftnl_expr_iter_next(iterator.get()) : nullptr) {
        const std::string_view name = nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
        const bool to_verdict =
            name == "immediate" &&
            nftnl_expr_get_u32(expression, NFTNL_EXPR_IMM_DREG) == NFT_REG_VERDICT;
        const bool rejects = name == "reject" ||
                             (name == "target" && std::string_view{nftnl_expr_get_str(
                                                      expression, NFTNL_EXPR_TG_NAME)} == "REJECT");
        if (!to_verdict && !rejects) {
            const Match match = step(chain, *expression, name);
            if (match == Match::kNo) {
                return {};
            }
            unknown = unknown || match == Match::kUnknown;
            outcome.unsure = outcome.unsure || is_verdict_map(*expression, name);
            continue;
        }
        const auto verdict =
            rejects ? NF_DROP
                    : static_cast<int>(nftnl_expr_get_u32(expression, NFTNL_EXPR_IMM_VERDICT));
        if (unknown) {
            outcome.unsure = verdict != NF_DROP;
            return outcome;
        }
        if (verdict == NFT_JUMP || verdict == NFT_GOTO) {
            const char* const target = nftnl_expr_get_str(expression, NFTNL_EXPR_IMM_CHAIN);
            outcome = walk({chain.family, chain.table, target == nullptr ? "" : target}, depth + 1);
            if (outcome.verdict == Verdict::kReturn || outcome.verdict == Verdict::kContinue) {
                outcome.verdict = verdict == NFT_GOTO ? Verdict::kReturn : Verdict::kContinue;
            }
            return outcome;
        }
        if (verdict == NF_DROP) {
            outcome.verdict = Verdict::kDrop;
            outcome.chain = chain;
            outcome.handle = nftnl_rule_get_u64(&rule, NFTNL_RULE_HANDLE);
            outcome.comment = comment_of(rule);
        } else {
            outcome.verdict = verdict == NFT_RETURN ? Verdict::kReturn : Verdict::kAccept;
        }
        return outcome;
    }
    return outcome;
}

Walk::Match Walk::step(const ChainName& chain,
                       const nftnl_expr& expression,
                       std::string_view name) {
    if (is_neutral(name)) {
        return Match::kYes;
    }
    if (name == "meta") {
        load_meta(expression);
    } else if (name == "payload") {
        load_payload(expression);
    } else if (name == "ct") {
        load_ct(expression);
    } else if (name == "bitwise") {
        mask(expression);
    } else if (name == "cmp") {
        return compare(expression);
    } else if (name == "lookup") {
        return look_up(chain, expression);
    } else if (name == "match") {
        return match_by_name(expression);
    } else if (name == "limit" || name == "quota" || name == "connlimit" || name == "target") {
        return name == "target" ? Match::kYes : Match::kUnknown;
    } else {
        known_.fill(false);  // whatever it loads, fib, rt, socket, hash, byteorder, …
    }
    return Match::kYes;
}

/// Of iptables-nft.
Walk::Match Walk::match_by_name(const nftnl_expr& expression) const {
    std::uint32_t size = 0;
    const void* const info = nftnl_expr_get(&expression, NFTNL_EXPR_MT_INFO, &size);
    const auto matches =
        xt_matches(nftnl_expr_get_str(&expression, NFTNL_EXPR_MT_NAME),
                   nftnl_expr_get_u32(&expression, NFTNL_EXPR_MT_REV),
                   {static_cast<const std::byte*>(info), info == nullptr ? 0 : size},
                   probe_);
    return !matches ? Match::kUnknown : *matches ? Match::kYes : Match::kNo;
}

Walk::Match Walk::compare(const nftnl_expr& expression) {
    std::uint32_t size = 0;
    const void* const data = nftnl_expr_get(&expression, NFTNL_EXPR_CMP_DATA, &size);
    const Value value = load(nftnl_expr_get_u32(&expression, NFTNL_EXPR_CMP_SREG), size);
    if (!value || data == nullptr) {
        return Match::kUnknown;
    }
    const int order = std::memcmp(value->data(), data, size);
    bool matches = false;
    switch (nftnl_expr_get_u32(&expression, NFTNL_EXPR_CMP_OP)) {
        case NFT_CMP_EQ:
            matches = order == 0;
            break;
        case NFT_CMP_NEQ:
            matches = order != 0;
            break;
        case NFT_CMP_LT:
            matches = order < 0;
            break;
        case NFT_CMP_LTE:
            matches = order <= 0;
            break;
        case NFT_CMP_GT:
            matches = order > 0;
            break;
        default:
            matches = order >= 0;
            break;
    }
    return matches ? Match::kYes : Match::kNo;
}

Walk::Match Walk::look_up(const ChainName& chain, const nftnl_expr& expression) {
    if (nftnl_expr_is_set(&expression, NFTNL_EXPR_LOOKUP_DREG)) {
        return Match::kUnknown;  // a map
    }
    const char* const set = nftnl_expr_get_str(&expression, NFTNL_EXPR_LOOKUP_SET);
    const std::vector<Element> elements =
        set == nullptr ? std::vector<Element>{} : elements_of(fd_, chain, set);
    const Value value = elements.empty()
                            ? std::nullopt
                            : load(nftnl_expr_get_u32(&expression, NFTNL_EXPR_LOOKUP_SREG),
                                   elements.front().key.size());
    if (!value) {
        return Match::kUnknown;
    }
    const bool inverted =
        nftnl_expr_is_set(&expression, NFTNL_EXPR_LOOKUP_FLAGS) &&
        (nftnl_expr_get_u32(&expression, NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0;
    return holds(elements, *value) != inverted ? Match::kYes : Match::kNo;
}

void Walk::load_meta(const nftnl_expr& expression) {
    if (!nftnl_expr_is_set(&expression, NFTNL_EXPR_META_DREG)) {
        return;  // sets something
    }
    const bool v4 = probe_.destination.is_v4();
    Value value;
    switch (nftnl_expr_get_u32(&expression, NFTNL_EXPR_META_KEY)) {
        case NFT_META_IIFNAME:
            value = name_bytes(probe_.in);
            break;
        case NFT_META_OIFNAME:
            value = name_bytes(probe_.out);
            break;
        case NFT_META_IIF:
            value = copy_of(::if_nametoindex(probe_.in.c_str()));
            break;
        case NFT_META_OIF:
            value = copy_of(::if_nametoindex(probe_.out.c_str()));
            break;
        case NFT_META_NFPROTO:
            value = copy_of(static_cast<std::uint8_t>(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6));
            break;
        case NFT_META_PROTOCOL:
            value = copy_of(htons(v4 ? ETH_P_IP : ETH_P_IPV6));
            break;
        case NFT_META_L4PROTO:
            value = copy_of(probe_.protocol);
            break;
        case NFT_META_MARK:
            value = copy_of(std::uint32_t{0});
            break;
        default:
            break;
    }
    store(nftnl_expr_get_u32(&expression, NFTNL_EXPR_META_DREG), value);
}

void Walk::load_payload(const nftnl_expr& expression) {
    if (!nftnl_expr_is_set(&expression, NFTNL_EXPR_PAYLOAD_DREG)) {
        return;
    }
    const std::uint32_t base = nftnl_expr_get_u32(&expression, NFTNL_EXPR_PAYLOAD_BASE);
    const std::size_t offset = nftnl_expr_get_u32(&expression, NFTNL_EXPR_PAYLOAD_OFFSET);
    const std::size_t size = nftnl_expr_get_u32(&expression, NFTNL_EXPR_PAYLOAD_LEN);
    const std::vector<std::byte>& header =
        base == NFT_PAYLOAD_NETWORK_HEADER ? network_ : transport_;
    Value value;
    if (base != NFT_PAYLOAD_LL_HEADER && offset <= header.size() &&
        size <= header.size() - offset) {
        value = copy_of(header.data() + offset, size);
    }
    store(nftnl_expr_get_u32(&expression, NFTNL_EXPR_PAYLOAD_DREG), value);
}

void Walk::load_ct(const nftnl_expr& expression) {
    if (!nftnl_expr_is_set(&expression, NFTNL_EXPR_CT_DREG)) {
        return;
    }
    Value value;
    switch (nftnl_expr_get_u32(&expression, NFTNL_EXPR_CT_KEY)) {
        case NFT_CT_STATE:
            value = copy_of(kStateNew);
            break;
        case NFT_CT_STATUS:
        case NFT_CT_MARK:
            value = copy_of(std::uint32_t{0});
            break;
        default:
            break;
    }
    store(nftnl_expr_get_u32(&expression, NFTNL_EXPR_CT_DREG), value);
}

void Walk::mask(const nftnl_expr& expression) {
    std::uint32_t size = 0;
    std::uint32_t xor_size = 0;
    const void* const mask = nftnl_expr_get(&expression, NFTNL_EXPR_BITWISE_MASK, &size);
    const void* const flip = nftnl_expr_get(&expression, NFTNL_EXPR_BITWISE_XOR, &xor_size);
    Value value = load(nftnl_expr_get_u32(&expression, NFTNL_EXPR_BITWISE_SREG), size);
    if (value && mask != nullptr && flip != nullptr && xor_size == size) {
        const std::vector<std::byte> masks = copy_of(mask, size);
        const std::vector<std::byte> flips = copy_of(flip, size);
        for (std::size_t i = 0; i < size; ++i) {
            (*value)[i] = ((*value)[i] & masks[i]) ^ flips[i];
        }
    } else {
        value.reset();  // a shift, or of what is not known
    }
    store(nftnl_expr_get_u32(&expression, NFTNL_EXPR_BITWISE_DREG), value);
}

namespace {

/// The first 32-bit register of one by number (nft_parse_register); nothing for the verdict's.
std::optional<std::size_t> first_register(std::uint32_t number) {
    if (number >= NFT_REG_1 && number <= NFT_REG_4) {
        return (number - NFT_REG_1) * 4;
    }
    if (number >= NFT_REG32_00 && number <= NFT_REG32_15) {
        return number - NFT_REG32_00;
    }
    return std::nullopt;
}

}  // namespace

void Walk::store(std::uint32_t number, const Value& value) {
    const auto first = first_register(number);
    if (!first || !value) {
        if (first) {
            std::fill(known_.begin() + static_cast<std::ptrdiff_t>(*first), known_.end(), false);
        }
        return;
    }
    const std::size_t count = (value->size() + kRegisterBytes - 1) / kRegisterBytes;
    for (std::size_t i = 0; i < count && *first + i < kRegisters; ++i) {
        known_[*first + i] = true;
    }
    const std::size_t at = *first * kRegisterBytes;
    const std::size_t size = std::min(value->size(), registers_.size() - at);
    std::fill_n(registers_.begin() + static_cast<std::ptrdiff_t>(at),
                std::min(count * kRegisterBytes, registers_.size() - at),
                std::byte{0});
    std::copy_n(value->begin(), size, registers_.begin() + static_cast<std::ptrdiff_t>(at));
}

Walk::Value Walk::load(std::uint32_t number, std::size_t size) const {
    const auto first = first_register(number);
    if (!first || size == 0 || size > registers_.size() - *first * kRegisterBytes) {
        return std::nullopt;
    }
    const std::size_t count = (size + kRegisterBytes - 1) / kRegisterBytes;
    for (std::size_t i = 0; i < count; ++i) {
        if (!known_[*first + i]) {
            return std::nullopt;
        }
    }
    return copy_of(registers_.data() + *first * kRegisterBytes, size);
}

}  // namespace weft::firewall

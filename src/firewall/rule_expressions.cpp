// SPDX-License-Identifier: Apache-2.0
// See rule_expressions.hpp. Kernel: net/netfilter/nft_{meta,payload,lookup,ct,fib,rt,exthdr}.c.
#include "rule_expressions.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include <weft/base/assert.hpp>

namespace weft::firewall {
namespace {

constexpr std::uint32_t kRegister = NFT_REG_1;

// Offsets in headers: RFC 791, RFC 8200, RFC 826 for IPv4 over Ethernet, RFC 768, RFC 9293.
constexpr std::uint32_t kIp4Source = 12;
constexpr std::uint32_t kIp4Destination = 16;
constexpr std::uint32_t kIp6Source = 8;
constexpr std::uint32_t kIp6Destination = 24;
constexpr std::uint32_t kArpTarget = 24;
constexpr std::uint32_t kUdpSource = 0;
constexpr std::uint32_t kUdpDestination = 2;
constexpr std::uint32_t kTcpFlags = 13;
constexpr std::uint8_t kTcpSyn = 0x02;
constexpr std::uint8_t kTcpSynRst = 0x06;
constexpr std::uint8_t kTcpOptionMss = 2;
constexpr std::uint32_t kMssOffset = 2;
constexpr std::uint32_t kMssSize = 2;
constexpr std::uint32_t kStateEstablished = 1 << 1;  // NF_CT_STATE_BIT()
constexpr std::uint32_t kStateRelated = 1 << 2;
constexpr std::uint32_t kFullyRandom = 1 << 4;  // NF_NAT_RANGE_PROTO_RANDOM_FULLY

class Expressions {
  public:
    explicit Expressions(nftnl_rule& rule) : rule_(rule) {}

    void operator()(const OnInterface& match) {
        meta(match.direction == Direction::kIn ? NFT_META_IIFNAME : NFT_META_OIFNAME);
        std::array<char, IFNAMSIZ> name{};
        std::copy_n(match.name.begin(), std::min(match.name.size(), name.size() - 1), name.begin());
        compare(match.negated ? NFT_CMP_NEQ : NFT_CMP_EQ,
                name.data(),
                match.any_suffix ? match.name.size() : name.size());
    }

    void operator()(const AddressIn& match) {
        const bool v4 = match.family == net::Family::kIpv4;
        const bool source = match.end == End::kSource;
        meta(NFT_META_NFPROTO);
        compare_byte(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
        if (v4) {
            load(NFT_PAYLOAD_NETWORK_HEADER, source ? kIp4Source : kIp4Destination, 4);
        } else {
            load(NFT_PAYLOAD_NETWORK_HEADER, source ? kIp6Source : kIp6Destination, 16);
        }
        look_up(match.set, match.negated);
    }

    void operator()(const ArpTargetIn& match) {
        load(NFT_PAYLOAD_NETWORK_HEADER, kArpTarget, 4);
        look_up(match.set, false);
    }

    void operator()(const UdpTo& match) { udp_port(kUdpDestination, match.port); }
    void operator()(const UdpFrom& match) { udp_port(kUdpSource, match.port); }

    void operator()(const ToThisMachine& /*match*/) {
        nftnl_expr* const fib = add("fib");
        nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_DREG, kRegister);
        nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
        nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_DADDR);
        const std::uint32_t local = RTN_LOCAL;
        compare(NFT_CMP_EQ, &local, sizeof local);
    }

    void operator()(const TcpSyn& /*match*/) {
        meta(NFT_META_L4PROTO);
        compare_byte(IPPROTO_TCP);
        load(NFT_PAYLOAD_TRANSPORT_HEADER, kTcpFlags, 1);
        nftnl_expr* const bits = add("bitwise");
        const std::uint8_t mask = kTcpSynRst;
        const std::uint8_t none = 0;
        nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_SREG, kRegister);
        nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_DREG, kRegister);
        nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_LEN, 1);
        nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof mask);
        nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_XOR, &none, sizeof none);
        compare_byte(kTcpSyn);
    }

    void operator()(const Established& /*match*/) {
        nftnl_expr* const state = add("ct");
        nftnl_expr_set_u32(state, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
        nftnl_expr_set_u32(state, NFTNL_EXPR_CT_DREG, kRegister);
        nftnl_expr* const bits = add("bitwise");
        const std::uint32_t mask = kStateEstablished | kStateRelated;
        const std::uint32_t none = 0;
        nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_SREG, kRegister);
        nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_DREG, kRegister);
        nftnl_expr_set_u32(bits, NFTNL_EXPR_BITWISE_LEN, sizeof mask);
        nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_MASK, &mask, sizeof mask);
        nftnl_expr_set(bits, NFTNL_EXPR_BITWISE_XOR, &none, sizeof none);
        compare(NFT_CMP_NEQ, &none, sizeof none);
    }

    void operator()(const SpoofedSource& /*match*/) {
        nftnl_expr* const fib = add("fib");
        nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_DREG, kRegister);
        nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_OIF);
        nftnl_expr_set_u32(fib, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF);
        const std::uint32_t none = 0;
        compare(NFT_CMP_EQ, &none, sizeof none);
    }

    void count() { add("counter"); }

    void act(const Rule& rule) {
        switch (rule.action) {
            case Action::kDrop:
                verdict(NF_DROP);
                break;
            case Action::kAccept:
                verdict(NF_ACCEPT);
                break;
            case Action::kReturn:
                verdict(NFT_RETURN);
                break;
            case Action::kGoto:
                nftnl_expr_set_str(verdict(NFT_GOTO), NFTNL_EXPR_IMM_CHAIN, rule.target.c_str());
                break;
            case Action::kMasquerade:
                nftnl_expr_set_u32(add("masq"), NFTNL_EXPR_MASQ_FLAGS, kFullyRandom);
                break;
            case Action::kClampMss:
                clamp_mss();
                break;
            case Action::kNotrack:
                add("notrack");
                break;
        }
    }

  private:
    nftnl_expr* add(const char* name) {
        nftnl_expr* const expression = nftnl_expr_alloc(name);
        WEFT_ASSERT(expression != nullptr);
        nftnl_rule_add_expr(&rule_, expression);  // owns it
        return expression;
    }

    void meta(std::uint32_t key) {
        nftnl_expr* const expression = add("meta");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, key);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, kRegister);
    }

    void udp_port(std::uint32_t offset, std::uint16_t number) {
        meta(NFT_META_L4PROTO);
        compare_byte(IPPROTO_UDP);
        load(NFT_PAYLOAD_TRANSPORT_HEADER, offset, 2);
        const std::uint16_t port = htons(number);
        compare(NFT_CMP_EQ, &port, sizeof port);
    }

    void load(std::uint32_t base, std::uint32_t offset, std::uint32_t size) {
        nftnl_expr* const expression = add("payload");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, kRegister);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, base);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, size);
    }

    void compare(std::uint32_t operation, const void* data, std::size_t size) {
        nftnl_expr* const expression = add("cmp");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, kRegister);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, operation);
        nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, data, static_cast<std::uint32_t>(size));
    }
    void compare_byte(std::uint8_t value) { compare(NFT_CMP_EQ, &value, sizeof value); }

    void look_up(const std::string& set, bool negated) {
        nftnl_expr* const expression = add("lookup");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_SREG, kRegister);
        nftnl_expr_set_str(expression, NFTNL_EXPR_LOOKUP_SET, set.c_str());
        if (negated) {
            nftnl_expr_set_u32(expression, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
        }
    }

    nftnl_expr* verdict(int code) {
        nftnl_expr* const expression = add("immediate");
        nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
        nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(code));
        return expression;
    }

    /// The kernel writes only a smaller one than there is.
    void clamp_mss() {
        nftnl_expr* const route = add("rt");
        nftnl_expr_set_u32(route, NFTNL_EXPR_RT_KEY, NFT_RT_TCPMSS);
        nftnl_expr_set_u32(route, NFTNL_EXPR_RT_DREG, kRegister);
        nftnl_expr* const order = add("byteorder");
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_SREG, kRegister);
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_DREG, kRegister);
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_LEN, kMssSize);
        nftnl_expr_set_u32(order, NFTNL_EXPR_BYTEORDER_SIZE, kMssSize);
        nftnl_expr* const option = add("exthdr");
        nftnl_expr_set_u32(option, NFTNL_EXPR_EXTHDR_SREG, kRegister);
        nftnl_expr_set_u32(option, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
        nftnl_expr_set_u8(option, NFTNL_EXPR_EXTHDR_TYPE, kTcpOptionMss);
        nftnl_expr_set_u32(option, NFTNL_EXPR_EXTHDR_OFFSET, kMssOffset);
        nftnl_expr_set_u32(option, NFTNL_EXPR_EXTHDR_LEN, kMssSize);
    }

    nftnl_rule& rule_;
};

}  // namespace

void add_expressions(nftnl_rule& rule, const Rule& of) {
    Expressions expressions{rule};
    for (const Match& match : of.matches) {
        std::visit(expressions, match);
    }
    expressions.count();
    expressions.act(of);
}

}  // namespace weft::firewall

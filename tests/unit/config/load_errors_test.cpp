// SPDX-License-Identifier: Apache-2.0
// Every mistake in weft.toml gives one line that names its place: a table of bad files and what is
// said about each.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <weft/config/config.hpp>

#include "temp_directory.hpp"

namespace weft::config {
namespace {

constexpr const char* kKeyB = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
constexpr const char* kKeyC = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
constexpr const char* kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

struct Mistake {
    const char* name;
    std::string text;
    std::string message;
};

std::string peer(const char* name, const char* key, const std::string& more) {
    return std::string{"[[peer]]\nname = \""} + name + "\"\npublic_key = \"" + key + "\"\n" + more;
}

/// Two good lines, so that what follows starts at line 3.
std::string node(const std::string& more) {
    return "[node]\nprivate_key_file = \"private.key\"\n" + more;
}

std::vector<Mistake> mistakes() {
    return {
        {"an unknown key of a peer",
         "[[peer]]\n  publik_key = \"x\"\n",
         "weft.toml:2:3: unknown key 'peer.publik_key', did you mean 'public_key'?"},
        {"an unknown key of the node",
         node("listenport = 1\n"),
         "weft.toml:3:1: unknown key 'node.listenport', did you mean 'listen_port'?"},
        {"an unknown key like no other",
         "[log]\ncolour = true\n",
         "weft.toml:2:1: unknown key 'log.colour' (known here: level, format)"},
        {"an unknown section", "[nod]\n", "weft.toml:1:2: unknown key 'nod', did you mean 'node'?"},
        {"a section of a later version",
         "[quorum]\nenabled = true\n",
         "weft.toml:1:2: unknown key 'quorum' (known here: node, network, peer, gossip, firewall, "
         "discovery, cni, api, log)"},
        {"a peer as a plain section",
         "[peer]\nname = \"b\"\n",
         "weft.toml:1:1: peers are written [[peer]]"},
        {"a discovery as a plain section",
         "[discovery]\nfile = \"a\"\n",
         "weft.toml:1:1: discovery is written [[discovery]]"},
        {"a discovery of nothing",
         "[[discovery]]\ninterval_s = 5\n",
         "weft.toml:1:1: a [[discovery]] section needs exactly one of exec, file and dns, not 0"},
        {"a discovery of two",
         "[[discovery]]\nfile = \"a\"\ndns = \"b\"\n",
         "weft.toml:1:1: a [[discovery]] section needs exactly one of exec, file and dns, not 2"},
        {"a discovery twice",
         "[[discovery]]\ndns = \"b\"\n[[discovery]]\ndns = \"b\"\n",
         "weft.toml:3:1: the same [[discovery]] is at weft.toml:1:1"},
        {"a program without its path",
         "[[discovery]]\nexec = [\"curl\", \"x\"]\n",
         "weft.toml:2:9: discovery.exec must begin with the program's absolute path, not 'curl'"},
        {"a program that is none",
         "[[discovery]]\nexec = []\n",
         "weft.toml:2:8: discovery.exec must be a program and its arguments, 64 at most"},
        {"a discovery's name that is an address",
         "[[discovery]]\ndns = \"192.0.2.1\"\n",
         "weft.toml:2:7: discovery.dns must be a host name such as nodes.example, not "
         "'192.0.2.1'"},
        {"an interval of nothing",
         "[[discovery]]\ndns = \"b\"\ninterval_s = 0\n",
         "weft.toml:3:14: discovery.interval_s must be 1..86400, not 0"},
        {"a node as a list", "[[node]]\n", "weft.toml:1:1: 'node' is a section, written [node]"},
        {"a string for a number",
         node("mtu = \"1420\"\n"),
         "weft.toml:3:7: node.mtu must be an integer, not a string"},
        {"a fraction for a number",
         node("workers = 1.5\n"),
         "weft.toml:3:11: node.workers must be an integer, not a number with a fraction"},
        {"a string for a list",
         node("addresses = \"10.0.0.1/24\"\n"),
         "weft.toml:3:13: node.addresses must be an array, not a string"},
        {"port zero",
         node("listen_port = 0\n"),
         "weft.toml:3:15: node.listen_port must be 1..65535, not 0"},
        {"a port too large",
         node("listen_port = 65536\n"),
         "weft.toml:3:15: node.listen_port must be 1..65535, not 65536"},
        {"an MTU too small",
         node("mtu = 1279\n"),
         "weft.toml:3:7: node.mtu must be 0 (from the network) or 1280..65424, not 1279"},
        {"an MTU too large",
         node("mtu = 65425\n"),
         "weft.toml:3:7: node.mtu must be 0 (from the network) or 1280..65424, not 65425"},
        {"too many workers",
         node("workers = 16\n"),
         "weft.toml:3:11: node.workers must be 0..15, not 16"},
        {"a negative mark",
         node("fwmark = -1\n"),
         "weft.toml:3:10: node.fwmark must be 0..4294967295, not -1"},
        {"a long interface name",
         node("interface = \"weft0123456789ab\"\n"),
         "weft.toml:3:13: node.interface must be 1 to 15 characters without '/', ':', '%' and "
         "spaces"},
        {"an interface name with a slash",
         node("interface = \"a/b\"\n"),
         "weft.toml:3:13: node.interface must be 1 to 15 characters without '/', ':', '%' and "
         "spaces"},
        {"a node name with a space",
         node("name = \"a b\"\n"),
         "weft.toml:3:8: node.name must be 1 to 63 of a-z A-Z 0-9 - _ . and not begin with - or ., "
         "not 'a b'"},
        {"an address that is none",
         node("addresses = [\"10.0.0.1/24\", \"10.0.0.256/24\"]\n"),
         "weft.toml:3:29: node.addresses is not an address or prefix such as 10.44.1.0/24 or "
         "fd00::/64: '10.0.0.256/24'"},
        {"a loopback address",
         node("addresses = [\"127.0.0.1/8\"]\n"),
         "weft.toml:3:14: node.addresses cannot be an address of this node: 127.0.0.1"},
        {"an endpoint to advertise that only this machine reaches",
         node("advertise = [\"127.0.0.1:51840\"]\n"),
         "weft.toml:3:14: node.advertise must be a name or an address that other nodes reach, and "
         "a port: "
         "127.0.0.1:51840"},
        {"a seed that only this machine reaches",
         "[gossip]\nseeds = [\"seed.example:1\", \"[fe80::1]:51840\"]\n",
         "weft.toml:2:28: gossip.seeds must be a name or an address that other nodes reach, and a "
         "port: [fe80::1]:51840"},
        {"gossip that is neither on nor off",
         "[gossip]\nenabled = 1\n",
         "weft.toml:2:11: gossip.enabled must be true or false, not an integer"},
        {"a pool with host bits",
         "[network]\npool4 = \"10.64.0.1/12\"\n",
         "weft.toml:2:9: network.pool4 must be an IPv4 prefix without host bits, not "
         "10.64.0.1/12"},
        {"an IPv4 pool for IPv6",
         "[network]\npool6 = \"10.64.0.0/12\"\n",
         "weft.toml:2:9: network.pool6 must be an IPv6 prefix without host bits, not "
         "10.64.0.0/12"},
        {"a block of no size",
         "[network]\nblock4 = 33\n",
         "weft.toml:2:10: network.block4 must be 1..32, not 33"},
        {"a switch that is a word",
         "[firewall]\nlockdown = \"yes\"\n",
         "weft.toml:2:12: firewall.lockdown must be true or false, not a string"},
        {"an allowed name",
         "[firewall]\nallow = [\"example.org\"]\n",
         "weft.toml:2:10: firewall.allow is not an address or prefix such as 10.44.1.0/24 or "
         "fd00::/64: 'example.org'"},
        {"an address twice",
         node("addresses = [\"10.0.0.1/24\", \"10.0.0.1/16\"]\n"),
         "weft.toml:3:29: node.addresses names 10.0.0.1 twice"},
        {"a key too short",
         "[[peer]]\nname = \"b\"\npublic_key = \"xTIB\"\n",
         "weft.toml:3:14: peer.public_key is not a key: 32 bytes as base64, 44 characters, as "
         "`weft "
         "pubkey` prints"},
        {"a key of zeros",
         peer("b", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ""),
         "weft.toml:3:14: peer.public_key is all zero, which is nobody's key"},
        {"a peer without a name", "[[peer]]\n", "weft.toml:1:1: missing key 'peer.name'"},
        {"a peer without a key",
         "[[peer]]\nname = \"b\"\n",
         "weft.toml:1:1: missing key 'peer.public_key'"},
        {"an endpoint without a port",
         peer("b", kKeyB, "endpoint = \"192.0.2.1\"\n"),
         "weft.toml:4:12: peer.endpoint is not an endpoint such as 192.0.2.1:51840, "
         "[2001:db8::1]:51840 or host.example:51840: '192.0.2.1'"},
        {"an IPv6 endpoint without brackets",
         peer("b", kKeyB, "endpoint = \"2001:db8::1:51840\"\n"),
         "weft.toml:4:12: peer.endpoint is not an endpoint such as 192.0.2.1:51840, "
         "[2001:db8::1]:51840 or host.example:51840: '2001:db8::1:51840'"},
        {"a keepalive too long",
         peer("b", kKeyB, "keepalive_s = 65536\n"),
         "weft.toml:4:15: peer.keepalive_s must be 0..65535, not 65536"},
        {"a prefix that is none",
         peer("b", kKeyB, "allowed_ips = [\n  \"10.44.1.0/33\",\n]\n"),
         "weft.toml:5:3: peer.allowed_ips is not an address or prefix such as 10.44.1.0/24 or "
         "fd00::/64: '10.44.1.0/33'"},
        {"two peers of one name",
         node(peer("b", kKeyB, "") + peer("b", kKeyC, "")),
         "weft.toml:7:8: peer.name 'b' is taken by the peer at weft.toml:3:1"},
        {"two peers of one key",
         node(peer("b", kKeyB, "") + peer("c", kKeyB, "")),
         "weft.toml:8:14: peer.public_key of 'c' is the key of peer 'b' (weft.toml:3:1)"},
        {"one prefix of two peers",
         node(peer("b", kKeyB, "allowed_ips = [\"10.44.1.0/24\"]\n") +
              peer("c", kKeyC, "allowed_ips = [\"10.44.2.0/24\", \"10.44.1.7/24\"]\n")),
         "weft.toml:10:32: peer.allowed_ips 10.44.1.0/24 of 'c' belongs to peer 'b' "
         "(weft.toml:6:16)"},
        {"a prefix inside another peer's",
         node(peer("b", kKeyB, "allowed_ips = [\"10.44.1.128/25\"]\n") +
              peer("c", kKeyC, "allowed_ips = [\"10.44.0.0/16\"]\n")),
         "weft.toml:10:16: peer.allowed_ips 10.44.0.0/16 of 'c' overlaps 10.44.1.128/25 of peer "
         "'b' "
         "(weft.toml:6:16)"},
        {"two default routes",
         node(peer("b", kKeyB, "allowed_ips = [\"::/0\"]\n") +
              peer("c", kKeyC, "allowed_ips = [\"::/0\"]\n")),
         "weft.toml:10:16: peer.allowed_ips ::/0 of 'c' belongs to peer 'b' (weft.toml:6:16)"},
        {"our own address at a peer",
         node("addresses = [\"10.44.1.1/24\"]\n" +
              peer("b", kKeyB, "allowed_ips = [\"10.44.1.0/24\"]\n")),
         "weft.toml:7:16: peer.allowed_ips 10.44.1.0/24 of 'b' holds this node's own address "
         "10.44.1.1 (weft.toml:3:14)"},
        {"metrics at a name",
         "[api]\nmetrics = \"localhost:9484\"\n",
         "weft.toml:2:11: api.metrics must be an address of this machine and a port, as "
         "127.0.0.1:9484 or [::1]:9484, or \"\" for none, not 'localhost:9484'"},
        {"metrics without a port",
         "[api]\nmetrics = \"127.0.0.1:0\"\n",
         "weft.toml:2:11: api.metrics must be an address of this machine and a port, as "
         "127.0.0.1:9484 or [::1]:9484, or \"\" for none, not '127.0.0.1:0'"},
        {"a relative socket",
         "[api]\nsocket = \"weftd.sock\"\n",
         "weft.toml:2:10: api.socket must be an absolute path of at most 107 characters"},
        {"a relative directory",
         "[cni]\nbin_dir = \"bin\"\n",
         "weft.toml:2:11: cni.bin_dir must be an absolute path"},
        {"a truth that is none",
         "[cni]\nenabled = \"yes\"\n",
         "weft.toml:2:11: cni.enabled must be true or false, not a string"},
        {"an unknown log level",
         "[log]\nlevel = \"wran\"\n",
         "weft.toml:2:9: log.level is unknown: 'wran', did you mean 'warn'?"},
        {"an empty word", node("isa = \"\"\n"), "weft.toml:3:7: node.isa must not be empty"},
        {"a control character",
         node("isa = \"a\\u001bb\"\n"),
         "weft.toml:3:7: node.isa holds a control character"},
    };
}

TEST(LoadErrors, each_mistake_is_told_with_its_place) {
    for (const Mistake& mistake : mistakes()) {
        const test::TempDirectory directory;
        directory.write("private.key", std::string{kPrivate} + "\n");
        Paths paths;
        paths.config = directory.write("weft.toml", mistake.text);
        const auto config = load(paths);
        ASSERT_FALSE(config) << mistake.name;
        EXPECT_EQ(config.error().cause, mistake.message) << mistake.name;
    }
}

TEST(LoadErrors, the_first_mistake_of_a_file_is_told) {
    const test::TempDirectory directory;
    Paths paths;
    paths.config = directory.write("weft.toml", "[node]\nworkers = 99\nmtu = 1\nlisten_port = 0\n");
    const auto config = load(paths);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().cause, "weft.toml:2:11: node.workers must be 0..15, not 99");
}

TEST(LoadErrors, broken_toml_is_told_with_its_place) {
    for (const char* text : {"[node\n", "[node]\nname = \n", "[node]\nname = \"a\xff\"\n"}) {
        const test::TempDirectory directory;
        Paths paths;
        paths.config = directory.write("weft.toml", text);
        const auto config = load(paths);
        ASSERT_FALSE(config);
        EXPECT_TRUE(config.error().cause.starts_with("weft.toml:")) << config.error().cause;
        EXPECT_EQ(config.error().cause.find('\n'), std::string::npos);
    }
}

TEST(LoadErrors, a_key_given_twice_is_told) {
    const test::TempDirectory directory;
    Paths paths;
    paths.config = directory.write("weft.toml", "[node]\nmtu = 0\nmtu = 0\n");
    const auto config = load(paths);
    ASSERT_FALSE(config);
    EXPECT_TRUE(config.error().cause.starts_with("weft.toml:3:")) << config.error().cause;
}

TEST(LoadErrors, a_missing_file_is_told_with_a_way_out) {
    const test::TempDirectory directory;
    Paths paths;
    paths.config = directory / "weft.toml";
    const auto config = load(paths);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, std::errc::no_such_file_or_directory);
    EXPECT_EQ(config.error().message(),
              paths.config.string() +
                  ": No such file or directory (write it, or name another: --config FILE)");
}

TEST(LoadErrors, a_mistake_in_a_drop_in_names_the_drop_in) {
    const test::TempDirectory directory;
    Paths paths;
    paths.config = directory.write("weft.toml", "");
    directory.write("weft.toml.d/10-mtu.toml", "[node]\nmtu = true\n");
    const auto config = load(paths);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().cause,
              "weft.toml.d/10-mtu.toml:2:7: node.mtu must be an integer, not a boolean");
}

TEST(LoadErrors, a_private_key_file_need_not_be_named_but_be_there) {
    const test::TempDirectory directory;
    Paths paths;
    paths.config = directory.write("weft.toml", "[node]\n");
    auto config = load(paths);
    ASSERT_TRUE(config);
    EXPECT_TRUE(config->node.private_key_file.empty());

    directory.write("weft.toml", node(""));
    config = load(paths);
    ASSERT_FALSE(config);
    EXPECT_EQ(
        config.error().cause,
        "weft.toml:2:20: " + (directory / "private.key").string() + ": No such file or directory");
    EXPECT_EQ(config.error().remedy,
              "make a key: umask 077; weft genkey > " + (directory / "private.key").string());
}

TEST(LoadErrors, an_unknown_offload_in_the_environment_is_told) {
    const test::ScopedVariable off{"WEFT_OFFLOAD_OFF", "udp-gso,tun-tos"};
    const test::TempDirectory directory;
    directory.write("private.key", kPrivate);
    Paths paths;
    paths.config = directory.write("weft.toml", node(""));
    const auto config = load(paths);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().cause,
              "WEFT_OFFLOAD_OFF: unknown item 'tun-tos', did you mean 'tun-tso'?");
}

}  // namespace
}  // namespace weft::config

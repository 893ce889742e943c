// SPDX-License-Identifier: Apache-2.0
// What a good configuration becomes: values, defaults, merging, the environment, origins, key
// files, and its printed forms.
#include <string>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <weft/base/encoding.hpp>
#include <weft/config/config.hpp>

#include "temp_directory.hpp"

namespace weft::config {
namespace {

constexpr const char* kKeyB = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
constexpr const char* kKeyC = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0=";
constexpr const char* kPrivate = "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=";

class Load : public testing::Test {
  protected:
    Load() {
        for (const char* name : {"WEFT_ISA", "WEFT_OFFLOAD_OFF", "WEFT_SOCKET", "WEFT_RUN_DIR"}) {
            ::unsetenv(name);  // tests may run under any of them
        }
        directory_.write("private.key", std::string{kPrivate} + "\n");
    }

    Config loaded(const std::string& text) {
        paths_.config = directory_.write("weft.toml", text);
        auto config = load(paths_);
        EXPECT_TRUE(config) << config.error().message();
        return config ? *config : Config{};
    }

    test::TempDirectory directory_;
    Paths paths_;
};

const std::string kFull = std::string{R"([node]
name = "a"
interface = "wt1"
listen_port = 51841
mtu = 1420
workers = 2
fwmark = 0x10
private_key_file = "private.key"
addresses = ["10.44.0.1/24", "fd44::1/64"]
isa = "portable"
advertise = ["203.0.113.7:51841", "[2001:db8::7]:51840", "a.example:51840"]

[[peer]]
name = "b"
public_key = ")"} + kKeyB +
                          R"("
preshared_key_file = "private.key"
endpoint = "[2001:db8::1]:51840"
allowed_ips = ["10.44.1.9/24", "fd44:0:0:1::/64", "192.0.2.7"]
keepalive_s = 25

[[peer]]
name = "c"
public_key = ")" + kKeyC + R"("
endpoint = "host.example:51840"
allowed_ips = ["0.0.0.0/0", "::/0"]

[[discovery]]
exec = ["/usr/bin/weft-discover-scaleway", "--zone", "fr-par-1"]

[[discovery]]
file = "machines.json"
interval_s = 5

[[discovery]]
dns = "nodes.example"

[gossip]
enabled = false
seeds = ["seed.example:51840", "192.0.2.1:51841"]

[network]
pool4 = "10.64.0.0/12"
pool6 = "fd12:3456:789a::/48"
block4 = 25
block6 = 60

[cni]
enabled = false
conf_dir = "/etc/other/net.d"
bin_dir = "/opt/cni/bin"

[firewall]
enabled = false
lockdown = true
masquerade = false
mss_clamp = false
notrack = true
exclusive = false
open_others = true
allow = ["192.0.2.9/24", "2001:db8::1"]
metadata = ["169.254.169.254"]

[api]
socket = "/tmp/w.sock"
metrics = "[::1]:9999"
group = "adm"

[log]
level = "debug"
format = "json"
)";

TEST_F(Load, takes_every_key) {
    const Config config = loaded(kFull);
    EXPECT_EQ(config.node.name, "a");
    EXPECT_EQ(config.node.interface, "wt1");
    EXPECT_EQ(config.node.listen_port, 51841);
    EXPECT_EQ(config.node.mtu, 1420U);
    EXPECT_EQ(config.node.workers, 2U);
    const FirewallConfig& firewall = config.firewall;
    EXPECT_FALSE(firewall.enabled || firewall.masquerade || firewall.mss_clamp ||
                 firewall.exclusive);
    EXPECT_TRUE(firewall.lockdown && firewall.notrack && firewall.open_others);
    ASSERT_EQ(firewall.allow.size(), 2U);
    EXPECT_EQ(firewall.allow[0].to_string(), "192.0.2.0/24");
    EXPECT_EQ(firewall.allow[1].to_string(), "2001:db8::1/128");
    ASSERT_EQ(firewall.metadata.size(), 1U);
    EXPECT_EQ(config.node.fwmark, 16U);
    EXPECT_EQ(config.node.private_key_file, directory_ / "private.key");
    ASSERT_EQ(config.node.addresses.size(), 2U);
    EXPECT_EQ(config.node.addresses[0].to_string(), "10.44.0.1/24");
    EXPECT_EQ(config.node.isa, "portable");
    ASSERT_EQ(config.node.advertise.size(), 3U);
    EXPECT_EQ(config.node.advertise[2], (HostPort{"a.example", 51840}));
    EXPECT_FALSE(config.gossip.enabled);
    EXPECT_EQ(config.gossip.seeds,
              (std::vector<HostPort>{{"seed.example", 51840}, {"192.0.2.1", 51841}}));
    EXPECT_EQ(config.node.advertise[1].to_string(), "[2001:db8::7]:51840");
    EXPECT_EQ(config.network.pool4, *net::Prefix::parse("10.64.0.0/12"));
    EXPECT_EQ(config.network.pool6, *net::Prefix::parse("fd12:3456:789a::/48"));
    EXPECT_EQ(config.network.block4, 25U);
    EXPECT_EQ(config.network.block6, 60U);
    ASSERT_EQ(config.peers.size(), 2U);
    const PeerConfig& b = config.peers[0];
    EXPECT_EQ(b.name, "b");
    EXPECT_EQ(to_base64(b.public_key), kKeyB);
    EXPECT_EQ(b.preshared_key_file, directory_ / "private.key");
    EXPECT_EQ(b.endpoint, (HostPort{"2001:db8::1", 51840}));
    ASSERT_EQ(b.allowed_ips.size(), 3U);
    EXPECT_EQ(b.allowed_ips[0].to_string(), "10.44.1.0/24");  // masked
    EXPECT_EQ(b.allowed_ips[2], *net::Prefix::parse("192.0.2.7/32"));
    EXPECT_EQ(b.keepalive, std::chrono::seconds{25});
    EXPECT_EQ(b.where, "weft.toml:13:1");
    EXPECT_EQ(config.peers[1].endpoint->to_string(), "host.example:51840");
    EXPECT_TRUE(config.peers[1].preshared_key_file.empty());
    ASSERT_EQ(config.discovery.size(), 3U);
    EXPECT_EQ(config.discovery[0].text(), "exec /usr/bin/weft-discover-scaleway --zone fr-par-1");
    DiscoveryConfig spaced;
    spaced.exec = {"/p", "a b", R"(c"\)"};
    EXPECT_EQ(spaced.text(), R"(exec /p "a b" "c\"\\")");
    EXPECT_EQ(config.discovery[0].interval, std::chrono::seconds{60});
    EXPECT_EQ(config.discovery[1].file, directory_ / "machines.json");
    EXPECT_EQ(config.discovery[1].interval, std::chrono::seconds{5});
    EXPECT_EQ(config.discovery[2].text(), "dns nodes.example");
    EXPECT_EQ(config.discovery[2].where, "weft.toml:34:1");
    EXPECT_EQ(config.origins.at("discovery.1.interval_s"), "weft.toml:32:14");
    EXPECT_FALSE(config.cni.enabled);
    EXPECT_EQ(config.cni.conf_dir, "/etc/other/net.d");
    EXPECT_EQ(config.cni.bin_dir, "/opt/cni/bin");
    EXPECT_EQ(config.api.socket, "/tmp/w.sock");
    EXPECT_EQ(config.api.group, "adm");
    EXPECT_EQ(config.api.metrics, net::Endpoint::parse("[::1]:9999"));
    EXPECT_EQ(config.log.level, "debug");
    EXPECT_EQ(config.log.format, "json");
}

TEST_F(Load, fills_in_defaults) {
    const Config config = loaded("[node]\nprivate_key_file = \"private.key\"\n");
    EXPECT_FALSE(config.node.name.empty());
    EXPECT_EQ(config.node.name.find('.'), std::string::npos);
    EXPECT_EQ(config.node.interface, "weft0");
    EXPECT_EQ(config.node.listen_port, 51840);
    EXPECT_EQ(config.node.isa, "auto");
    EXPECT_TRUE(config.cni.enabled);
    EXPECT_EQ(config.cni.conf_dir, "/etc/cni/net.d");
    EXPECT_EQ(config.cni.bin_dir, "/usr/lib/cni");
    EXPECT_EQ(config.api.socket, "/run/weft/weftd.sock");
    EXPECT_EQ(config.api.metrics, net::Endpoint::parse("127.0.0.1:9484"));
    EXPECT_EQ(config.offloads, sys::Offloads{});
    EXPECT_EQ(config.origins.at("node.mtu"), "default");
}

TEST_F(Load, metrics_may_be_off) {
    const Config config = loaded("[api]\nmetrics = \"\"\n");
    EXPECT_FALSE(config.api.metrics);
    EXPECT_NE(to_toml(config, false).find("metrics = \"\"\n"), std::string::npos);
}

TEST_F(Load, later_files_win_and_their_peers_add_up) {
    directory_.write("weft.toml.d/20-more.toml",
                     std::string{"[node]\nmtu = 1400\n[[peer]]\nname = \"c\"\npublic_key = \""} +
                         kKeyC + "\"\n");
    directory_.write("weft.toml.d/10-first.toml", "[node]\nmtu = 1300\nworkers = 3\n");
    directory_.write("weft.toml.d/.hidden.toml", "nonsense");
    directory_.write("weft.toml.d/readme.txt", "nonsense");
    const Config config = loaded(
        std::string{"[node]\nmtu = 1280\nprivate_key_file = \"private.key\"\n[[peer]]\nname = "
                    "\"b\"\npublic_key = \""} +
        kKeyB + "\"\n");
    EXPECT_EQ(config.node.mtu, 1400U);
    EXPECT_EQ(config.node.workers, 3U);
    ASSERT_EQ(config.peers.size(), 2U);
    EXPECT_EQ(config.peers[0].name, "b");
    EXPECT_EQ(config.peers[1].where, "weft.toml.d/20-more.toml:3:1");
    EXPECT_EQ(config.origins.at("node.mtu"), "weft.toml.d/20-more.toml:2:7");
    EXPECT_EQ(config.origins.at("node.workers"), "weft.toml.d/10-first.toml:3:11");
    EXPECT_EQ(config.origins.at("peer.c.name"), "weft.toml.d/20-more.toml:4:8");
    EXPECT_EQ(config.origins.at("peer.c.endpoint"), "default");
}

TEST_F(Load, the_environment_wins_over_the_files) {
    const test::ScopedVariable isa{"WEFT_ISA", "avx2"};
    const test::ScopedVariable off{"WEFT_OFFLOAD_OFF", "tun-uso,,udp-gro"};
    const test::ScopedVariable socket{"WEFT_SOCKET", "/tmp/other.sock"};
    paths_ = Paths::from_environment();
    const Config config = loaded(kFull);
    EXPECT_EQ(config.node.isa, "avx2");
    EXPECT_EQ(config.origins.at("node.isa"), "WEFT_ISA");
    EXPECT_EQ(config.offloads, (sys::Offloads{true, false, true, false}));
    EXPECT_EQ(config.origins.at("offload.tun_uso"), "WEFT_OFFLOAD_OFF");
    EXPECT_EQ(config.origins.at("offload.tun_tso"), "default");
    EXPECT_EQ(config.api.socket, "/tmp/other.sock");
    EXPECT_EQ(config.origins.at("api.socket"), "WEFT_SOCKET");
}

TEST_F(Load, a_flag_wins_over_the_environment) {
    const test::ScopedVariable socket{"WEFT_SOCKET", "/tmp/other.sock"};
    paths_.socket = "/tmp/flag.sock";
    const Config config = loaded(kFull);
    EXPECT_EQ(config.api.socket, "/tmp/flag.sock");
    EXPECT_EQ(config.origins.at("api.socket"), "--socket");
}

TEST_F(Load, the_socket_lies_in_the_run_directory_unless_it_is_set) {
    const test::ScopedVariable run{"WEFT_RUN_DIR", "/tmp/weft-run"};
    paths_ = Paths::from_environment();
    const Config config = loaded("[node]\nprivate_key_file = \"private.key\"\n");
    EXPECT_EQ(config.api.socket, "/tmp/weft-run/weftd.sock");
    EXPECT_EQ(config.origins.at("api.socket"), "WEFT_RUN_DIR");
    EXPECT_EQ(find_socket(paths_), "/tmp/weft-run/weftd.sock");
    EXPECT_EQ(loaded(kFull).api.socket, "/tmp/w.sock");
    EXPECT_EQ(find_socket(paths_), "/tmp/w.sock");
}

TEST_F(Load, every_place_comes_from_its_variable) {
    const test::ScopedVariable config{"WEFT_CONFIG", "/a/b.toml"};
    const test::ScopedVariable state{"WEFT_STATE_DIR", "/c"};
    const test::ScopedVariable empty{"WEFT_RUN_DIR", ""};
    const Paths paths = Paths::from_environment();
    EXPECT_EQ(paths.config, "/a/b.toml");
    EXPECT_EQ(paths.state_dir, "/c");
    EXPECT_EQ(paths.run_dir, "/run/weft");
    EXPECT_FALSE(paths.socket);
}

TEST_F(Load, finds_the_socket_without_files) {
    paths_.config = directory_ / "nothing.toml";
    EXPECT_EQ(find_socket(paths_), "/run/weft/weftd.sock");
    paths_.config = directory_.write("broken.toml", "[api\nsocket=");
    EXPECT_EQ(find_socket(paths_), "/run/weft/weftd.sock");
    paths_.socket = "/tmp/flag.sock";
    EXPECT_EQ(find_socket(paths_), "/tmp/flag.sock");
}

TEST_F(Load, a_default_route_may_hold_others_prefixes_and_our_address) {
    const Config config = loaded(kFull);  // c has both default routes
    EXPECT_EQ(config.peers[1].allowed_ips.size(), 2U);
}

TEST_F(Load, a_peer_may_nest_its_own_prefixes) {
    const Config config =
        loaded(std::string{"[node]\nprivate_key_file = \"private.key\"\n[[peer]]\nname = "
                           "\"b\"\nallowed_ips = [\"10.0.0.0/8\", \"10.1.0.0/16\", "
                           "\"10.1.0.0/16\"]\npublic_key = \""} +
               kKeyB + "\"\n");
    EXPECT_EQ(config.peers[0].allowed_ips.size(), 3U);
}

TEST_F(Load, the_printed_toml_loads_to_the_same_values) {
    const Config config = loaded(kFull);
    const std::string printed = to_toml(config, false);
    const Config again = loaded(to_toml(config, true));
    EXPECT_EQ(to_toml(again, false), printed);
    EXPECT_NE(printed.find("allowed_ips = [\"10.44.1.0/24\", "), std::string::npos);
}

TEST_F(Load, the_printed_toml_tells_origins) {
    const std::string printed = to_toml(loaded(kFull), true);
    EXPECT_NE(printed.find("mtu = 1420  # weft.toml:5:7\n"), std::string::npos) << printed;
    EXPECT_NE(printed.find("keepalive_s = 0  # default\n"), std::string::npos) << printed;
}

TEST_F(Load, the_printed_json_has_null_for_what_is_not_set) {
    const std::string printed = to_json(loaded(kFull));
    EXPECT_TRUE(printed.starts_with(R"({"api":"weft/v1","config":{"node":{"name":"a",)"));
    EXPECT_NE(printed.find("\"preshared_key_file\":null"), std::string::npos);
    EXPECT_NE(printed.find(R"("node.mtu":"weft.toml:5:7")"), std::string::npos);
    EXPECT_EQ(printed.find(kPrivate), std::string::npos);
}

TEST_F(Load, strings_are_printed_with_their_escapes) {
    Config config;
    config.node.name = "a\"\\\n\x7f";
    EXPECT_NE(to_json(config).find(R"("name":"a\"\\\u000A\u007F")"), std::string::npos);
}

TEST_F(Load, endpoints_are_names_addresses_and_nothing_else) {
    const auto endpoint_loads = [&](const std::string& endpoint) {
        paths_.config = directory_.write(
            "weft.toml",
            "[node]\nprivate_key_file = \"private.key\"\n[[peer]]\nname = \"b\"\nendpoint = \"" +
                endpoint + "\"\npublic_key = \"" + kKeyB + "\"\n");
        return load(paths_).has_value();
    };
    for (const char* good : {"192.0.2.1:1", "[fe80::1%eth0]:51840", "a:65535", "a-b.example.:7"}) {
        EXPECT_TRUE(endpoint_loads(good)) << good;
    }
    for (const char* bad : {"",
                            ":1",
                            "a",
                            "a:",
                            "a:0",
                            "a:65536",
                            "a:1x",
                            "a b:1",
                            "-a:1",
                            "a..b:1",
                            "1.2.3:1",
                            "0.0.0.0:1",
                            "224.0.0.1:1",
                            "[::]:1",
                            "[ff02::1]:1",
                            "[fe80::1%]:1",
                            "[192.0.2.1]:1",
                            "[::1:1",
                            "[]:1"}) {
        EXPECT_FALSE(endpoint_loads(bad)) << bad;
    }
}

TEST(KeyFile, holds_a_key_and_white_space) {
    const test::TempDirectory directory;
    for (const char* end : {"", "\n", "\r\n", " \n\n"}) {
        const auto key = load_key_file(directory.write("k", std::string{kPrivate} + end));
        ASSERT_TRUE(key);
        EXPECT_EQ(to_base64(key->bytes()), kPrivate);
    }
}

TEST(KeyFile, refuses_what_is_no_key) {
    const test::TempDirectory directory;
    const std::string zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (const std::string& text : {std::string{},
                                    std::string{"\n"},
                                    std::string{kPrivate}.substr(1),
                                    std::string{kPrivate} + "x",
                                    std::string{kPrivate} + std::string(64, '\n'),
                                    zeros}) {
        const auto key = load_key_file(directory.write("k", text));
        ASSERT_FALSE(key) << text;
        EXPECT_EQ(key.error().cause,
                  (directory / "k").string() + " does not hold a key (44 characters of base64)");
    }
}

TEST(KeyFile, refuses_what_others_may_read) {
    const test::TempDirectory directory;
    const auto file = directory.write("k", kPrivate);
    for (const mode_t mode : {0640U, 0604U, 0620U, 0611U}) {
        ASSERT_EQ(::chmod(file.c_str(), mode), 0);
        const auto key = load_key_file(file);
        ASSERT_FALSE(key);
        EXPECT_EQ(key.error().remedy, "chmod 600 " + file.string());
    }
}

TEST(KeyFile, refuses_what_is_no_plain_file) {
    const test::TempDirectory directory;
    std::filesystem::create_symlink(directory.write("k", kPrivate), directory / "link");
    EXPECT_EQ(load_key_file(directory / "link").error().cause,
              (directory / "link").string() + " is a symbolic link");
    EXPECT_EQ(load_key_file(directory.path()).error().cause,
              directory.path().string() + " is not a regular file");
    ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
    EXPECT_FALSE(load_key_file(directory / "fifo"));
    EXPECT_EQ(load_key_file(directory / "none").error().code, std::errc::no_such_file_or_directory);
}

}  // namespace
}  // namespace weft::config

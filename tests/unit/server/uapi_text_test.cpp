// SPDX-License-Identifier: Apache-2.0
// WireGuard's configuration protocol: what wg sends, what it expects, and what nobody should send.
#include "uapi_text.hpp"

#include <gtest/gtest.h>

#include <weft/base/random.hpp>

namespace weft::server {
namespace {

const std::string kKeyA(64, 'a');
const std::string kKeyB(64, 'b');

std::uint32_t no_zone(const std::string& name) {
    return name == "eth0" ? 2 : 0;
}

Result<UapiRequest> parse(const std::string& text) {
    return parse_uapi_request(text, no_zone);
}

control::DeviceEdit edit_of(const std::string& lines) {
    Result<UapiRequest> request = parse("set=1\n" + lines + "\n");
    EXPECT_TRUE(request) << lines;
    return request ? std::move(std::get<control::DeviceEdit>(*request)) : control::DeviceEdit{};
}

TEST(UapiText, ReadsGet) {
    const auto request = parse("get=1\n\n");
    ASSERT_TRUE(request);
    EXPECT_TRUE(std::holds_alternative<UapiGet>(*request));
}

TEST(UapiText, ReadsWhatWgSetSends) {
    const auto edit =
        edit_of("private_key=" + kKeyA +
                "\nlisten_port=51820\nfwmark=51820\nreplace_peers=true\npublic_key=" + kKeyB +
                "\npreshared_key=" + kKeyA +
                "\nendpoint=[2001:db8::1]:51820\npersistent_keepalive_interval=25\n"
                "replace_allowed_ips=true\nallowed_ip=10.1.2.3/24\nallowed_ip=fd00::/64\n"
                "protocol_version=1\npublic_key=" +
                kKeyA + "\nremove=true\npublic_key=" + kKeyB +
                "\nupdate_only=true\nallowed_ip=-10.1.2.0/24\n");
    EXPECT_TRUE(edit.private_key);
    EXPECT_EQ(edit.listen_port, 51820);
    EXPECT_EQ(edit.fwmark, 51820U);
    EXPECT_TRUE(edit.replace_peers);
    ASSERT_EQ(edit.peers.size(), 3U);
    EXPECT_TRUE(edit.peers[0].preshared_key);
    EXPECT_EQ(edit.peers[0].endpoint->to_string(), "[2001:db8::1]:51820");
    EXPECT_EQ(edit.peers[0].keepalive, std::chrono::seconds{25});
    EXPECT_TRUE(edit.peers[0].replace_allowed_ips);
    ASSERT_EQ(edit.peers[0].allowed_ips.size(), 2U);
    EXPECT_EQ(edit.peers[0].allowed_ips[0].prefix.to_string(), "10.1.2.0/24");  // masked
    EXPECT_TRUE(edit.peers[1].remove);
    EXPECT_TRUE(edit.peers[2].update_only);
    EXPECT_TRUE(edit.peers[2].allowed_ips.at(0).remove);
}

TEST(UapiText, ReadsZonesOfLinkLocalEndpoints) {
    const std::string peer = "public_key=" + kKeyA + "\nendpoint=";
    EXPECT_EQ(edit_of(peer + "[fe80::1%eth0]:1\n").peers[0].endpoint->scope_id, 2U);
    EXPECT_EQ(edit_of(peer + "[fe80::1%7]:1\n").peers[0].endpoint->scope_id, 7U);
    const auto unknown = parse("set=1\n" + peer + "[fe80::1%eth9]:1\n\n");
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, std::errc::no_such_device);
}

TEST(UapiText, AnEmptySetChangesNothing) {
    EXPECT_TRUE(edit_of("").empty());
    EXPECT_EQ(edit_of("fwmark=\n").fwmark, 0U);  // off
}

TEST(UapiText, RefusesMalformedRequests) {
    const std::string peer = "set=1\npublic_key=" + kKeyA + "\n";
    for (const std::string& text :
         std::vector<std::string>{"",
                                  "\n",
                                  "\n\n",
                                  "get=1\n",
                                  "get=2\n\n",
                                  "get=1\nset=1\n\n",
                                  "set=1\nlisten_port\n\n",
                                  "set=1\nlisten_port=65536\n\n",
                                  "set=1\nlisten_port=-1\n\n",
                                  "set=1\nlisten_port= 1\n\n",
                                  "set=1\nlisten_port=1 \n\n",
                                  "set=1\nfwmark=4294967296\n\n",
                                  "set=1\nreplace_peers=false\n\n",
                                  "set=1\nprivate_key=" + kKeyA.substr(1) + "\n\n",
                                  "set=1\nprivate_key=" + kKeyA + "a\n\n",
                                  "set=1\npublic_key=zz" + kKeyA.substr(2) + "\n\n",
                                  "set=1\nallowed_ip=10.0.0.0/8\n\n",  // of no peer
                                  "set=1\nunknown=1\n\n",
                                  peer + "listen_port=1\n\n",  // device keys come first
                                  peer + "endpoint=192.0.2.1\n\n",
                                  peer + "endpoint=192.0.2.1:0\n\n",
                                  peer + "endpoint=example.org:1\n\n",
                                  peer + "endpoint=192.0.2.1%2]:1\n\n",
                                  peer + "endpoint=[::1%]:1\n\n",
                                  peer + "endpoint=%\n\n",
                                  peer + "allowed_ip=10.0.0.0/33\n\n",
                                  peer + "allowed_ip=\n\n",
                                  peer + "allowed_ip=-\n\n",
                                  peer + "allowed_ip=--10.0.0.0/8\n\n",
                                  peer + "persistent_keepalive_interval=65536\n\n",
                                  peer + "persistent_keepalive_interval=off\n\n",
                                  peer + "remove=yes\n\n",
                                  peer + "protocol_version=2\n\n",
                                  peer + "allowed_ip=" + std::string(kUapiLineMax, '1') + "\n\n"}) {
        EXPECT_FALSE(parse(text)) << text;
    }
}

TEST(UapiText, NeverRepeatsAValueInAnError) {
    const auto request = parse("set=1\nprivate_key=" + kKeyA + "x\n\n");
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().message().find("aaaa"), std::string::npos);
}

TEST(UapiText, SurvivesEveryTruncationAndNoise) {
    const std::string good = "set=1\nprivate_key=" + kKeyA + "\npublic_key=" + kKeyB +
                             "\nendpoint=[fe80::1%eth0]:51820\nallowed_ip=-10.1.2.3/24\n\n";
    ASSERT_TRUE(parse(good));
    for (std::size_t size = 0; size < good.size(); ++size) {
        static_cast<void>(parse(good.substr(0, size)));
        static_cast<void>(parse(good.substr(0, size) + "\n\n"));
    }
    SeededRandom random{1};
    for (int i = 0; i < 20000; ++i) {
        std::string noisy = good;
        for (int k = 0; k < 3; ++k) {
            noisy[random.below(noisy.size())] = static_cast<char>(random.below(256));
        }
        static_cast<void>(parse(noisy));
    }
}

TEST(UapiText, FindsTheEndOfARequestHoweverItArrives) {
    const std::string text = "set=1\nlisten_port=1\n\nget=1\n\n";
    EXPECT_EQ(find_uapi_request(text, 0), 21U);
    for (std::size_t size = 0; size < 21; ++size) {
        EXPECT_EQ(find_uapi_request(text.substr(0, size), 0), 0U);
        EXPECT_EQ(find_uapi_request(text.substr(0, 21), size), 21U);
    }
    EXPECT_EQ(find_uapi_request("\nget", 0), 1U);
}

TEST(UapiText, TakesAsManyPrefixesAsNetnsShHas) {
    std::string lines = "public_key=" + kKeyA + "\n";
    for (int i = 0; i < 130'560; ++i) {
        lines += "allowed_ip=10." + std::to_string(i >> 16) + "." + std::to_string((i >> 8) & 255) +
                 "." + std::to_string(i & 255) + "/32\n";
    }
    EXPECT_EQ(edit_of(lines).peers.at(0).allowed_ips.size(), 130'560U);
}

TEST(UapiText, PrintsWhatWgReads) {
    control::DeviceView device;
    device.private_key.mutable_bytes()[0] = std::byte{0x12};
    device.listen_port = 51840;
    control::PeerView& peer = device.peers.emplace_back();
    peer.public_key[31] = std::byte{0xff};
    peer.endpoint = net::Endpoint::parse("192.0.2.1:1");
    peer.last_handshake = WallTime{std::chrono::nanoseconds{5'000'000'007}};
    peer.rx_bytes = 3;
    peer.tx_bytes = 4;
    peer.keepalive = std::chrono::seconds{25};
    peer.allowed_ips = {net::Prefix::parse("10.0.0.1").value()};
    const std::string zeros(62, '0');
    EXPECT_EQ(print_uapi_device(device),
              "private_key=12" + zeros + "\nlisten_port=51840\npublic_key=" + zeros +
                  "ff\npreshared_key=" + zeros +
                  "00\nprotocol_version=1\nendpoint=192.0.2.1:1\nlast_handshake_time_sec=5\n"
                  "last_handshake_time_nsec=7\ntx_bytes=4\nrx_bytes=3\n"
                  "persistent_keepalive_interval=25\nallowed_ip=10.0.0.1/32\nerrno=0\n\n");
    EXPECT_EQ(print_uapi_device({}), "errno=0\n\n");
    EXPECT_EQ(print_uapi_errno(22), "errno=-22\n\n");
}

}  // namespace
}  // namespace weft::server

// SPDX-License-Identifier: Apache-2.0
// The status, ping and error documents: exact text, round trips, the schema, and hostile input.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include <weft/api/status.hpp>

#include "schema.hpp"

namespace weft::api {
namespace {

Status example() {
    Status status;
    status.version = "0.1.0";
    status.verdict = "degraded";
    status.node = {"a", std::nullopt, "pubA", "weft0", 51840, 1420, {"10.44.0.0/24"}, 7};
    status.isa_chosen = "libsodium";
    status.isa_available = {"libsodium"};
    status.tun_tso = true;
    status.udp_gro = true;
    status.workers = 2;
    status.shared_batches = 5;
    PeerStatus b;
    b.name = "b";
    b.public_key = "pubB";
    b.origin = "static";
    b.endpoint = "192.0.2.1:51840";
    b.allowed_ips = {"10.44.1.0/24", "fd44::/64"};
    b.session = "up";
    b.last_handshake_ms = 1'700'000'000'123;
    b.mtu = 1420;
    b.rx_bytes = 18'446'744'073'709'551'615U;
    PeerStatus c;
    c.name = "c";
    c.origin = "uapi";
    c.session = "none";
    status.peers = {b, c};
    status.drops = {{"auth_failed", 0}, {"no_route", 3}};
    status.problems = {{"peer_silent", "error", "c", "no \"reply\"", "weft ping c"}};
    return status;
}

test::Schema schema() {
    std::ifstream file{WEFT_VECTORS "/../../include/weft/api/status.schema.json"};
    std::stringstream text;
    text << file.rdbuf();
    return test::Schema{boost::json::parse(text.str())};
}

TEST(StatusJson, is_printed_in_the_order_of_the_interface) {
    EXPECT_EQ(
        to_json(example()),
        R"({"api":"weft/v1","version":"0.1.0","verdict":"degraded","node":{"name":"a","id":null,)"
        R"("public_key":"pubA","interface":"weft0","listen_port":51840,"mtu":1420,)"
        R"("blocks":["10.44.0.0/24"],"uptime_s":7},)"
        R"("isa":{"chosen":"libsodium","available":["libsodium"]},)"
        R"("offload":{"tun_tso":true,"tun_uso":false,"udp_gso":false,"udp_gro":true},"workers":2,)"
        R"("shared_batches":5,)"
        R"("peers":[{"name":"b","id":null,"public_key":"pubB","origin":"static","member":null,)"
        R"("endpoint":"192.0.2.1:51840","path":null,"blocks":[],)"
        R"("allowed_ips":["10.44.1.0/24","fd44::/64"],"session":"up",)"
        R"("last_handshake_ms":1700000000123,"rtt_us":null,"loss_ppm":null,"mtu":1420,)"
        R"("rx_bytes":18446744073709551615,"tx_bytes":0,"rx_packets":0,"tx_packets":0},)"
        R"({"name":"c","id":null,"public_key":"","origin":"uapi","member":null,"endpoint":null,)"
        R"("path":null,"blocks":[],"allowed_ips":[],"session":"none","last_handshake_ms":null,)"
        R"("rtt_us":null,"loss_ppm":null,"mtu":null,"rx_bytes":0,"tx_bytes":0,"rx_packets":0,)"
        R"("tx_packets":0}],"drops":{"auth_failed":0,"no_route":3},)"
        R"("problems":[{"code":"peer_silent","severity":"error","subject":"c",)"
        R"("cause":"no \"reply\"","remedy":"weft ping c"}]})");
}

TEST(StatusJson, survives_a_round_trip) {
    const std::string text = to_json(example());
    const auto parsed = parse_status(text);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(to_json(*parsed), text);
}

TEST(StatusJson, is_valid_by_the_schema) {
    const auto rules = schema();
    EXPECT_EQ(rules.check(boost::json::parse(to_json(example()))), "");
    Status empty = example();
    empty.peers.clear();
    empty.problems.clear();
    empty.drops.clear();
    empty.verdict = "starting";
    EXPECT_EQ(rules.check(boost::json::parse(to_json(empty))), "");
}

TEST(StatusJson, is_refused_by_the_schema_when_it_is_wrong) {
    const auto rules = schema();
    Status status = example();
    status.verdict = "fine";
    EXPECT_EQ(rules.check(boost::json::parse(to_json(status))), "$.verdict: not in enum");
    status = example();
    status.peers[1].session = "?";
    EXPECT_EQ(rules.check(boost::json::parse(to_json(status))), "$.peers[].session: not in enum");
    auto document = boost::json::parse(to_json(example()));
    document.as_object()["drops"].as_object()["no_route"] = -1;
    EXPECT_EQ(rules.check(document), "$.drops.no_route: out of range");
    document.as_object().erase("workers");
    EXPECT_EQ(rules.check(document), "$: no workers");
}

TEST(StatusJson, further_fields_are_ignored) {
    std::string text = to_json(example());
    text.insert(1, R"("later":[{}],)");
    EXPECT_TRUE(parse_status(text));
}

TEST(StatusJson, every_truncation_is_an_error) {
    const std::string text = to_json(example());
    for (std::size_t size = 0; size < text.size(); ++size) {
        EXPECT_FALSE(parse_status(std::string_view{text}.substr(0, size))) << size;
    }
}

TEST(StatusJson, a_field_that_is_wrong_is_named) {
    const auto message = [](std::string from, std::string_view what, std::string_view instead) {
        from.replace(from.find(what), what.size(), instead);
        const auto parsed = parse_status(from);
        return parsed ? std::string{"no error"} : parsed.error().cause;
    };
    const std::string good = to_json(example());
    EXPECT_EQ(message(good, "\"mtu\":1420", "\"mtv\":1420"),
              "the JSON field 'node.mtu' is missing");
    EXPECT_EQ(message(good, "51840", "65536"),
              "the JSON field 'node.listen_port' is not a number in range");
    EXPECT_EQ(message(good, "51840", "1.5"),
              "the JSON field 'node.listen_port' is not a number in range");
    EXPECT_EQ(message(good, "\"uptime_s\":7", "\"uptime_s\":-7"),
              "the JSON field 'node.uptime_s' is not a number in range");
    EXPECT_EQ(message(good, "\"no_route\":3", "\"no_route\":null"),
              "the JSON field 'drops.no_route' is not a number in range");
    EXPECT_EQ(message(good, "\"session\":\"up\"", "\"session\":1"),
              "the JSON field 'peers[0].session' is not a string");
    EXPECT_EQ(message(good, "[\"10.44.0.0/24\"]", "[1]"),
              "the JSON field 'node.blocks' holds something else than strings");
    EXPECT_EQ(message(good, "\"tun_tso\":true", "\"tun_tso\":1"),
              "the JSON field 'offload.tun_tso' is not true or false");
    EXPECT_EQ(message(good, "weft/v1", "weft/v2"),
              "the JSON field 'api' is 'weft/v2', this program speaks weft/v1");
}

TEST(StatusJson, hostile_documents_are_errors) {
    for (const std::string& text :
         {std::string{},
          std::string{"null"},
          std::string{"[]"},
          std::string{"{}"},
          std::string{"{\"node\":1}"},
          std::string{"\xff\xfe"},
          std::string{"{\"a\":\"\xc3\"}"},
          std::string(100'000, '['),
          "{\"peers\":" + std::string(20, '[') + std::string(20, ']') + "}"}) {
        EXPECT_FALSE(parse_status(text));
        EXPECT_FALSE(parse_peers(text));
        EXPECT_FALSE(parse_ping_request(text));
        EXPECT_FALSE(parse_ping_reply(text));
        EXPECT_FALSE(parse_error(text).cause.empty());
    }
}

TEST(PeersJson, survives_a_round_trip) {
    const std::string text = peers_to_json(example().peers);
    EXPECT_TRUE(text.starts_with(R"({"api":"weft/v1","peers":[{"name":"b",)")) << text;
    const auto peers = parse_peers(text);
    ASSERT_TRUE(peers);
    EXPECT_EQ(peers_to_json(*peers), text);
}

TEST(PingJson, a_request_has_defaults_and_bounds) {
    const auto request = parse_ping_request(R"({"target":"b"})");
    ASSERT_TRUE(request);
    EXPECT_EQ(to_json(*request), R"({"target":"b","count":3,"interval_ms":200,"timeout_ms":2000})");
    EXPECT_TRUE(parse_ping_request(to_json(PingRequest{"b", 100, 60000, 1})));
    for (const char* text : {R"({"target":""})",
                             R"({"count":1})",
                             R"({"target":"b","count":0})",
                             R"({"target":"b","count":101})",
                             R"({"target":"b","count":-1})",
                             R"({"target":"b","count":4294967297})",
                             R"({"target":"b","timeout_ms":60001})",
                             R"({"target":"b","interval_ms":"1"})"}) {
        EXPECT_FALSE(parse_ping_request(text)) << text;
    }
    EXPECT_FALSE(parse_ping_request(to_json(PingRequest{std::string(254, 'x')})));
}

TEST(PingJson, a_reply_survives_a_round_trip) {
    const PingReply reply{"b", "b", "10.44.1.1", "up", 3, 2, {210, std::nullopt, 190}};
    const std::string text = to_json(reply);
    EXPECT_EQ(text,
              R"({"api":"weft/v1","target":"b","peer":"b","address":"10.44.1.1","session":"up",)"
              R"("sent":3,"received":2,"rtt_us":[210,null,190]})");
    const auto parsed = parse_ping_reply(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(to_json(*parsed), text);
}

TEST(ErrorJson, carries_cause_and_remedy) {
    const Error error = invalid("no peer named 'x'", "weft peers");
    const std::string text = error_to_json("not_found", error);
    EXPECT_EQ(
        text,
        R"({"error":{"code":"not_found","cause":"no peer named 'x'","remedy":"weft peers"}})");
    EXPECT_EQ(parse_error(text).message(), "no peer named 'x' (weft peers)");
    EXPECT_EQ(parse_error("<html>").cause, "weftd answered with an error that cannot be read");
}

}  // namespace
}  // namespace weft::api

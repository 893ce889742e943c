// SPDX-License-Identifier: Apache-2.0
// The documents about a node's network: exact text, round trips, every field missing and of a wrong
// type, bounds, and hostile input.
#include <functional>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <weft/api/network.hpp>
#include <weft/api/network_keys.hpp>

namespace weft::api {
namespace {

namespace network_test {

using Document = boost::json::value;

/// The text again as its own parser and printer make it, or the error's cause.
using Again = std::function<std::string(std::string_view)>;

template <class T>
Again again_by(Result<T> (*parse)(std::string_view)) {
    return [parse](std::string_view text) {
        const auto value = parse(text);
        return value ? to_json(*value) : value.error().cause;
    };
}

struct Case {
    const char* name;
    std::string text;  // of a document in which every list has members and nothing is null
    Again again;
};

Members members() {
    MemberStatus a;
    a.name = "a";
    a.id = "00112233445566778899aabbccddeeff";
    a.state = "alive";
    a.self = true;
    a.issuer = true;
    a.blocks = {"10.44.0.0/24", "fd44::/64"};
    a.routed = {"192.168.7.0/24"};
    a.endpoints = {"203.0.113.1:51840"};
    a.endpoint = "203.0.113.1:51840";
    a.software = "weft 0.1.0";
    a.public_key = "pubA";
    a.generation = 4'294'967'295U;
    a.not_after_ms = 1'700'000'000'123;
    return {"0123456789abcdef0123456789abcdef", {"10.44.0.0/16", "fd44::/48"}, {a}};
}

std::vector<TokenStatus> tokens() {
    TokenStatus token;
    token.id = "0011223344556677";
    token.state = "used";
    token.name = "b";
    token.from = "203.0.113.0/24";
    token.replaces = "ffeeddccbbaa99887766554433221100";
    token.ephemeral = true;
    token.uses = 2;
    token.used = {{"ffee", "b", "203.0.113.9", 1'700'000'000'001}};
    token.created_ms = 1'700'000'000'000;
    token.expires_ms = 1'700'003'600'000;
    return {token};
}

Ipam ipam() {
    return {{"10.44.0.0/16"},
            {{"10.44.0.0/24", "a", "0011"}},
            {{"ipv4", {"10.44.0.0/17"}, 24, 128, 1, 18'446'744'073'709'551'615U}}};
}

IssuerStatus issuer() {
    return {2, "b", {"10.44.128.0/17", "fd44:0:0:8000::/49"}, 1'700'000'000'456, true, true};
}

CertificateStatus certificate() {
    CertificateStatus b;
    b.network = "0123456789abcdef0123456789abcdef";
    b.name = "b";
    b.id = "00112233445566778899aabbccddeeff";
    b.serial = 18'446'744'073'709'551'615U;
    b.generation = 4'294'967'295U;
    b.ephemeral = true;
    b.blocks = {"10.44.1.0/24"};
    b.routed = {"192.168.7.0/24"};
    b.not_before_ms = 1'700'000'000'000;
    b.not_after_ms = 1'700'000'000'123;
    b.identity_key = "keyI";
    b.public_key = "keyW";
    b.gossip_key = "keyG";
    b.renewing = true;
    b.rotating = true;
    b.issuer = issuer();
    return b;
}

std::vector<Case> requests() {
    return {{"init",
             to_json(InitRequest{"a", "10.44.0.0/16", "fd44::/48", 25, 63}),
             again_by(parse_init_request)},
            {"join", to_json(JoinRequest{"weft1_x", "b"}), again_by(parse_join_request)},
            {"token",
             to_json(TokenRequest{"b", "203.0.113.0/24", "c", 2, 60, true}),
             again_by(parse_token_request)},
            {"root export",
             to_json(RootExportRequest{"a few words"}),
             again_by(parse_root_export_request)},
            {"root import",
             to_json(RootImportRequest{"weft-root 1\nAAAA\n", "a few words"}),
             again_by(parse_root_import_request)},
            {"issuer", to_json(IssuerRequest{"weftissuer1_x"}), again_by(parse_issuer_request)}};
}

std::vector<Case> replies() {
    return {
        {"network",
         to_json(NetworkReply{"01", "a", "00", {"10.44.0.0/24"}, {"10.44.0.0/16"}, true}),
         again_by(parse_network_reply)},
        {"token",
         to_json(TokenReply{"0011223344556677", "weft1_x", 1'700'003'600'000}),
         again_by(parse_token_reply)},
        {"tokens", to_json(tokens()), again_by(parse_tokens)},
        {"members", to_json(members()), again_by(parse_members)},
        {"ipam", to_json(ipam()), again_by(parse_ipam)},
        {"rotation", to_json(RotationReply{"b", true, "keyW", 2}), again_by(parse_rotation_reply)},
        {"certificate", to_json(certificate()), again_by(parse_certificate)},
        {"root", to_json(RootText{"weft-root 1\nAAAA\n"}), again_by(parse_root_text)},
        {"issuer word", to_json(IssuerWord{"weftissuer1_x"}), again_by(parse_issuer_word)},
        {"issuer", to_json(issuer()), again_by(parse_issuer)},
        {"issuers", to_json(std::vector{issuer()}), again_by(parse_issuers)}};
}

std::vector<Case> all() {
    std::vector<Case> cases = requests();
    for (Case& reply : replies()) {
        cases.push_back(std::move(reply));
    }
    return cases;
}

/// visit(object, key, path) for every field of every object in `value`.
void for_each_field(
    Document& value,
    const std::string& path,
    const std::function<void(boost::json::object&, const std::string&, const std::string&)>&
        visit) {
    if (auto* array = value.if_array()) {
        for (std::size_t i = 0; i < array->size(); ++i) {
            for_each_field((*array)[i], path + "[" + std::to_string(i) + "]", visit);
        }
    }
    auto* object = value.if_object();
    if (object == nullptr) {
        return;
    }
    std::vector<std::string> keys;
    for (const auto& field : *object) {
        keys.emplace_back(field.key());
    }
    for (const std::string& key : keys) {
        const std::string inner = path.empty() ? key : path + "." + key;
        visit(*object, key, inner);
        for_each_field(object->at(key), inner, visit);
    }
}

/// Each field in turn replaced by what `change` makes of it; expect(path, changed text).
void with_each_field(const std::string& text,
                     const std::function<void(boost::json::object&, const std::string&)>& change,
                     const std::function<void(const std::string&, const std::string&)>& expect) {
    Document document = boost::json::parse(text);
    for_each_field(
        document,
        "",
        [&](boost::json::object& object, const std::string& key, const std::string& path) {
            const boost::json::object kept = object;
            change(object, key);
            const std::string changed = boost::json::serialize(document);
            object = kept;
            expect(path, changed);
        });
}

std::string named(const std::string& path) {
    return "the JSON field '" + path + "' ";
}

TEST(NetworkJson, survives_a_round_trip) {
    for (const Case& one : all()) {
        EXPECT_EQ(one.again(one.text), one.text) << one.name;
    }
}

TEST(NetworkJson, is_printed_in_the_order_of_the_interface) {
    EXPECT_EQ(
        to_json(members()),
        R"({"api":"weft/v1","network":"0123456789abcdef0123456789abcdef",)"
        R"("pools":["10.44.0.0/16","fd44::/48"],"members":[{"name":"a",)"
        R"("id":"00112233445566778899aabbccddeeff","state":"alive","self":true,"issuer":true,)"
        R"("ephemeral":false,"blocks":["10.44.0.0/24","fd44::/64"],"routed":["192.168.7.0/24"],)"
        R"("endpoints":["203.0.113.1:51840"],"endpoint":"203.0.113.1:51840",)"
        R"("software":"weft 0.1.0","public_key":"pubA","generation":4294967295,)"
        R"("not_after_ms":1700000000123}]})");
    EXPECT_EQ(to_json(tokens()),
              R"({"api":"weft/v1","tokens":[{"id":"0011223344556677","state":"used","name":"b",)"
              R"("from":"203.0.113.0/24","replaces":"ffeeddccbbaa99887766554433221100",)"
              R"("ephemeral":true,"uses":2,"used":[{"node":"ffee","name":"b",)"
              R"("from":"203.0.113.9","at_ms":1700000000001}],"created_ms":1700000000000,)"
              R"("expires_ms":1700003600000}]})");
    EXPECT_EQ(to_json(ipam()),
              R"({"api":"weft/v1","pools":["10.44.0.0/16"],"owners":[{"block":"10.44.0.0/24",)"
              R"("name":"a","id":"0011"}],"stocks":[{"family":"ipv4",)"
              R"("slices":["10.44.0.0/17"],"block":24,"total":128,"owned":1,)"
              R"("resting":18446744073709551615}]})");
    EXPECT_EQ(to_json(NetworkReply{"01", "a", "00", {"10.44.0.0/24"}, {}, true}),
              R"({"api":"weft/v1","network":"01","name":"a","id":"00",)"
              R"("blocks":["10.44.0.0/24"],"pools":[],"already":true})");
    EXPECT_EQ(to_json(TokenReply{"00", "weft1_x", 5}),
              R"({"api":"weft/v1","id":"00","token":"weft1_x","expires_ms":5})");
    EXPECT_EQ(to_json(InitRequest{}),
              R"({"name":"","pool4":"","pool6":"","block4":null,"block6":null})");
    EXPECT_EQ(to_json(JoinRequest{"weft1_x", ""}), R"({"token":"weft1_x","name":""})");
    EXPECT_EQ(to_json(TokenRequest{}),
              R"({"name":"","from":"","replace":"","uses":1,"lifetime_s":3600,)"
              R"("ephemeral":false})");
}

TEST(NetworkJson, of_keys_is_printed_in_the_order_of_the_interface) {
    EXPECT_EQ(
        to_json(certificate()),
        R"({"api":"weft/v1","network":"0123456789abcdef0123456789abcdef","name":"b",)"
        R"("id":"00112233445566778899aabbccddeeff","serial":18446744073709551615,)"
        R"("generation":4294967295,"ephemeral":true,"blocks":["10.44.1.0/24"],)"
        R"("routed":["192.168.7.0/24"],"not_before_ms":1700000000000,)"
        R"("not_after_ms":1700000000123,"identity_key":"keyI","public_key":"keyW",)"
        R"("gossip_key":"keyG","renewing":true,"rotating":true,"issuer":{"number":2,"name":"b",)"
        R"("slices":["10.44.128.0/17","fd44:0:0:8000::/49"],"not_after_ms":1700000000456,)"
        R"("revoked":true,"self":true}})");
    EXPECT_EQ(to_json(std::vector<IssuerStatus>{{}}),
              R"({"api":"weft/v1","issuers":[{"number":0,"name":"","slices":[],)"
              R"("not_after_ms":0,"revoked":false,"self":false}]})");
    EXPECT_EQ(to_json(IssuerStatus{}),
              R"({"api":"weft/v1","number":0,"name":"","slices":[],"not_after_ms":0,)"
              R"("revoked":false,"self":false})");
    EXPECT_EQ(to_json(RotationReply{"b", false, "keyW", 2}),
              R"({"api":"weft/v1","name":"b","rotating":false,"public_key":"keyW",)"
              R"("generation":2})");
    EXPECT_EQ(to_json(RootText{"t"}), R"({"api":"weft/v1","text":"t"})");
    EXPECT_EQ(to_json(IssuerWord{"w"}), R"({"api":"weft/v1","request":"w"})");
    EXPECT_EQ(to_json(IssuerRequest{"w"}), R"({"request":"w"})");
    EXPECT_EQ(to_json(RootExportRequest{"p"}), R"({"passphrase":"p"})");
    EXPECT_EQ(to_json(RootImportRequest{"t", "p"}), R"({"text":"t","passphrase":"p"})");
}

TEST(NetworkJson, what_is_unknown_is_null) {
    const std::string none = R"({"api":"weft/v1","network":null,"pools":[],"members":[]})";
    EXPECT_EQ(to_json(Members{}), none);
    EXPECT_EQ(again_by(parse_members)(none), none);
    const std::string token = to_json(std::vector<TokenStatus>{TokenStatus{}});
    EXPECT_NE(token.find(R"("name":null,"from":null,"replaces":null)"), std::string::npos);
    EXPECT_EQ(again_by(parse_tokens)(token), token);
    EXPECT_NE(to_json(Members{"00", {}, {MemberStatus{}}}).find(R"("endpoint":null)"),
              std::string::npos);
    EXPECT_EQ(to_json(std::vector<TokenStatus>{}), R"({"api":"weft/v1","tokens":[]})");
}

TEST(NetworkJson, a_reply_without_a_field_is_refused_by_its_name) {
    const auto erase = [](boost::json::object& object, const std::string& key) {
        object.erase(key);
    };
    for (const Case& reply : replies()) {
        with_each_field(reply.text, erase, [&](const std::string& path, const std::string& text) {
            EXPECT_EQ(reply.again(text), named(path) + "is missing") << text;
        });
    }
}

TEST(NetworkJson, a_request_without_a_field_has_its_default) {
    EXPECT_EQ(again_by(parse_init_request)("{}"), to_json(InitRequest{}));
    EXPECT_EQ(again_by(parse_token_request)("{}"), to_json(TokenRequest{}));
    EXPECT_EQ(again_by(parse_join_request)(R"({"token":"t"})"), to_json(JoinRequest{"t", ""}));
    EXPECT_EQ(again_by(parse_join_request)(R"({"name":"b"})"), named("token") + "is missing");
    EXPECT_EQ(again_by(parse_join_request)(R"({"token":""})"), named("token") + "is empty");
}

TEST(NetworkJson, a_request_about_keys_has_no_defaults) {
    EXPECT_EQ(again_by(parse_root_export_request)("{}"), named("passphrase") + "is missing");
    EXPECT_EQ(again_by(parse_root_export_request)(R"({"passphrase":""})"),
              named("passphrase") + "is empty");
    EXPECT_EQ(again_by(parse_root_import_request)(R"({"passphrase":"p"})"),
              named("text") + "is missing");
    EXPECT_EQ(again_by(parse_root_import_request)(R"({"text":"","passphrase":"p"})"),
              named("text") + "is empty");
    EXPECT_EQ(again_by(parse_root_import_request)(R"({"text":"t"})"),
              named("passphrase") + "is missing");
    EXPECT_EQ(again_by(parse_issuer_request)(R"({"request":""})"), named("request") + "is empty");
}

TEST(NetworkJson, a_wrong_type_is_refused_by_the_fields_name) {
    const auto other_type = [](boost::json::object& object, const std::string& key) {
        Document& value = object[key];
        value = value.is_object() ? Document(1) : Document(boost::json::object{});
    };
    for (const Case& one : all()) {
        with_each_field(
            one.text, other_type, [&](const std::string& path, const std::string& text) {
                EXPECT_TRUE(one.again(text).starts_with(named(path) + "is not ")) << text;
            });
    }
    const auto array_of_null = [](boost::json::object& object, const std::string& key) {
        object[key] = boost::json::array{nullptr};
    };
    for (const Case& one : all()) {
        with_each_field(
            one.text, array_of_null, [&](const std::string& path, const std::string& text) {
                const std::string cause = one.again(text);
                EXPECT_TRUE(cause.starts_with("the JSON field '" + path)) << cause << " " << text;
            });
    }
}

TEST(NetworkJson, an_unknown_field_of_a_request_is_refused_by_its_name) {
    for (const Case& request : requests()) {
        std::string text = request.text;
        text.insert(1, R"("lifetime":1,)");
        EXPECT_EQ(request.again(text), named("lifetime") + "is not known");
    }
    const std::string long_key(1000, 'k');
    EXPECT_LT(again_by(parse_init_request)("{\"" + long_key + "\":1}").size(), 200U);
}

TEST(NetworkJson, an_unknown_field_of_a_reply_is_ignored) {
    const auto add = [](boost::json::object& object, const std::string& /*key*/) {
        object["later"] = boost::json::array{1};
    };
    for (const Case& reply : replies()) {
        with_each_field(reply.text, add, [&](const std::string& /*path*/, const std::string& text) {
            EXPECT_EQ(reply.again(text), reply.text) << text;
        });
    }
}

TEST(NetworkJson, blocks_that_are_not_asked_for_are_the_configurations) {
    EXPECT_FALSE(parse_init_request("{}")->block4);
    EXPECT_FALSE(parse_init_request(R"({"block4":null})")->block4);
    EXPECT_EQ(parse_init_request(R"({"block4":25,"block6":60})")->block4, 25U);
    EXPECT_EQ(parse_init_request(R"({"block4":25,"block6":60})")->block6, 60U);
}

TEST(NetworkJson, numbers_of_requests_have_bounds) {
    struct Bound {
        const char* key;
        unsigned most;
        Again again;
    };
    for (const Bound& bound : {Bound{"block4", 32, again_by(parse_init_request)},
                               Bound{"block6", 64, again_by(parse_init_request)},
                               Bound{"uses", 4096, again_by(parse_token_request)},
                               Bound{"lifetime_s", 31'536'000, again_by(parse_token_request)}}) {
        const auto cause = [&](const std::string& number) {
            return bound.again("{\"" + std::string{bound.key} + "\":" + number + "}");
        };
        const std::string out = named(bound.key) + "must be 1.." + std::to_string(bound.most);
        EXPECT_TRUE(cause("1").starts_with("{")) << cause("1");
        EXPECT_TRUE(cause(std::to_string(bound.most)).starts_with("{"));
        EXPECT_EQ(cause("0"), out);
        EXPECT_EQ(cause(std::to_string(bound.most + 1)), out);
        for (const char* number : {"-1", "4294967297", "1.5", "1e3", "99999999999999999999"}) {
            EXPECT_EQ(cause(number), named(bound.key) + "is not a number in range") << number;
        }
    }
}

TEST(NetworkJson, numbers_of_replies_fit_their_types) {
    const auto text = to_json(members());
    const std::string number = "\"generation\":4294967295";
    std::string more = text;
    more.replace(more.find(number), number.size(), "\"generation\":4294967296");
    EXPECT_EQ(again_by(parse_members)(more),
              named("members[0].generation") + "is not a number in range");
}

TEST(NetworkJson, another_version_of_the_api_is_said) {
    for (const Case& reply : replies()) {
        std::string text = reply.text;
        text.replace(text.find("weft/v1"), 7, "weft/v2");
        EXPECT_EQ(reply.again(text), named("api") + "is 'weft/v2', this program speaks weft/v1");
    }
}

TEST(NetworkJson, every_truncation_is_an_error) {
    for (const Case& one : all()) {
        for (std::size_t size = 0; size < one.text.size(); ++size) {
            const std::string cause = one.again(std::string_view{one.text}.substr(0, size));
            EXPECT_TRUE(cause.starts_with("not valid JSON")) << one.name << " " << size;
        }
    }
}

TEST(NetworkJson, hostile_documents_are_errors) {
    for (const std::string& text :
         {std::string{},
          std::string{"null"},
          std::string{"[]"},
          std::string{"{\"token\":null}"},
          std::string{"{\"members\":{}}"},
          std::string{"\xff\xfe"},
          std::string{"{\"token\":\"\xc3\"}"},
          std::string(100'000, '['),
          "{\"tokens\":" + std::string(20, '[') + std::string(20, ']') + "}"}) {
        for (const Case& one : all()) {
            EXPECT_FALSE(one.again(text).starts_with("{")) << one.name;
        }
    }
}

TEST(NetworkJson, every_changed_byte_is_read_or_refused) {
    for (const Case& one : all()) {
        for (std::size_t at = 0; at < one.text.size(); ++at) {
            for (const char byte : {'\0', '"', '{', '}', '[', ',', '9', '-', '\\', '\xff'}) {
                std::string text = one.text;
                text[at] = byte;
                const std::string again = one.again(text);
                if (again.starts_with("{")) {
                    EXPECT_EQ(one.again(again), again) << text;
                }
            }
        }
    }
}

}  // namespace network_test
}  // namespace
}  // namespace weft::api

// SPDX-License-Identifier: Apache-2.0
// The discovery contract's JSON and the lists that are kept of it: what is read, and what is not.
#include <gtest/gtest.h>

#include <weft/discovery/kept_lists.hpp>
#include <weft/discovery/machines.hpp>

namespace weft::discovery {
namespace {

std::string document(const std::string& machines) {
    return R"({"schema":1,"machines":[)" + machines + "]}";
}

std::vector<std::string> texts(const std::vector<net::IpAddress>& addresses) {
    std::vector<std::string> all;
    for (const net::IpAddress& address : addresses) {
        all.push_back(address.to_string());
    }
    return all;
}

std::string cause_of(const std::string& text) {
    const auto machines = parse_machines(text);
    return machines ? "" : machines.error().cause;
}

TEST(Machines, AreReadWithNameAddressesAndTags) {
    const auto machines = parse_machines(document(
        R"({"name":"a","public":["192.0.2.1","2001:db8::1"],"private":["10.0.0.1"],"tags":["x"]},)"
        R"({"name":"b","public":[],"private":[]})"));
    ASSERT_TRUE(machines) << machines.error().message();
    ASSERT_EQ(machines->size(), 2U);
    EXPECT_EQ((*machines)[0].name, "a");
    EXPECT_EQ((*machines)[0].tags, std::vector<std::string>{"x"});
    EXPECT_EQ(texts((*machines)[0].private_addresses), std::vector<std::string>{"10.0.0.1"});
    EXPECT_TRUE((*machines)[1].tags.empty());
    EXPECT_EQ(texts(addresses_of(*machines)),
              (std::vector<std::string>{"10.0.0.1", "192.0.2.1", "2001:db8::1"}));
}

TEST(Machines, OfAnAccountWithoutAnyAreNone) {
    const auto machines = parse_machines(document(""));
    ASSERT_TRUE(machines);
    EXPECT_TRUE(machines->empty());
}

TEST(Machines, FieldsOfALaterContractArePassedOver) {
    EXPECT_TRUE(parse_machines(
        R"({"schema":1,"more":{},"machines":[{"name":"a","public":[],"private":[],"zone":1}]})"));
}

TEST(Machines, EachWrongFieldIsNamed) {
    const struct {
        const char* machine;
        const char* named;
    } cases[] = {
        {"7", "machines[0] is not an object"},
        {R"({"public":[],"private":[]})", "machines[0].name is missing"},
        {R"({"name":"","public":[],"private":[]})", "machines[0].name must be"},
        {R"({"name":"a\n","public":[],"private":[]})", "control character"},
        {R"({"name":"a","private":[]})", "machines[0].public is missing"},
        {R"({"name":"a","publics":[],"public":"192.0.2.1","private":[]})", "is not an array"},
        {R"({"name":"a","public":[1],"private":[]})", "machines[0].public is not a string"},
        {R"({"name":"a","public":["host"],"private":[]})", "no address: 'host'"},
        {R"({"name":"a","public":["10.0.0.0/8"],"private":[]})", "no address"},
        {R"({"name":"a","public":[],"private":["127.0.0.1"]})", "reaches no machine"},
        {R"({"name":"a","public":["0.0.0.0"],"private":[]})", "reaches no machine"},
        {R"({"name":"a","public":["fe80::1"],"private":[]})", "reaches no machine"},
        {R"({"name":"a","public":["ff02::1"],"private":[]})", "reaches no machine"},
        {R"({"name":"a","public":[],"private":[],"tags":[null]})", "machines[0].tags"},
    };
    for (const auto& each : cases) {
        EXPECT_NE(cause_of(document(each.machine)).find(each.named), std::string::npos)
            << each.machine << ": " << cause_of(document(each.machine));
    }
}

TEST(Machines, WhatIsNoSuchDocumentIsRefused) {
    EXPECT_NE(cause_of("").find("not valid JSON"), std::string::npos);
    EXPECT_NE(cause_of("[]").find("not a JSON object"), std::string::npos);
    EXPECT_NE(cause_of(R"({"machines":[]})").find("schema is missing"), std::string::npos);
    EXPECT_NE(cause_of(R"({"schema":2,"machines":[]})").find("schema"), std::string::npos);
    EXPECT_NE(cause_of(R"({"schema":1})").find("machines is missing"), std::string::npos);
    EXPECT_NE(cause_of(document("") + "x").find("not valid JSON"), std::string::npos);
    EXPECT_NE(cause_of(std::string(100, '[')).find("not valid JSON"), std::string::npos);
    EXPECT_NE(cause_of(std::string(kDocumentMax + 1, ' ')).find("larger"), std::string::npos);
}

TEST(Machines, LimitsAreKept) {
    const auto repeated = [](std::size_t count, const std::string& text) {
        std::string all;
        for (std::size_t i = 0; i < count; ++i) {
            all += (i == 0 ? "" : ",") + text;
        }
        return all;
    };
    const std::string plain = R"({"name":"a","public":[],"private":[]})";
    EXPECT_TRUE(parse_machines(document(repeated(kMachinesMax, plain))));
    EXPECT_NE(cause_of(document(repeated(kMachinesMax + 1, plain))).find("more than 16384"),
              std::string::npos);
    const auto with_addresses = [&](std::size_t count) {
        return document(R"({"name":"a","public":[)" + repeated(count, R"("192.0.2.1")") +
                        R"(],"private":[]})");
    };
    EXPECT_TRUE(parse_machines(with_addresses(kAddressesMax)));
    EXPECT_NE(cause_of(with_addresses(kAddressesMax + 1)).find("public"), std::string::npos);
    const std::string full = R"({"name":"a","public":[)" +
                             repeated(kAddressesMax, R"("192.0.2.1")") + R"(],"private":[]})";
    EXPECT_TRUE(parse_machines(document(repeated(kAllAddressesMax / kAddressesMax, full))));
    EXPECT_NE(cause_of(document(repeated(kAllAddressesMax / kAddressesMax + 1, full)))
                  .find("more than 65536 addresses"),
              std::string::npos);
    const std::string name(kNameMax + 1, 'n');
    EXPECT_NE(cause_of(document(R"({"name":")" + name + R"(","public":[],"private":[]})")),
              std::string{});
}

TEST(Machines, WhatIsPrintedIsRead) {
    Machine machine{"a \"b\"", {*net::IpAddress::parse("192.0.2.1")}, {}, {"x,y"}};
    const auto again = parse_machines(to_json({machine}));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ((*again)[0].name, machine.name);
    EXPECT_EQ((*again)[0].public_addresses, machine.public_addresses);
    EXPECT_EQ((*again)[0].tags, machine.tags);
}

TEST(Machines, WhatTakesTooMuchMemoryIsRefused) {
    std::string text = R"({"schema":1,"machines":[)";
    while (text.size() < kDocumentMax - 16) {
        text += "[],";
    }
    const auto machines = parse_machines(text + "[]]}");
    ASSERT_FALSE(machines);
    EXPECT_NE(machines.error().cause.find("memory"), std::string::npos) << machines.error().cause;
}

TEST(Machines, TheLargestAccountIsRead) {
    Machine machine{std::string(kNameMax, 'a'), {}, {}, {std::string(kTagMax / 2, 't')}};
    for (int i = 0; i < 2; ++i) {
        machine.public_addresses.push_back(*net::IpAddress::parse("2001:db8:1111:2222:3333::1"));
        machine.private_addresses.push_back(*net::IpAddress::parse("10.100.100.100"));
    }
    const auto machines = parse_machines(to_json(std::vector<Machine>(kMachinesMax, machine)));
    ASSERT_TRUE(machines) << machines.error().message();
    EXPECT_EQ(machines->size(), kMachinesMax);
}

TEST(KeptLists, AreReadAsTheyWereWritten) {
    const Lists lists{{"dns nodes.example", {*net::IpAddress::parse("192.0.2.1")}},
                      {"exec /usr/bin/x --tag a b",
                       {*net::IpAddress::parse("10.0.0.1"), *net::IpAddress::parse("2001:db8::1")}},
                      {"file /none", {}}};
    const auto again = parse_lists(to_text(lists));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again, lists);
}

TEST(KeptLists, DamagedOnesAreToldAndWhatToDo) {
    for (const char* text : {"",
                             "weft-discovered 2\n",
                             "weft-discovered 1",
                             "weft-discovered 1\n192.0.2.1\n",
                             "weft-discovered 1\nsource a\n192.0.2.1",
                             "weft-discovered 1\nsource a\n127.0.0.1\n",
                             "weft-discovered 1\nsource a\nnonsense\n",
                             "weft-discovered 1\nsource a\nsource a\n"}) {
        const auto lists = parse_lists(text);
        ASSERT_FALSE(lists) << text;
        EXPECT_EQ(lists.error().code, std::errc::bad_message);
        EXPECT_FALSE(lists.error().remedy.empty());
    }
}

}  // namespace
}  // namespace weft::discovery

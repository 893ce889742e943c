// SPDX-License-Identifier: Apache-2.0
// Further issuers: asked for, certified by the root, issuing without a restart, renewing what they
// issued, taken back.
#include "participant_world.hpp"

namespace weft::mesh::whole {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct Issuers : testing::Test {
    Issuers()
        : a(world.add("192.0.2.1")),
          b(world.add("192.0.2.2")),
          c(world.add("192.0.2.3")),
          d(world.add("192.0.2.4")) {
        EXPECT_TRUE(world.init(a, "a"));
        EXPECT_TRUE(world.join(b, a, "b"));
        EXPECT_TRUE(world.join(c, a, "c"));
        world.run(seconds{5});
    }
    Result<identity::IssuerCertificate> sign(Machine& root, const std::string& request) {
        Output out;
        auto signed_one = root.subject->sign_issuer(request, world.clock(), out);
        world.carry(root, out);
        return signed_one;
    }
    Result<std::uint32_t> revoke(Machine& root, const std::string& issuer) {
        Output out;
        auto number = root.subject->revoke_issuer(issuer, world.clock(), out);
        world.carry(root, out);
        return number;
    }
    void make_issuer_of(Machine& machine) {
        const auto made = sign(a, machine.subject->issuer_request().value());
        ASSERT_TRUE(made) << made.error().message();
        world.run(seconds{8});
        ASSERT_NE(machine.subject->issuer(), nullptr);
        ASSERT_TRUE(machine.subject->issuer()->ready());
    }
    World world;
    Machine& a;
    Machine& b;
    Machine& c;
    Machine& d;
};

TEST_F(Issuers, a_member_begins_to_issue_without_a_restart) {
    EXPECT_FALSE(b.subject->create_token({}, world.clock()));
    const std::string request = b.subject->issuer_request().value();
    EXPECT_EQ(b.subject->issuer_request().value(), request);
    const auto made = sign(a, request);
    ASSERT_TRUE(made) << made.error().message();
    EXPECT_EQ(made->number, 2U);
    EXPECT_EQ(made->name, "b");
    EXPECT_EQ(made->slices,
              (std::vector{*net::Prefix::parse("10.24.0.0/14"),
                           *net::Prefix::parse("fd01:2:3:8000::/50")}));
    EXPECT_EQ(*sign(a, request), *made);
    world.run(seconds{8});
    EXPECT_EQ(b.told("issuer_started"), 1U);
    EXPECT_EQ(b.told("issuer_ready"), 1U);
    const Result<> joined = world.join(d, b, "d");
    ASSERT_TRUE(joined) << joined.error().message();
    EXPECT_EQ(d.subject->certificate().issuer_number, 2U);
    EXPECT_TRUE(made->slices[0].contains(d.subject->certificate().blocks[0]));
    EXPECT_EQ(d.subject->certificate().blocks[0].length, 24);
    world.run(seconds{10});
    for (const Machine* const machine : {&a, &b, &c, &d}) {
        EXPECT_EQ(peers(*machine), 3U);
        EXPECT_EQ(machine->subject->trust().conflicts(), 0U);
    }
    world.boot(b);
    world.run(seconds{10});
    ASSERT_NE(b.subject->issuer(), nullptr);
    EXPECT_TRUE(b.subject->create_token({}, world.clock()));
    // A name of the other's is taken.
    Machine& e = world.add("192.0.2.5");
    for (Machine* const issuer : {&a, &b}) {
        for (const char* const name : {"c", "d"}) {
            const Result<> taken = world.join(e, *issuer, name);
            ASSERT_FALSE(taken);
            EXPECT_NE(taken.error().cause.find("is taken"), std::string::npos);
        }
    }
}

TEST_F(Issuers, renew_what_they_have_issued) {
    make_issuer_of(b);
    ASSERT_TRUE(world.join(d, b, "d"));
    world.run(seconds{8});
    world.skip(hours{24} * 183);
    world.run(minutes{20});
    for (const Machine* const machine : {&a, &b, &c, &d}) {
        EXPECT_EQ(machine->subject->certificate().generation, 2U);
        EXPECT_EQ(machine->told("renewal_failed"), 0U);
    }
    EXPECT_EQ(b.subject->certificate().issuer_number, 1U);
    EXPECT_EQ(d.subject->certificate().issuer_number, 2U);
}

TEST_F(Issuers, are_certified_where_the_root_is_imported) {
    identity::RootBackup root = a.subject->export_root().value();
    ASSERT_TRUE(a.subject->remove_root());
    const std::string request = b.subject->issuer_request().value();
    const auto refused = sign(a, request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, std::errc::no_such_file_or_directory);
    ASSERT_TRUE(c.subject->import_root(std::move(root)));
    ASSERT_TRUE(sign(c, request));
    ASSERT_TRUE(c.subject->remove_root());
    EXPECT_FALSE(sign(c, request));
    world.run(seconds{8});
    EXPECT_TRUE(b.subject->create_token({}, world.clock()));
}

TEST_F(Issuers, what_is_no_request_of_a_member_is_refused) {
    EXPECT_FALSE(sign(a, "weft1_AAAA"));
    EXPECT_FALSE(d.subject->issuer_request());
    ASSERT_TRUE(world.init(d, "d"));
    EXPECT_FALSE(sign(a, d.subject->issuer_request().value()));
    // The first issuer's own request brings nothing new before half of its life is over.
    const auto first = sign(a, a.subject->issuer_request().value());
    ASSERT_TRUE(first);
    EXPECT_EQ(first->number, 1U);
    EXPECT_EQ(first->generation, 1U);
}

TEST_F(Issuers, taken_back_end_at_once_and_so_do_their_members) {
    make_issuer_of(b);
    ASSERT_TRUE(world.join(d, b, "d"));
    world.run(seconds{8});
    EXPECT_FALSE(revoke(b, "1"));
    EXPECT_FALSE(revoke(a, "1"));
    EXPECT_FALSE(revoke(a, "3"));
    EXPECT_FALSE(revoke(a, "nobody"));
    ASSERT_EQ(revoke(a, "b").value(), 2U);
    EXPECT_EQ(revoke(a, "2").value(), 2U);
    world.run(seconds{8});
    EXPECT_EQ(b.subject->issuer(), nullptr);
    EXPECT_EQ(b.told("issuer_ended"), 1U);
    EXPECT_FALSE(b.subject->create_token({}, world.clock()));
    for (const Machine* const machine : {&a, &b, &c}) {
        EXPECT_EQ(peers(*machine), 2U);
    }
    world.boot(b);
    ASSERT_TRUE(b.started && b.subject->is_member());
    EXPECT_EQ(b.subject->issuer(), nullptr);
    // Another, of other keys; what was b's rests for a day.
    const auto second = sign(a, b.subject->issuer_request().value());
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(second->number, 3U);
    EXPECT_EQ(second->slices[0], *net::Prefix::parse("10.28.0.0/15"));
    world.run(seconds{8});
    EXPECT_TRUE(b.subject->create_token({}, world.clock()));
    world.skip(hours{25});
    world.run(seconds{30});
    const auto third = sign(a, c.subject->issuer_request().value());
    ASSERT_TRUE(third) << third.error().message();
    EXPECT_EQ(third->slices[0], *net::Prefix::parse("10.24.0.0/15"));
    world.run(seconds{8});
    EXPECT_TRUE(c.subject->create_token({}, world.clock()));
    for (const Machine* const machine : {&a, &b, &c}) {
        EXPECT_EQ(machine->subject->trust().conflicts(), 0U);
    }
}

TEST_F(Issuers, an_issuers_certificate_is_renewed_in_place) {
    make_issuer_of(b);
    for (int i = 0; i < 11; ++i) {  // members renew each half year
        world.skip(hours{24} * 183);
        world.run(minutes{12});
    }
    const auto renewed = sign(a, b.subject->issuer_request().value());
    ASSERT_TRUE(renewed) << renewed.error().message();
    EXPECT_EQ(renewed->number, 2U);
    EXPECT_EQ(renewed->generation, 2U);
    EXPECT_EQ(renewed->slices[0], *net::Prefix::parse("10.24.0.0/14"));
    world.run(seconds{8});
    EXPECT_EQ(b.told("issuer_started"), 2U);
    EXPECT_TRUE(b.subject->issuer()->ready());
    EXPECT_TRUE(world.join(d, b, "d"));
}

TEST_F(Issuers, a_crash_after_any_write_gives_no_number_twice) {
    for (std::size_t write = 0; write < 6; ++write) {
        for (const bool at_root : {false, true}) {
            Machine& dies = at_root ? a : b;
            const std::size_t known = a.subject->trust().issuers().size();
            dies.storage.writes_max = dies.storage.writes + write;
            const auto request = b.subject->issuer_request();
            if (request) {
                (void)sign(a, *request);
            }
            world.run(seconds{1});
            dies.storage.writes_max = ~std::size_t{0};
            world.boot(dies);
            ASSERT_TRUE(dies.started) << dies.started.error().message();
            world.run(seconds{8});
            ASSERT_TRUE(sign(a, b.subject->issuer_request().value()));
            world.run(seconds{8});
            ASSERT_TRUE(b.subject->create_token({}, world.clock())) << write;
            ASSERT_EQ(a.subject->trust().conflicts() + b.subject->trust().conflicts(), 0U);
            ASSERT_LE(a.subject->trust().issuers().size(), known + 1);
            if (write % 2 == 1) {
                ASSERT_TRUE(revoke(a, "b"));
                world.run(seconds{8});
                ASSERT_EQ(b.subject->issuer(), nullptr);
            }
        }
    }
}

}  // namespace
}  // namespace weft::mesh::whole

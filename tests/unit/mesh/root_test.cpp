// SPDX-License-Identifier: Apache-2.0
// The root's key: exported, removed, imported.
#include "participant_world.hpp"

namespace weft::mesh::whole {
namespace {

constexpr std::string_view kPassphrase = "correct horse battery staple";

struct Root : testing::Test {
    Root() : a(world.add("192.0.2.1")), b(world.add("192.0.2.2")) {
        EXPECT_TRUE(world.init(a, "a"));
        EXPECT_TRUE(world.join(b, a, "b"));
        const auto bytes = a.subject->network().root.value().key.seed().bytes();
        seed.assign(bytes.begin(), bytes.end());
    }
    /// Whether the root's seed is anywhere on the machine's disk.
    [[nodiscard]] bool on_disk(const Machine& machine) const {
        return std::any_of(
            machine.storage.files.begin(), machine.storage.files.end(), [&](const auto& file) {
                return std::search(
                           file.second.begin(), file.second.end(), seed.begin(), seed.end()) !=
                       file.second.end();
            });
    }
    World world;
    Machine& a;
    Machine& b;
    std::vector<std::byte> seed;
};

TEST_F(Root, is_on_the_node_of_init_until_it_is_removed) {
    EXPECT_TRUE(a.subject->has_root());
    EXPECT_TRUE(on_disk(a));
    EXPECT_FALSE(b.subject->has_root());
    EXPECT_FALSE(b.subject->export_root());
    const std::string text =
        identity::seal_root(a.subject->export_root().value(), kPassphrase, a.random).value();
    ASSERT_TRUE(a.subject->remove_root());
    ASSERT_TRUE(a.subject->remove_root());
    EXPECT_FALSE(a.subject->has_root());
    EXPECT_FALSE(on_disk(a));
    world.boot(a);
    ASSERT_TRUE(a.started && a.subject->is_member());
    EXPECT_FALSE(a.subject->has_root());
    EXPECT_TRUE(a.subject->create_token({}, world.clock()));

    // Imported wherever it is needed, and never on the disk again.
    for (Machine* const machine : {&a, &b}) {
        ASSERT_TRUE(machine->subject->import_root(identity::open_root(text, kPassphrase).value()));
        EXPECT_TRUE(machine->subject->has_root());
        EXPECT_FALSE(on_disk(*machine));
    }
    EXPECT_TRUE(b.subject->export_root());
    ASSERT_TRUE(b.subject->remove_root());
    EXPECT_FALSE(b.subject->has_root());
    world.boot(a);
    EXPECT_FALSE(a.subject->has_root());
}

TEST_F(Root, of_another_network_is_refused) {
    Machine& c = world.add("192.0.2.3");
    EXPECT_FALSE(c.subject->export_root() || c.subject->remove_root());
    ASSERT_TRUE(world.init(c, "c"));
    const auto imported = b.subject->import_root(c.subject->export_root().value());
    ASSERT_FALSE(imported);
    EXPECT_NE(imported.error().cause.find("of network"), std::string::npos);
}

TEST_F(Root, stays_where_its_removal_failed) {
    a.storage.writes_max = a.storage.writes;
    EXPECT_FALSE(a.subject->remove_root());
    EXPECT_TRUE(a.subject->has_root());
    a.storage.writes_max = ~std::size_t{0};
    world.boot(a);
    EXPECT_TRUE(a.subject->has_root());
}

}  // namespace
}  // namespace weft::mesh::whole

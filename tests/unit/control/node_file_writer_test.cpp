// SPDX-License-Identifier: Apache-2.0
// node.json on the disk: readable by all, whole, written where something has changed only, and not
// ready at the end.
#include "node_file_writer.hpp"

#include <sys/stat.h>

#include <gtest/gtest.h>

#include <weft/base/boot_id.hpp>

#include "counting_log.hpp"
#include "temp_directory.hpp"

namespace weft::control {
namespace {

api::NodeFile a_node() {
    api::NodeFile node;
    node.ready = true;
    node.node = "a";
    node.interface = "weft0";
    node.mtu = 1420;
    node.blocks = node.pools = {*net::Prefix::parse("10.44.0.0/24")};
    node.gateway4 = net::IpAddress::parse("10.44.0.1");
    return node;
}

ino_t inode_of(const std::filesystem::path& file) {
    struct stat about {};
    EXPECT_EQ(::stat(file.c_str(), &about), 0);
    return about.st_ino;
}

TEST(NodeFileWriter, WritesWhatChanges) {
    const test::TempDirectory temp;
    test::CountingLog log;
    NodeFileWriter writer{temp / "node.json", log};
    writer.write_stopped("nothing was written yet");
    EXPECT_FALSE(std::filesystem::exists(temp / "node.json"));
    writer.write(a_node());
    const auto first = api::read_node_file(temp / "node.json");
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_TRUE(first->ready);
    EXPECT_EQ(first->boot_id, boot_id());
    EXPECT_GT(first->written_ms, 1'600'000'000'000);
    EXPECT_EQ(std::filesystem::status(temp / "node.json").permissions(),
              std::filesystem::perms{0644});
    const ino_t inode = inode_of(temp / "node.json");
    writer.write(a_node());
    EXPECT_EQ(inode_of(temp / "node.json"), inode);
    writer.write_stopped("weftd has stopped");
    const auto stopped = api::read_node_file(temp / "node.json");
    ASSERT_TRUE(stopped);
    EXPECT_FALSE(stopped->ready);
    EXPECT_EQ(stopped->reason, "weftd has stopped");
    EXPECT_EQ(stopped->blocks, first->blocks);
    EXPECT_TRUE(log.events.empty());
}

TEST(NodeFileWriter, AFailureIsToldAndTriedAgain) {
    const test::TempDirectory temp;
    test::CountingLog log;
    NodeFileWriter writer{temp / "run/node.json", log};
    writer.write(a_node());
    writer.write(a_node());
    EXPECT_EQ(log.events["node_file_not_written"], 2);
    std::filesystem::create_directory(temp / "run");
    writer.write(a_node());
    EXPECT_TRUE(api::read_node_file(temp / "run/node.json"));
}

TEST(NodeFileWriter, WhatCannotBeWrittenAtTheEndIsTakenAway) {
    const test::TempDirectory temp;
    test::CountingLog log;
    NodeFileWriter writer{temp / "node.json", log};
    writer.write(a_node());
    std::filesystem::create_directory(temp / "node.json.new");  // in the way of every write
    api::NodeFile changed = a_node();
    changed.mtu = 1280;
    writer.write(changed);
    EXPECT_TRUE(api::read_node_file(temp / "node.json")->ready);
    writer.write_stopped("weftd has stopped");
    EXPECT_FALSE(std::filesystem::exists(temp / "node.json"));
    EXPECT_EQ(log.events["node_file_not_written"], 2);
}

}  // namespace
}  // namespace weft::control

// SPDX-License-Identifier: Apache-2.0
// What packages say of the command line and of weft.toml (packaging/man, packaging/weft.toml) is
// what the program has.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "command_line.hpp"
#include "temp_directory.hpp"

namespace weft::test {
namespace {

std::string packaged(const std::string& file) {
    const auto root = std::filesystem::path{WEFT_VECTORS}.parent_path().parent_path();
    std::ifstream in{root / "packaging" / file};
    std::ostringstream text;
    text << in.rdbuf();
    EXPECT_FALSE(text.str().empty()) << file;
    return text.str();
}

/// A page's source without scdoc's escapes.
std::string page(const std::string& name) {
    std::string text = packaged("man/" + name + ".scd");
    std::erase(text, '\\');
    return text;
}

/// "weft token create" to its options, as the completion has them; of all that run something.
std::map<std::string, std::vector<std::string>> commands() {
    std::map<std::string, std::vector<std::string>> found;
    const std::string script = weft({"completion", "bash"}).out;
    const std::regex line{"'(weft[a-z ]*)'\\) words='([^']*)'"};
    for (std::sregex_iterator each{script.begin(), script.end(), line}, end; each != end; ++each) {
        std::istringstream words{(*each)[2].str()};
        std::vector<std::string> options;
        bool is_group = false;
        for (std::string word; words >> word;) {
            if (word.starts_with("--")) {
                options.push_back(word);
            } else {
                is_group = true;
            }
        }
        if (!is_group) {
            found[(*each)[1].str()] = options;
        }
    }
    return found;
}

const std::set<std::string> kEverywhere{"--help", "--version", "--config", "--socket"};

TEST(Man, names_every_command_and_each_of_its_options) {
    // What is said of a command is indented.
    const std::string text = std::regex_replace(page("weft.1"), std::regex{"\n\t[^\n]*"}, "");
    ASSERT_GT(commands().size(), 30U);
    for (const auto& [command, options] : commands()) {
        const std::size_t at = text.find("*" + command + "*");
        ASSERT_NE(at, std::string::npos) << command;
        const std::string synopsis =
            text.substr(at, std::min(text.find('\n', at), text.find("*weft ", at + 1)) - at);
        for (const std::string& option : options) {
            EXPECT_TRUE(kEverywhere.contains(option) ||
                        synopsis.find("*" + option + "*") != std::string::npos)
                << command << " " << option;
        }
    }
    for (const std::string& option : kEverywhere) {
        EXPECT_NE(text.find("*" + option + "*"), std::string::npos) << option;
    }
}

TEST(Man, names_no_command_and_no_option_that_is_not_there) {
    const std::string text = page("weft.1");
    const auto known = commands();
    std::set<std::string> options{"--help", "--version", "--config", "--socket", "--count"};
    for (const auto& [command, its_options] : known) {
        options.insert(its_options.begin(), its_options.end());
    }
    const std::regex bold{"\\*((weft [a-z ]+|--[a-z0-9-]+))\\*"};
    for (std::sregex_iterator each{text.begin(), text.end(), bold}, end; each != end; ++each) {
        const std::string word = (*each)[1].str();
        const auto next = known.lower_bound(word + " ");  // of a group
        const bool is_group = next != known.end() && next->first.starts_with(word + " ");
        EXPECT_TRUE(word.starts_with("--") ? options.contains(word)
                                           : is_group || known.contains(word))
            << word;
    }
}

/// "[section]" or "[[section]]" of weft.toml(5) to what is bold below it.
std::map<std::string, std::set<std::string>> described_keys() {
    std::map<std::string, std::set<std::string>> keys;
    std::istringstream text{page("weft.toml.5")};
    std::string section;
    const std::regex bold{"\\*([a-z0-9_]+)\\*"};
    for (std::string line; std::getline(text, line);) {
        if (line.starts_with("# ")) {
            section = line.substr(2);
        } else if (section.starts_with("[") && line.starts_with("*")) {
            for (std::sregex_iterator each{line.begin(), line.end(), bold}, end; each != end;
                 ++each) {
                keys[section].insert((*each)[1].str());
            }
        }
    }
    return keys;
}

TEST(Man, names_the_keys_of_the_configuration_and_no_others) {
    const TempDirectory directory;
    const std::string key = weft({"pubkey"}, weft({"genkey"}).out).out.substr(0, 44);
    const std::string file = directory
                                 .write("weft.toml",
                                        "[[peer]]\nname = \"b\"\npublic_key = \"" + key +
                                            "\"\n[[discovery]]\ndns = \"nodes.example\"\n")
                                 .string();
    const Outcome shown = weft({"--config", file, "config", "show", "--json"});
    ASSERT_EQ(shown.exit_code, 0) << shown.err;
    std::map<std::string, std::set<std::string>> expected;
    const auto document = boost::json::parse(shown.out);
    for (const auto& section : document.at("config").as_object()) {
        const bool repeats = section.value().is_array();
        const auto& keys = repeats ? section.value().at(0) : section.value();
        const std::string name = section.key();
        if (name == "offload") {
            continue;  // not of the file
        }
        for (const auto& each : keys.as_object()) {
            expected[repeats ? "[[" + name + "]]" : "[" + name + "]"].insert(each.key());
        }
    }
    EXPECT_EQ(described_keys(), expected);
}

TEST(Man, the_configuration_that_is_installed_is_good_with_and_without_its_comments) {
    const TempDirectory directory;
    const std::string text = packaged("weft.toml");
    const std::string file = directory.write("weft.toml", text).string();
    EXPECT_EQ(weft({"config", "check", file}).err, "");
    const std::string whole = std::regex_replace(text, std::regex{"\n#(?=[a-z[])"}, "\n");
    ASSERT_NE(whole, text);
    directory.write("weft.toml", whole);
    EXPECT_EQ(weft({"config", "check", file}).err, "");
}

}  // namespace
}  // namespace weft::test

// SPDX-License-Identifier: Apache-2.0
// What packages and guides say of the command line and of weft.toml (packaging/man,
// packaging/weft.toml, packaging/doc, README.md) is what the program has.
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

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

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) {
        lines.push_back(line);
    }
    return lines;
}

/// What is bold in a line of a page.
std::vector<std::string> bold_in(const std::string& line) {
    std::vector<std::string> words;
    std::size_t end = 0;
    for (std::size_t at = 0; (at = line.find('*', at)) != std::string::npos; at = end + 1) {
        end = line.find('*', at + 1);
        if (end == std::string::npos) {
            break;
        }
        words.push_back(line.substr(at + 1, end - at - 1));
    }
    return words;
}

/// "weft token create" to its options, as the completion has them; of all that run something.
std::map<std::string, std::set<std::string>> commands() {
    std::map<std::string, std::set<std::string>> found;
    const std::string start = "    'weft";
    const std::string middle = "') words='";
    for (const std::string& line : lines_of(weft({"completion", "bash"}).out)) {
        const std::size_t at = line.find(middle);
        if (!line.starts_with(start) || at == std::string::npos) {
            continue;
        }
        std::istringstream words{line.substr(at + middle.size())};
        std::set<std::string> options;
        bool is_group = false;
        for (std::string word; words >> word && word != ";;";) {
            std::erase(word, '\'');
            is_group = is_group || !word.starts_with("--");
            options.insert(word);
        }
        if (!is_group) {
            found[line.substr(5, at - 5)] = options;
        }
    }
    return found;
}

const std::set<std::string> kEverywhere{"--help", "--version", "--config", "--socket"};

/// Command by command, the options beside it in weft(1): "*weft init* [*--name* _NAME_] ...".
std::map<std::string, std::set<std::string>> described_commands() {
    std::map<std::string, std::set<std::string>> found;
    for (const std::string& line : lines_of(page("weft.1"))) {
        std::string command;
        for (const std::string& word :
             line.starts_with("*weft ") ? bold_in(line) : std::vector<std::string>{}) {
            if (word.starts_with("weft ")) {
                command = word;
                found[command] = kEverywhere;
            } else if (word.starts_with("--")) {
                found[command].insert(word);
            }
        }
    }
    return found;
}

TEST(Man, names_the_commands_and_their_options_and_no_others) {
    const auto described = described_commands();
    const auto known = commands();
    ASSERT_GT(known.size(), 30U);
    for (const auto& [command, options] : known) {
        EXPECT_TRUE(described.contains(command)) << command;
    }
    for (const auto& [command, options] : described) {
        const auto its = known.find(command);
        ASSERT_NE(its, known.end()) << command;
        EXPECT_EQ(options, its->second) << command;
    }
    const std::string text = page("weft.1");
    for (const std::string& option : kEverywhere) {
        EXPECT_NE(text.find("*" + option + "*"), std::string::npos) << option;
    }
}

/// "[section]" or "[[section]]" of weft.toml(5) to what is bold below it.
std::map<std::string, std::set<std::string>> described_keys() {
    std::map<std::string, std::set<std::string>> keys;
    std::string section;
    for (const std::string& line : lines_of(page("weft.toml.5"))) {
        if (line.starts_with("# ")) {
            section = line.substr(2);
        } else if (section.starts_with("[") && line.starts_with("*")) {
            for (const std::string& word : bold_in(line)) {
                keys[section].insert(word);
            }
        }
    }
    return keys;
}

/// What a guide has as code: lines of its blocks of that language, and for "sh" also what is
/// between backticks in its text.
std::vector<std::string> code_in(const std::string& file, const std::string& language) {
    std::vector<std::string> code;
    std::string block;  // its fence and language, or nothing
    for (const std::string& line : lines_of(packaged(file))) {
        const std::size_t fence = line.find("```");
        if (fence != std::string::npos) {
            block = block.empty() ? line.substr(fence) : "";
        } else if (!block.empty()) {
            if (block == "```" + language) {
                code.push_back(line);
            }
        } else if (language == "sh") {
            std::istringstream parts{line};
            std::string part;
            while (std::getline(parts, part, '`') && std::getline(parts, part, '`')) {
                code.push_back(part);
            }
        }
    }
    return code;
}

std::vector<std::string> guides() {
    std::vector<std::string> files{"../README.md", "README.md"};
    const auto root = std::filesystem::path{WEFT_VECTORS}.parent_path().parent_path();
    for (const auto& file : std::filesystem::directory_iterator{root / "packaging" / "doc"}) {
        files.push_back("doc/" + file.path().filename().string());
    }
    return files;
}

/// Of a line of code: the longest command of weft that it begins with and its options; nothing
/// where it calls something else.
std::vector<std::string> call_in(const std::string& code) {
    const auto at = code.find("weft ");
    if (at != 0 && (at == std::string::npos || (code[at - 1] != ' ' && code[at - 1] != '('))) {
        return {};
    }
    std::string before = code.substr(0, at);
    if (!before.empty() && before.find_first_not_of("$ |(") != std::string::npos &&
        !before.ends_with("| ") && !before.ends_with("&& ")) {
        return {};
    }
    std::istringstream words{code.substr(at, code.find_first_of("#|&;", at) - at)};
    std::vector<std::string> call{""};
    bool in_command = true;
    for (std::string word; words >> word;) {
        in_command = in_command &&
                     word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos &&
                     !word.starts_with("-");
        if (in_command) {
            call[0] += (call[0].empty() ? "" : " ") + word;
        } else if (word.starts_with("--")) {
            call.push_back(word.substr(0, word.find_first_of("=,.")));
        }
    }
    return call;
}

TEST(Guides, call_commands_that_there_are_with_options_that_they_have) {
    const auto known = commands();
    std::size_t calls = 0;
    for (const std::string& file : guides()) {
        for (const std::string& code : code_in(file, "sh")) {
            const std::vector<std::string> call = call_in(code);
            if (call.empty()) {
                continue;
            }
            ++calls;
            std::string command = call[0];  // with words that it is given
            while (!known.contains(command) && command.find(' ') != std::string::npos) {
                command.resize(command.rfind(' '));
            }
            const auto its = known.find(command);
            if (its == known.end()) {  // a group by itself: "weft cert"
                const auto next = known.upper_bound(call[0] + " ");
                EXPECT_TRUE(call.size() == 1 && next != known.end() &&
                            next->first.starts_with(call[0] + " "))
                    << file << ": " << code;
                continue;
            }
            for (std::size_t i = 1; i < call.size(); ++i) {
                EXPECT_TRUE(its->second.contains(call[i])) << file << ": " << code;
            }
        }
    }
    EXPECT_GT(calls, 50U);
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
    std::string whole;
    for (const std::string& line : lines_of(text)) {
        const bool is_setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        whole += line.substr(is_setting ? 1 : 0) + "\n";
    }
    ASSERT_NE(whole, text);
    directory.write("weft.toml", whole);
    EXPECT_EQ(weft({"config", "check", file}).err, "");
}

}  // namespace
}  // namespace weft::test

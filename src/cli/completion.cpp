// SPDX-License-Identifier: Apache-2.0
// weft completion: a script for bash or zsh, made from the commands as CLI11 has them, so that it
// cannot fall behind. Each command line is a path ("weft token create"); the script walks along
// the words while they are commands and offers what is below.
#include <algorithm>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"

namespace weft::cli {
namespace {

struct Word {
    std::string name;
    std::string about;
};

struct Place {
    std::string path;
    std::vector<Word> words;  // commands and options that may come next
};

void add_options(const CLI::App& app, std::vector<Word>& words) {
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            words.push_back({"--" + name, option->get_description()});
        }
    }
}

/// `app` and everything below it; options of those above count everywhere.
void walk(const CLI::App& app, const std::string& above, std::vector<Place>& places) {
    Place place{above + app.get_name(), {}};
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    for (const CLI::App* command : commands) {
        place.words.push_back({command->get_name(), command->get_description()});
    }
    for (const CLI::App* each = &app; each != nullptr; each = each->get_parent()) {
        add_options(*each, place.words);
    }
    std::stable_sort(place.words.begin(), place.words.end(), [](const Word& a, const Word& b) {
        return a.name < b.name;
    });
    const auto same = [](const Word& a, const Word& b) { return a.name == b.name; };
    place.words.erase(std::unique(place.words.begin(), place.words.end(), same), place.words.end());
    const std::string path = place.path;
    places.push_back(std::move(place));
    for (const CLI::App* command : commands) {
        walk(*command, path + " ", places);
    }
}

/// Between single quotes, for zsh's _describe, where a colon ends the name.
std::string escaped(const std::string& about) {
    std::string out;
    for (const char c : about) {
        if (c == '\'') {
            out += "'\\''";
        } else {
            out += c == ':' ? "\\:" : std::string{c};
        }
    }
    return out;
}

/// All of them, for one case.
std::string all_paths(const std::vector<Place>& places) {
    std::string paths;
    for (const Place& place : places) {
        paths += (paths.empty() ? "'" : " | '") + place.path + "'";
    }
    return paths;
}

void print_bash(std::ostream& out, const std::vector<Place>& places) {
    out << R"(# bash completion for weft; source it, or: weft completion bash > /etc/bash_completion.d/weft
_weft() {
    local path=weft words= i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$path ${COMP_WORDS[i]}" in
        )"
        << all_paths(places) << R"() path+=" ${COMP_WORDS[i]}" ;;
        esac
    done
    case $path in
)";
    for (const Place& place : places) {
        std::string words;
        for (const Word& word : place.words) {
            words += (words.empty() ? "" : " ") + word.name;
        }
        out << "    '" << place.path << "') words='" << words << "' ;;\n";
    }
    out << R"(    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _weft weft
)";
}

void print_zsh(std::ostream& out, const std::vector<Place>& places) {
    out << R"(#compdef weft
# zsh completion for weft; as the file _weft in a directory of $fpath
_weft() {
    local path_=weft i
    local -a words_
    for ((i = 2; i < CURRENT; i++)); do
        case "$path_ ${words[i]}" in
        )"
        << all_paths(places) << R"() path_+=" ${words[i]}" ;;
        esac
    done
    case $path_ in
)";
    for (const Place& place : places) {
        out << "    '" << place.path << "') words_=(";
        for (const Word& word : place.words) {
            out << "\n        '" << word.name << ':' << escaped(word.about) << "'";
        }
        out << ") ;;\n";
    }
    out << R"(    esac
    _describe 'weft' words_ || _files
}
compdef _weft weft
)";
}

}  // namespace

void add_completion_command(CLI::App& app, Options& options) {
    CLI::App* command = add_command(
        app, "completion", "Print a completion script", options, [&](const Context& context) {
            std::vector<Place> places;
            walk(app, "", places);
            const bool is_bash = options.name == "bash";
            (is_bash ? print_bash : print_zsh)(context.terminal.out, places);
            return kOk;
        });
    command->add_option("SHELL", options.name, "bash or zsh")
        ->check(CLI::IsMember(std::vector<std::string>{"bash", "zsh"}))
        ->required();
    command->footer("\nExample:\n  . <(weft completion bash)");
}

}  // namespace weft::cli

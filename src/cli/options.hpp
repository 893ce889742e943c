// SPDX-License-Identifier: Apache-2.0
// What arguments fill in, and how a command is made known to CLI11. One thread.
#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

#include "commands.hpp"

namespace weft::cli {

struct Options {
    std::string config;
    std::string socket;
    std::string file;
    api::PingRequest ping;
    api::InitRequest init;
    api::TokenRequest token;
    WordSource word;  // a token, a request or a certificate
    api::SignRequest signing;
    RootFiles root;
    NewPeer new_peer;
    CniPlaces cni;
    std::string peer;  // the way to which is checked
    std::string output;
    std::string name;  // of a node or an issuer, or a token's id, or an issuer's request
    unsigned nodes = 0;
    unsigned timeout_s = 30;
    bool yes = false;
    bool json = false;
    bool with_origins = false;
    bool with_licences = false;
    bool wait_ready = false;
    bool offline = false;
    bool to_stdout = false;
    std::function<int(const Context&)> command;
};

/// A command that runs after the arguments have been read.
CLI::App* add_command(CLI::App& parent,
                      const char* name,
                      const char* about,
                      Options& options,
                      std::function<int(const Context&)> command);
/// One that has others below it.
CLI::App* add_group(CLI::App& app, const char* name, const char* about);
void add_json_flag(CLI::App* app, Options& options);

/// weft ipam and weft cni: container_commands.cpp.
void add_container_commands(CLI::App& app, Options& options);

/// A time as parse_seconds() reads it.
void add_seconds_option(CLI::App* app,
                        const std::string& flag,
                        unsigned& seconds,
                        const CLI::Range& range,
                        const std::string& about);

/// weft node rotate (`node` is the group), root, issuer and cert: key_commands.cpp.
void add_key_commands(CLI::App& app, CLI::App& node, Options& options);
/// weft completion, of all commands that `app` has when it runs: completion.cpp.
void add_completion_command(CLI::App& app, Options& options);

}  // namespace weft::cli

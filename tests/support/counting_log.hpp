// SPDX-License-Identifier: Apache-2.0
// A log that counts its events by name.
#pragma once

#include <map>
#include <string>

#include <weft/base/log.hpp>

namespace weft::test {

class CountingLog final : public Log {
  public:
    void event(LogLevel /*level*/,
               std::string_view event,
               std::initializer_list<LogField> /*fields*/) override {
        ++events[std::string{event}];
    }
    std::map<std::string, int> events;
};

}  // namespace weft::test

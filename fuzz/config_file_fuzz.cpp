#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "shared/config_file.hpp"
#include "shared/user_error.hpp"

namespace {

constexpr const char* path = "a.conf";

void require(bool holds) {
  if (!holds) std::abort();
}

// One line, which says where it is.
void check_complaint(const std::string& what) { require(what.starts_with(std::string(path) + ", line ")); }

bool is_name(const std::string& name) { return !name.empty() && name.find_first_of(" \t\"\n=") == name.npos; }

// What was read, written again.
std::string written(const std::map<std::string, shared::ConfigEntry>& entries) {
  std::string text;
  for (const auto& [name, entry] : entries) {
    for (const std::string& value : entry.values)
      text.append(name).append(" = \"").append(value).append("\"\n");
  }
  return text;
}

void read_lines(const std::string& text) {
  std::map<std::string, shared::ConfigEntry> entries;
  try {
    std::istringstream in(text);
    entries = shared::read_config(in, path);
  } catch (const shared::UserError& error) {
    return check_complaint(error.what());
  }
  for (const auto& [name, entry] : entries) {
    require(is_name(name) && name[0] != '#' && entry.line > 0 && !entry.values.empty());
    for (const std::string& value : entry.values) require(!value.empty() && value.find('\n') == value.npos);
  }
  std::istringstream again(written(entries));
  const auto same = shared::read_config(again, path);
  require(same.size() == entries.size());
  for (const auto& [name, entry] : same) require(entry.values == entries.at(name).values);
}

// As a program reads it: each kind of option, and one that files may not have.
void read_options(const std::string& text) {
  CLI::App app("", "program");
  bool flag = false;
  int number = 0;
  std::string word;
  std::vector<std::string> words;
  app.add_flag("--flag", flag);
  app.add_option("--number", number)->check(CLI::Range(1, 1000));
  app.add_option("--word", word);
  app.add_option("--words", words)->allow_extra_args(false);
  app.add_flag("--hidden")->configurable(false);
  shared::add_config_file(app);
  app.get_config_ptr()->default_str(path);
  try {
    std::istringstream in(text);
    app.parse_from_stream(in);
  } catch (const shared::UserError&) {
    return;
  } catch (const CLI::ParseError&) {
    return;
  }
  require(app.count("--number") == 0 || (number >= 1 && number <= 1000));
  require(app.count("--hidden") == 0);
  require(words.size() == app.count("--words"));
}

}  // namespace

// The input is the file.
//
// Properties: every text is read, or refused by a line that says where; what was read says the same when it
// is written and read again; a program gets only what its options allow.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_lines(text);
  read_options(text);
  return 0;
}

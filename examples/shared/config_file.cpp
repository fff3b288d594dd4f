#include "shared/config_file.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <string_view>

#include "shared/user_error.hpp"

namespace shared {
namespace {

// A person's file has some dozen lines; what goes on for longer is some other file.
constexpr int max_lines = 10'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string at(const std::string& path, int line) { return path + ", line " + std::to_string(line) + ": "; }

class OptionFile final : public CLI::Config {
 public:
  explicit OptionFile(const CLI::App& app) : app_(app) {}

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

  std::vector<CLI::ConfigItem> from_config(std::istream& in) const override {
    const auto path = app_.get_config_ptr()->as<std::string>();
    std::vector<CLI::ConfigItem> read;
    for (auto& [name, entry] : read_config(in, path)) {
      const CLI::Option* option = app_.get_option_no_throw("--" + name);
      if (option == nullptr || !option->get_configurable())
        throw UserError(at(path, entry.line) + "there is no option " + name + " for a file.");
      const bool takes_one = option->get_expected_max() <= 1;
      if (takes_one && entry.values.size() > 1)
        throw UserError(at(path, entry.line) + name + " is given again further down.");
      CLI::ConfigItem item;
      item.name = name;
      item.inputs = std::move(entry.values);
      read.push_back(std::move(item));
    }
    return read;
  }

 private:
  const CLI::App& app_;
};

}  // namespace

std::map<std::string, ConfigEntry> read_config(std::istream& in, const std::string& path) {
  std::map<std::string, ConfigEntry> entries;
  int number = 0;
  for (std::string whole; std::getline(in, whole);) {
    if (++number > max_lines) throw UserError(at(path, number) + "this is too long for a config file.");
    const std::string_view line = trimmed(whole);
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (name.empty() || name.find_first_of(" \t\"") != name.npos)
      throw UserError(at(path, number) + "write an option as NAME = VALUE, without dashes.");
    std::string_view value = equals == line.npos ? "true" : trimmed(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (value.empty()) {
      throw UserError(at(path, number) + std::string(name) +
                      " has no value; put # before the line to leave it out.");
    }
    ConfigEntry& entry = entries[std::string(name)];
    if (entry.values.empty()) entry.line = number;
    entry.values.emplace_back(value);
  }
  return entries;
}

void add_config_file(CLI::App& app) {
  app.set_config("--config", "", "A file with these options, one NAME = VALUE a line")->configurable(false);
  if (CLI::Option* help = app.get_help_ptr(); help != nullptr) help->configurable(false);
  app.config_formatter(std::make_shared<OptionFile>(app));
}

}  // namespace shared

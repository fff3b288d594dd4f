#pragma once

#include <istream>
#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace shared {

/// One option of a config file, with all values that its lines give it.
struct ConfigEntry {
  std::vector<std::string> values;  ///< In the file's order; "true" for a name that stands alone.
  int line = 0;                     ///< Of the first one, from 1.
};

/// Reads lines of `name = value`, by name. A value may be in double quotes; a flag may stand alone. Lines
/// that begin with # and empty ones say nothing. Throws UserError that names the line, with `path` for the
/// name of the file.
std::map<std::string, ConfigEntry> read_config(std::istream& in, const std::string& path);

/// Adds --config FILE. The names in the file are the program's options without their dashes; an option on the
/// command line goes before the file's. A name that is none is an error that tells its line.
/// Call it when all other options have been added.
void add_config_file(CLI::App& app);

}  // namespace shared

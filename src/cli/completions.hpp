#pragma once
// Shell completions, made from the declarations of the commands.

#include <string>
#include <vector>

#include "cli/command_tree.hpp"

namespace bt2c::cli {

std::string bash_completion(const std::vector<CommandNode>& commands);
std::string zsh_completion(const std::vector<CommandNode>& commands);
std::string fish_completion(const std::vector<CommandNode>& commands);

}  // namespace bt2c::cli
